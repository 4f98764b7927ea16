#include "service/run.h"

#include <signal.h>

#include <utility>
#include <vector>

#include "admin/sys_publisher.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/process.h"
#include "config/reload.h"
#include "service/signals.h"
#include "service/systemd.h"

namespace hermod::service {

namespace {

using namespace std::chrono_literals;

constexpr int kFailed = 1;  // The broker could not start.

/// Waits for signals until one says stop, and does what the broker has for this thread; feeds systemd's
/// watchdog while every thread makes progress.
void serve(broker::Broker& broker, const config::CommandLine& line, config::Configuration& current,
           const Signals& signals) {
  const std::chrono::microseconds limit = systemd::watchdog_limit();
  const auto period = std::chrono::duration_cast<std::chrono::milliseconds>(limit > 0us ? limit / 3 : 1min);
  for (;;) {
    const int signal = signals.wait(broker.work_descriptor(), period);
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == 0) broker.work();
    if (signal == SIGHUP) {
      systemd::tell_reloading();
      config::reload(line, config::process_environment(), current,
                     [&](const config::Settings& next) { return broker.reload(next.broker); });
      systemd::tell_reloaded();
    }
    if (limit > 0us && broker.made_progress()) systemd::tell_alive();
  }
}

}  // namespace

int run(const config::CommandLine& line, config::Configuration configuration) {
  const config::Settings& settings = configuration.settings();
  const Signals signals;

  log::start(config::log_sink(settings.log.format), settings.log.level);
  std::vector<net::HandedSocket> sockets = systemd::sockets();
  broker::prepare_process();
  broker::Broker broker(settings.broker, systemd::tell_progress);
  if (const Status started = broker.start(std::move(sockets)); !started) {
    log::event(log::Level::Error, "broker.not_started", {{"reason", started.error().detail}});
    return kFailed;
  }
  systemd::tell_ready();
  {
    const admin::SysPublisher sys(settings.admin, broker.view());
    serve(broker, line, configuration, signals);
  }
  systemd::tell_stopping();
  broker.stop();
  return 0;
}

}  // namespace hermod::service
