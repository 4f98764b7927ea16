#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "queue/group_position.h"
#include "queue/stream_extent.h"

namespace hermod::queue {

/// What every shard may know of a consumer group of a stream: all but where it is and who its members are,
/// which only its owner knows. Lives as long as anybody holds it, also when the group has gone meanwhile.
struct StreamGroup {
  QueueId stream;
  std::string name;
  std::uint64_t number = 0;  ///< under which the stream has its record
  GroupPosition begin;       ///< where it stood when this broker had it first
  std::shared_ptr<StreamExtent> extent;
  /// Where it stands, for whoever looks from outside: next() of its position, and settled_behind().
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> settled_behind{0};
  void show(const GroupPosition& position) {
    next.store(position.next().v, std::memory_order_relaxed);
    settled_behind.store(position.settled_behind(), std::memory_order_relaxed);
  }
  /// Entries of the stream that it has not settled; of a stream with last_value so many at most.
  std::uint64_t lag() const {
    const std::uint64_t end = extent->next().v;
    const std::uint64_t from = std::max(next.load(std::memory_order_relaxed), extent->first().v);
    const std::uint64_t behind = settled_behind.load(std::memory_order_relaxed);
    const std::uint64_t lag = end - std::min(end, from + behind);
    return extent->has_holes() ? std::min(lag, extent->held().messages) : lag;
  }
  /// The store has a record of it. Until then each SUBSCRIBE to it writes one: its answer is a promise.
  std::atomic<bool> is_recorded{false};
};

}  // namespace hermod::queue
