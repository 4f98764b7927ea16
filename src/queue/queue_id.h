#pragma once
#include <cstdint>

#include "base/ids.h"

namespace hermod::queue {

/// What tells the id of a named queue, and its stream, from those of a session: no new session's number has
/// it. That of one that began before there were named queues may, so whoever reads a store asks for the
/// session first.
inline constexpr std::uint64_t kNamedQueueBit = std::uint64_t{1} << 63;

/// What tells the id of a consumer group of a stream from those of named queues. It is given by each start
/// anew, and in no record.
inline constexpr std::uint64_t kGroupBit = std::uint64_t{1} << 62;

/// The id of the named queue with this number. Precondition: number < kGroupBit.
constexpr QueueId named_queue(std::uint64_t number) {
  return QueueId{kNamedQueueBit | number};
}
/// The id of the group with this number. Precondition: number < kGroupBit.
constexpr QueueId stream_group(std::uint64_t number) {
  return QueueId{kNamedQueueBit | kGroupBit | number};
}
/// The number behind the bits; that of a queue is never used again.
constexpr std::uint64_t number_of(QueueId queue) {
  return queue.v & ~(kNamedQueueBit | kGroupBit);
}
constexpr bool is_named(QueueId queue) {
  return (queue.v & kNamedQueueBit) != 0;
}
/// The entries of a queue are a stream with its id.
constexpr StreamId stream_of(QueueId queue) {
  return StreamId{queue.v};
}
constexpr bool is_named(StreamId stream) {
  return is_named(QueueId{stream.v});
}

}  // namespace hermod::queue
