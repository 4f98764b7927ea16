#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "net/handed_sockets.h"

/// What a service says to systemd and gets from it (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)).
/// Without systemd nobody hears, and there are no sockets. Main thread.
namespace hermod::service::systemd {

/// The start goes on, and may take another minute from here.
void tell_progress(const std::string& progress);
void tell_ready();
void tell_reloading();
void tell_reloaded();
void tell_stopping();
void tell_alive();

/// How often tell_alive() is expected at least; 0: not at all.
std::chrono::microseconds watchdog_limit();

/// The sockets that systemd opened for us, by the names of its .socket units (FileDescriptorName=). Nothing
/// that we start gets them. To be called once.
std::vector<net::HandedSocket> sockets();

}  // namespace hermod::service::systemd
