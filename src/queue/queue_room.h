#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"
#include "queue/queue_window.h"

namespace hermod::queue {

/// What a named queue holds and may hold: the one place where its limits are counted. Where a queue has to be
/// asked, its group takes the room of what it admits; where not, whoever publishes takes it before the
/// message is stored. It is given back when a message has left, or has not come. Any thread, without a lock;
/// each limit is hard, and one that is changed counts for what is taken from then on.
class QueueRoom {
 public:
  QueueRoom(std::optional<std::uint64_t> max_length, std::optional<std::uint64_t> max_bytes)
      : max_length_(limit_of(max_length)), max_bytes_(limit_of(max_bytes)) {}

  /// What is held stays, also above limits that were lowered.
  void set_limits(std::optional<std::uint64_t> max_length, std::optional<std::uint64_t> max_bytes);

  /// All of it or nothing. What needs no more room than it makes fits also above a limit that was lowered.
  bool take(const Amount& more);
  /// What a start finds is there, whatever the limits are now.
  void take_anyway(const Amount& more);
  /// Precondition: it was taken.
  void give_back(const Amount& less);

  Amount held() const;
  /// Of that, the messages that are in memory too, as their queue's owner said last: for statistics.
  void say_in_memory(const Amount& amount) {
    in_memory_messages_.store(amount.messages, std::memory_order_relaxed);
    in_memory_bytes_.store(amount.bytes, std::memory_order_relaxed);
  }
  Amount in_memory() const {
    return {in_memory_messages_.load(std::memory_order_relaxed),
            in_memory_bytes_.load(std::memory_order_relaxed)};
  }
  /// That it has no room is told once in a while, however often it is found out: whether it may be now.
  bool may_tell_full(MonotonicTime now);
  /// Whether take() would give it, if nobody else takes meanwhile.
  bool fits(const Amount& more) const;
  /// Whether that would be more than the limits.
  bool is_above_limits(const Amount& amount) const;

 private:
  static constexpr std::chrono::seconds kTellFullAgain{10};
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
  static std::uint64_t limit_of(std::optional<std::uint64_t> limit) { return limit.value_or(kNoLimit); }

  std::atomic<std::uint64_t> max_length_;
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<MonotonicTime::duration::rep> tell_full_from_{0};  ///< since the clock's epoch
  std::atomic<std::uint64_t> in_memory_messages_{0};
  std::atomic<std::uint64_t> in_memory_bytes_{0};
};

}  // namespace hermod::queue
