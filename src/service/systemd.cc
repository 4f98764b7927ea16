#include "service/systemd.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <cstdlib>

namespace hermod::service::systemd {

void tell_progress(const std::string& progress) {
  sd_notifyf(0, "STATUS=%s\nEXTEND_TIMEOUT_USEC=60000000", progress.c_str());
}

void tell_ready() {
  sd_notify(0, "READY=1\nSTATUS=Accepting connections");
}

void tell_reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%ld", static_cast<long>(now / std::chrono::microseconds{1}));
}

void tell_reloaded() {
  sd_notify(0, "READY=1");
}

void tell_stopping() {
  sd_notify(0, "STOPPING=1\nSTATUS=Saying goodbye to clients");
}

void tell_alive() {
  sd_notify(0, "WATCHDOG=1");
}

std::chrono::microseconds watchdog_limit() {
  std::uint64_t limit = 0;
  return std::chrono::microseconds{sd_watchdog_enabled(0, &limit) > 0 ? limit : 0};
}

std::vector<net::HandedSocket> sockets() {
  std::vector<net::HandedSocket> out;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  if (count > 0) out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) out.push_back({names[i], net::Fd(SD_LISTEN_FDS_START + i)});
  for (int i = 0; i < count; ++i) std::free(names[i]);
  std::free(names);
  return out;
}

}  // namespace hermod::service::systemd
