#include "net/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "net/compression_pool.h"
#include "net/socket.h"

namespace hermod::net {

EventLoop::EventLoop(const Clock& clock, CounterBlock* counters)
    : clock_(clock),
      counters_(counters),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(clock.now()),
      timers_(now_),
      scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kScratchSize)) {
  if (!epoll_.valid() || !wake_.valid()) {
    status_ = tl::unexpected(socket_error(errno, "make", "an event loop"));
    return;
  }
  // Edge-triggered, so that a wake costs no read() to take it back.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = &wake_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    status_ = tl::unexpected(socket_error(errno, "make", "an event loop"));
}

EventLoop::~EventLoop() = default;

CompressionPool& EventLoop::compression() {
  if (compression_ == nullptr) compression_ = std::make_unique<CompressionPool>();
  return *compression_;
}

Status EventLoop::control(int operation, int fd, std::uint32_t events, IoHandler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0)
    return tl::unexpected(socket_error(errno, "watch", "a socket"));
  return {};
}

Status EventLoop::add(int fd, std::uint32_t events, IoHandler* handler) {
  return control(EPOLL_CTL_ADD, fd, events, handler);
}

Status EventLoop::modify(int fd, std::uint32_t events, IoHandler* handler) {
  return control(EPOLL_CTL_MOD, fd, events, handler);
}

void EventLoop::remove(int fd, IoHandler* handler) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  // Events of this handler that were fetched already must not reach it, nor whoever gets its address next.
  for (std::size_t i = dispatched_; i < ready_; ++i) {
    if (events_[i].data.ptr == handler) events_[i].data.ptr = nullptr;
  }
}

int EventLoop::timeout_for(std::chrono::nanoseconds max_wait) {
  if (!flushes_.empty() || !deferred_.empty() || max_wait <= max_wait.zero()) return 0;
  std::chrono::nanoseconds wait = max_wait;
  if (const auto due = timers_.next_due()) wait = std::min(wait, *due - clock_.now());
  if (wait <= wait.zero()) return 0;
  if (wait == kForever) return -1;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::min<std::int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

std::size_t EventLoop::poll(std::chrono::nanoseconds max_wait) {
  thread_.check();
  const int timeout = timeout_for(max_wait);
  const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(kMaxEvents), timeout);
  now_ = clock_.now();
  ++statistics_.polls;
  std::size_t handled = dispatch(ready > 0 ? static_cast<std::size_t>(ready) : 0);
  handled += timers_.advance(now_);
  return handled + run_deferred();
}

std::size_t EventLoop::dispatch(std::size_t count) {
  statistics_.events += count;
  ready_ = count;
  for (dispatched_ = 0; dispatched_ < ready_;) {
    const epoll_event& event = events_[dispatched_++];
    if (event.data.ptr == nullptr) continue;  // removed meanwhile
    if (event.data.ptr == &wake_) {
      woken_.exchange(false, std::memory_order_acq_rel);
      continue;
    }
    static_cast<IoHandler*>(event.data.ptr)->on_ready(event.events);
  }
  dispatched_ = ready_ = 0;
  return count;
}

std::size_t EventLoop::run_deferred() {
  IntrusiveList<Deferred> due;
  due.take_all(deferred_);
  std::size_t handled = 0;
  while (handled < kMaxEvents && !due.empty()) {
    ++handled;
    due.pop_front()->on_later();
  }
  // What is left comes before what was asked for meanwhile.
  due.take_all(deferred_);
  deferred_.take_all(due);
  return handled;
}

void EventLoop::flush_pending() {
  thread_.check();
  IntrusiveList<Flushable> due;
  due.take_all(flushes_);
  while (Flushable* item = due.pop_front()) item->on_flush();
}

void EventLoop::wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  // The counter would need 2^64 wakes to be full, so this cannot fail.
  ::eventfd_write(wake_.get(), 1);
}

}  // namespace hermod::net
