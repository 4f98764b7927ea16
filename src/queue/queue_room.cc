#include "queue/queue_room.h"

#include "base/assert.h"

namespace hermod::queue {
namespace {

bool is_within(std::uint64_t held, std::uint64_t added, std::optional<std::uint64_t> limit) {
  return !limit || added == 0 || (added <= *limit && held <= *limit - added);
}

/// Never beyond the limit, not even for a moment in which somebody else would find no room.
bool add_within(std::atomic<std::uint64_t>& count, std::uint64_t added, std::optional<std::uint64_t> limit) {
  std::uint64_t held = count.load(std::memory_order_relaxed);
  do {
    if (!is_within(held, added, limit)) return false;
  } while (!count.compare_exchange_weak(held, held + added, std::memory_order_relaxed));
  return true;
}

}  // namespace

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
  return (max_length_ && amount.messages > *max_length_) || (max_bytes_ && amount.bytes > *max_bytes_);
}

}  // namespace hermod::queue
