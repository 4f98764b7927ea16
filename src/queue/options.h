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
};

}  // namespace hermod::queue
