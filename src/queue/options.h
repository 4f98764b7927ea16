#pragma once
#include <cstdint>

namespace hermod::queue {

/// What happens to a message that finds its queue full.
enum class Overflow {
  Reject,      ///< the publisher is refused with 0x97, nobody gets the message
  DropOldest,  ///< the oldest message that is not in flight leaves, counted
  DropNewest,  ///< the new message is dropped for this queue, counted
};

/// Limits of one session's queue.
struct Options {
  std::uint32_t max_messages = 100'000;
  std::uint64_t max_bytes = 64ULL << 20;
  Overflow overflow = Overflow::Reject;
  /// Of a durable queue with a client so much waits in memory, when it came since it was last read from the
  /// store. More is left there; nothing waits in memory while the client is away.
  std::uint32_t window_messages = 4096;
  std::uint64_t window_bytes = 1ULL << 20;
  /// What is read from the store at once.
  std::uint32_t page_messages = 512;
  std::uint64_t page_bytes = 128ULL << 10;
  /// And of all sessions that are connected to a shard together; but each may have some KiB, see
  /// page_limit().
  std::uint64_t page_bytes_together = 32ULL << 20;
};

}  // namespace hermod::queue
