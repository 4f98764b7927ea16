#include "queue/queue_room.h"

#include "base/assert.h"

namespace hermod::queue {
namespace {

/// Without a limit it is the largest number, which nothing that counts what exists comes near.
bool is_within(std::uint64_t held, std::uint64_t added, const std::atomic<std::uint64_t>& limit) {
  const std::uint64_t most = limit.load(std::memory_order_relaxed);
  return added == 0 || (added <= most && held <= most - added);
}

/// Never beyond the limit, not even for a moment in which somebody else would find no room.
bool add_within(std::atomic<std::uint64_t>& count, std::uint64_t added,
                const std::atomic<std::uint64_t>& limit) {
  std::uint64_t held = count.load(std::memory_order_relaxed);
  do {
    if (!is_within(held, added, limit)) return false;
  } while (!count.compare_exchange_weak(held, held + added, std::memory_order_relaxed));
  return true;
}

}  // namespace

bool QueueRoom::may_tell_full(MonotonicTime now) {
  const auto at = now.time_since_epoch().count();
  auto from = tell_full_from_.load(std::memory_order_relaxed);
  if (at < from) return false;
  const auto next = (now + kTellFullAgain).time_since_epoch().count();
  return tell_full_from_.compare_exchange_strong(from, next, std::memory_order_relaxed);
}

void QueueRoom::set_limits(std::optional<std::uint64_t> max_length, std::optional<std::uint64_t> max_bytes) {
  max_length_.store(limit_of(max_length), std::memory_order_relaxed);
  max_bytes_.store(limit_of(max_bytes), std::memory_order_relaxed);
}

bool QueueRoom::take(const Amount& more) {
  if (!add_within(messages_, more.messages, max_length_)) return false;
  if (add_within(bytes_, more.bytes, max_bytes_)) return true;
  give_back({more.messages, 0});
  return false;
}

void QueueRoom::take_anyway(const Amount& more) {
  messages_.fetch_add(more.messages, std::memory_order_relaxed);
  bytes_.fetch_add(more.bytes, std::memory_order_relaxed);
}

void QueueRoom::give_back(const Amount& less) {
  const std::uint64_t messages = messages_.fetch_sub(less.messages, std::memory_order_relaxed);
  const std::uint64_t bytes = bytes_.fetch_sub(less.bytes, std::memory_order_relaxed);
  HERMOD_ASSERT(messages >= less.messages && bytes >= less.bytes);
}

Amount QueueRoom::held() const {
  return {messages_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed)};
}

bool QueueRoom::fits(const Amount& more) const {
  const Amount held_now = held();
  return is_within(held_now.messages, more.messages, max_length_) &&
         is_within(held_now.bytes, more.bytes, max_bytes_);
}

bool QueueRoom::is_above_limits(const Amount& amount) const {
  return amount.messages > max_length_.load(std::memory_order_relaxed) ||
         amount.bytes > max_bytes_.load(std::memory_order_relaxed);
}

}  // namespace hermod::queue
