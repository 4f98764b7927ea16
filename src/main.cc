#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <utility>
#include <vector>

#include "admin/sys_publisher.h"
#include "broker/broker.h"
#include "broker/process.h"
#include "client/commands.h"
#include "config/reload.h"

using namespace hermod;

namespace {

using namespace std::chrono_literals;
using Action = config::CommandLine::Action;

constexpr int kFailed = 1;  // The broker could not start.
constexpr int kWrong = 2;   // The command line or the configuration is wrong; trying again does not help.

/// The next of the blocked signals; 0: `patience` is over, or the broker has something to do.
int wait_for_signal(int signals, int work, std::chrono::milliseconds patience) {
  std::array<pollfd, 2> waits{{{signals, POLLIN, 0}, {work, POLLIN, 0}}};
  poll(waits.data(), waits.size(), static_cast<int>(patience.count()));
  signalfd_siginfo info{};
  return read(signals, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

/// Waits for signals until one says stop, and does what the broker has for this thread; feeds systemd's
/// watchdog while every thread makes progress.
void serve(broker::Broker& broker, const config::CommandLine& line, config::Configuration& current,
           const sigset_t& signals) {
  std::uint64_t watchdog = 0;  // microseconds
  const std::uint64_t period = sd_watchdog_enabled(0, &watchdog) > 0 ? watchdog / 3 : 60'000'000;
  const int waiting = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  for (;;) {
    const int signal =
        wait_for_signal(waiting, broker.work_descriptor(), std::chrono::milliseconds(period / 1000));
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == 0) broker.work();
    if (signal == SIGHUP) {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%ld", static_cast<long>(now / 1us));
      config::reload(line, config::process_environment(), current,
                     [&](const config::Settings& next) { return broker.reload(next.broker); });
      sd_notify(0, "READY=1");
    }
    if (watchdog > 0 && broker.made_progress()) sd_notify(0, "WATCHDOG=1");
  }
}

/// The sockets that systemd opened for us, by the names of its .socket units (FileDescriptorName=). Nothing
/// that we start gets them.
std::vector<net::HandedSocket> sockets_from_systemd() {
  std::vector<net::HandedSocket> out;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  if (count > 0) out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) out.push_back({names[i], net::Fd(SD_LISTEN_FDS_START + i)});
  for (int i = 0; i < count; ++i) std::free(names[i]);
  std::free(names);
  return out;
}

int run(const config::CommandLine& line, config::Configuration configuration) {
  const config::Settings& settings = configuration.settings();
  // Blocked before any thread starts, so that only serve() takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  log::start(config::log_sink(settings.log.format), settings.log.level);
  std::vector<net::HandedSocket> sockets = sockets_from_systemd();
  broker::prepare_process();
  broker::Broker broker(settings.broker, [](const std::string& progress) {
    sd_notifyf(0, "STATUS=%s\nEXTEND_TIMEOUT_USEC=60000000", progress.c_str());
  });
  if (const Status started = broker.start(std::move(sockets)); !started) {
    log::event(log::Level::Error, "broker.not_started", {{"reason", started.error().detail}});
    return kFailed;
  }
  sd_notify(0, "READY=1\nSTATUS=Accepting connections");
  {
    const admin::SysPublisher sys(settings.admin, broker.view());
    serve(broker, line, configuration, signals);
  }
  sd_notify(0, "STOPPING=1\nSTATUS=Saying goodbye to clients");
  broker.stop();
  return 0;
}

int say(std::ostream& out, const std::string& text, int exit_code) {
  out << text;
  return exit_code;
}

/// -t: the files that the configuration names are looked at too.
int check(const config::CommandLine& line, const config::Configuration& configuration) {
  const auto files = broker::Broker::check_files(configuration.settings().broker);
  for (const std::string& fault : files.faults) std::cerr << "hermod: " << fault << "\n";
  for (const std::string& warning : files.warnings) std::cerr << "hermod: warning: " << warning << "\n";
  if (!files.faults.empty()) return kWrong;
  return say(std::cout, (line.verbose ? configuration.effective_text() : "") + "The configuration is good.\n",
             0);
}

int act(const config::CommandLine& line) {
  if (line.action == Action::Wrong) return say(std::cerr, "hermod: " + line.text + "\n", kWrong);
  if (line.action == Action::Tell) return say(std::cout, line.text, 0);

  config::Loaded loaded = config::load(line, config::process_environment());
  for (const config::Problem& problem : loaded.problems) std::cerr << "hermod: " << problem.message() << "\n";
  if (!loaded.problems.empty()) return kWrong;
  if (line.action == Action::Run) return run(line, std::move(loaded.configuration));
  return check(line, loaded.configuration);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "pub") return client::run_pub(argc - 1, argv + 1);
  if (verb == "sub") return client::run_sub(argc - 1, argv + 1);
  if (verb == "rr") return client::run_rr(argc - 1, argv + 1);
  return act(config::parse_command_line({argv, argv + argc}));
}
