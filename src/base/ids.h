#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace hermod {

/// A number that cannot be mistaken for another kind of number.
template <class Tag, class Rep>
struct Id {
  using rep = Rep;
  Rep v{};
  friend auto operator<=>(const Id&, const Id&) = default;  // NOLINT(modernize-use-nullptr): compares with 0
  template <class H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.v);
  }
};

/// Session: low 32 bits are its slot in the session directory, high 32 bits the slot's generation.
using SessionId = Id<struct SessionTag, std::uint64_t>;
/// A queue; the queue of a session has the session's number.
using QueueId = Id<struct QueueTag, std::uint64_t>;
/// Position in a queue, from 1 upward, never given twice.
using Seq = Id<struct SeqTag, std::uint64_t>;
/// An append-only stream of the store; queues are streams.
using StreamId = Id<struct StreamTag, std::uint64_t>;
/// A message body that several entries of the store share; the room above chooses it, never twice, never
/// zero.
using MessageId = Id<struct MessageTag, std::uint64_t>;
/// One shard: one thread, one event loop. 0 .. shards-1.
using ShardId = Id<struct ShardTag, std::uint16_t>;
/// Number of a commit group in the journal, from 1 upward.
using GroupNo = Id<struct GroupTag, std::uint64_t>;

/// One network connection. A slot is used again under the next generation, so a late answer never
/// reaches the connection that came after.
struct ConnectionId {
  ShardId shard;
  std::uint32_t slot{};
  std::uint32_t generation{};
  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

}  // namespace hermod

template <class Tag, class Rep>
struct std::hash<hermod::Id<Tag, Rep>> {
  std::size_t operator()(const hermod::Id<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.v); }
};
