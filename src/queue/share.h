#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "queue/options.h"
#include "queue/queue_window.h"

namespace hermod::queue {

/// What one of so many may have, of as much together; `most`, when that allows it, and at least some KiB.
inline Amount share_of(std::uint64_t together, std::size_t parts, const Amount& most) {
  constexpr std::uint64_t kLeastBytes = 16 << 10;
  constexpr std::uint64_t kLeastMessages = 32;
  const std::uint64_t share = together / std::max<std::uint64_t>(parts, 1);
  if (share >= most.bytes) return most;
  const std::uint64_t bytes = std::min(most.bytes, std::max(share, kLeastBytes));
  const std::uint64_t messages = most.messages * bytes / std::max<std::uint64_t>(most.bytes, 1);
  return {std::min(most.messages, std::max(messages, kLeastMessages)), bytes};
}

/// What a session reads of its queue at once, where a shard has so many connections: all of them may be
/// behind.
inline Amount page_limit(const Options& options, std::size_t connections) {
  return share_of(options.page_bytes_together, connections, {options.page_messages, options.page_bytes});
}

}  // namespace hermod::queue
