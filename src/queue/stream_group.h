#pragma once
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
  /// The store has a record of it. Until then each SUBSCRIBE to it writes one: its answer is a promise.
  std::atomic<bool> is_recorded{false};
};

}  // namespace hermod::queue
