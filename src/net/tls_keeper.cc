#include "net/tls_keeper.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/log.h"
#include "net/tls_files.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

/// A certificate and its key are two files, and nobody writes them at once.
constexpr std::chrono::nanoseconds kSettled = 200ms;
constexpr std::chrono::nanoseconds kLongestWait = 2s;
constexpr std::chrono::nanoseconds kDay = 24h;

timespec timespec_of(std::chrono::nanoseconds time) {
  return {static_cast<time_t>(time / 1s), static_cast<long>(time % 1s / 1ns)};
}

void set_timer(const Fd& timer, std::chrono::nanoseconds first, std::chrono::nanoseconds then) {
  const itimerspec when{timespec_of(then), timespec_of(first)};
  timerfd_settime(timer.get(), 0, &when, nullptr);
}

bool has_rung(const Fd& timer) {
  std::uint64_t times = 0;
  return ::read(timer.get(), &times, sizeof times) == sizeof times;
}

std::vector<std::string> files_of(const std::vector<ListenerOptions>& listeners) {
  std::vector<std::string> out;
  for (const ListenerOptions& listener : listeners) {
    if (!listener.tls) continue;
    const TlsOptions& tls = *listener.tls;
    for (const auto* names : {&tls.certificates, &tls.keys, &tls.ocsp})
      out.insert(out.end(), names->begin(), names->end());
    out.insert(out.end(), {tls.ca, tls.crl, tls.psk_file});
  }
  std::erase(out, "");
  for (std::string& name : out) name = tls_files::place_of(name);
  return out;
}

}  // namespace

TlsKeeper::TlsKeeper(TlsServers& servers, const Clock& clock, bool watches_files)
    : servers_(servers), clock_(clock), watches_files_(watches_files) {}

Status TlsKeeper::load(const std::vector<ListenerOptions>& listeners) {
  watch(listeners);  // before they are read: what changes meanwhile is told
  if (Status loaded = servers_.load(listeners); !loaded) {
    watch(listeners_);
    return loaded;
  }
  listeners_ = listeners;
  return {};
}

void TlsKeeper::watch(const std::vector<ListenerOptions>& listeners) {
  const std::vector<std::string> files = files_of(listeners);
  if (files.empty() && !opened_) return;
  Status done = open();
  if (done && watches_files_) done = files_.watch(files);
  if (!done) log::event(log::Level::Warning, "tls.not_watched", {{"problem", done.error().detail}});
}

/// With the first file: a broker without TLS has none of this.
Status TlsKeeper::open() {
  if (opened_) return {};
  if (watches_files_) {
    if (Status watching = files_.open(); !watching) return watching;
  }
  settled_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  day_ = Fd(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  ready_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  for (const int one : {files_.descriptor(), settled_.get(), day_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {}};
    if (one >= 0 && epoll_ctl(ready_.get(), EPOLL_CTL_ADD, one, &event) != 0)
      return failure(Errc::Io, "epoll: " + std::generic_category().message(errno));
  }
  set_timer(day_, kDay, kDay);
  opened_ = true;
  return {};
}

void TlsKeeper::work() {
  if (has_rung(day_)) servers_.warn_of_ends();
  if (watches_files_ && files_.take_events()) wait_until_settled();
  if (!has_rung(settled_)) return;
  changing_ = false;
  if (const Status loaded = load(std::vector(listeners_)); !loaded) {
    log::event(log::Level::Error, "tls.files_refused", {{"problem", loaded.error().detail}});
  } else {
    log::event(log::Level::Notice, "tls.files_reloaded");
  }
}

void TlsKeeper::wait_until_settled() {
  const MonotonicTime now = clock_.now();
  if (!changing_) first_change_ = now;
  changing_ = true;
  set_timer(settled_, std::clamp(first_change_ + kLongestWait - now, std::chrono::nanoseconds{1}, kSettled),
            0ns);
}

}  // namespace hermod::net
