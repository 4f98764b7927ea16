#pragma once
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/counters.h"
#include "base/result.h"
#include "base/thread_checker.h"
#include "net/fd.h"
#include "net/intrusive_list.h"
#include "net/timer_wheel.h"

namespace hermod::net {

class CompressionPool;

/// Told when its descriptor is ready (EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP). It may remove and destroy any
/// handler inside the call, itself included.
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual void on_ready(std::uint32_t events) = 0;
};

/// Called once by the next flush_pending() after EventLoop::flush_at_tick_end().
class Flushable : public ListNode {
 public:
  virtual ~Flushable() = default;
  virtual void on_flush() = 0;
};

/// Called once by a poll() after EventLoop::later(): the next, unless kMaxEvents others asked before.
class Deferred : public ListNode {
 public:
  virtual ~Deferred() = default;
  virtual void on_later() = 0;
};

/// One level-triggered epoll set, a timer wheel, and the lists of work for the end of the tick. A tick of a
/// shard is: poll(), the shard's mailbox, flush_pending(). Made before everything that uses it and destroyed
/// after it; everything but wake() belongs to the thread that polls.
class EventLoop {
 public:
  static constexpr std::size_t kMaxEvents = 256;  ///< of either kind per poll(), so that ticks stay short
  static constexpr unsigned kMaxCostly = 8;       ///< pieces of costly work per poll()
  static constexpr std::size_t kScratchSize = 64U << 10;  ///< bytes of the shared read buffer
  static constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();

  /// What the loop has done so far, in calls. Written and read on the loop's thread.
  struct Statistics {
    std::uint64_t polls = 0;
    std::uint64_t events = 0;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
  };

  /// `clock` and `counters` outlive the loop; without `counters` bytes are not counted.
  explicit EventLoop(const Clock& clock, CounterBlock* counters = nullptr);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Whether the system gave the loop its descriptors. Nothing else may be called before this was good.
  Status status() const { return status_; }

  /// Watches `fd` for `events`, level-triggered; EPOLLERR and EPOLLHUP always come. `handler` stays valid
  /// until remove(). Errors: Io (no memory, too many watches).
  Status add(int fd, std::uint32_t events, IoHandler* handler);
  /// Precondition: `fd` was added with `handler`.
  Status modify(int fd, std::uint32_t events, IoHandler* handler);
  /// Call before closing `fd`. No event reaches `handler` any more, not even one of the running poll().
  void remove(int fd, IoHandler* handler);

  /// One wait of at most `max_wait` (kForever: no limit; 0: only look), cut short by the next timer, wake()
  /// or work that is already waiting; then ready descriptors, due timers, deferred work, in this order.
  /// Returns how many of these were handled.
  std::size_t poll(std::chrono::nanoseconds max_wait);
  /// Makes the running or next poll() return soon. Any thread; cheap when a wake is under way already.
  void wake();

  /// The end of the tick: on_flush() of everyone who asked. Who asks again meanwhile comes next time, and
  /// the next poll() does not wait.
  void flush_pending();
  void flush_at_tick_end(Flushable& item) {
    if (!item.linked()) flushes_.push_back(item);
  }
  void later(Deferred& item) {
    if (!item.linked()) deferred_.push_back(item);
  }

  /// Asserts that the caller is on the thread that polls; before the first poll() that is whoever asks first.
  void check_thread() const { thread_.check(); }

  TimerWheel& timers() { return timers_; }
  /// The time when this tick began.
  MonotonicTime now() const { return now_; }
  /// Where every transport of this loop reads; valid for one call to the handler.
  std::span<std::uint8_t> scratch() { return {scratch_.get(), kScratchSize}; }
  /// What its WebSockets compress with; made when the first asks for it.
  CompressionPool& compression();

  const Statistics& statistics() const { return statistics_; }
  void count_read(std::size_t bytes) {
    ++statistics_.reads;
    if (counters_ != nullptr) counters_->add(Counter::BytesReceived, bytes);
  }
  void count_write(std::size_t bytes) {
    ++statistics_.writes;
    if (counters_ != nullptr) counters_->add(Counter::BytesSent, bytes);
  }
  void count(Counter counter) {
    if (counters_ != nullptr) counters_->add(counter);
  }

  /// Asked before a piece of work that takes a good part of a millisecond, such as a step of a handshake:
  /// only a few are done per poll(), so that whoever needs little is served between them. False: try again in
  /// the next poll(), which comes at once because the descriptor is still ready.
  bool may_do_costly_work() {
    if (costly_poll_ != statistics_.polls) costly_done_ = 0;
    costly_poll_ = statistics_.polls;
    return ++costly_done_ <= kMaxCostly;
  }

 private:
  int timeout_for(std::chrono::nanoseconds max_wait);
  Status control(int operation, int fd, std::uint32_t events, IoHandler* handler);
  std::size_t dispatch(std::size_t count);
  std::size_t run_deferred();

  const Clock& clock_;
  CounterBlock* counters_;
  mutable ThreadChecker thread_;
  Fd epoll_;
  Fd wake_;
  std::atomic<bool> woken_{false};
  Status status_;
  MonotonicTime now_;
  TimerWheel timers_;
  IntrusiveList<Flushable> flushes_;
  IntrusiveList<Deferred> deferred_;
  Statistics statistics_;
  std::uint64_t costly_poll_ = 0;
  unsigned costly_done_ = 0;
  std::size_t dispatched_ = 0;  ///< events_[dispatched_ .. ready_) are still to be handled
  std::size_t ready_ = 0;
  std::array<epoll_event, kMaxEvents> events_{};
  std::unique_ptr<std::uint8_t[]> scratch_;
  std::unique_ptr<CompressionPool> compression_;
};

}  // namespace hermod::net
