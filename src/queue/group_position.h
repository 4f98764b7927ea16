#pragma once
#include <absl/container/btree_map.h>

#include <cstdint>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/stream_extent.h"

namespace hermod::queue {

/// What a consumer group of a stream has behind it: all entries in front of next(), and single stretches of
/// those behind it, which were settled while an older one was not. A plain value; it takes memory by the
/// stretch, and there are no more of these than entries that the group has in hand.
class GroupPosition {
 public:
  explicit GroupPosition(const StreamPosition& begin = {}) : begin_(begin) {}

  /// The oldest entry that is not settled, or what the stream stores next.
  Seq next() const { return begin_.next; }
  /// With it, until the group has come to the first entry that was stored then or later.
  const StreamPosition& begin() const { return begin_; }
  bool is_settled(Seq offset) const;
  /// These are behind the group now, up to the second. Precondition: the first is not above it.
  void settle(Seq from, Seq to);
  void settle(Seq offset) { settle(offset, Seq{offset.v + 1}); }
  /// How many of these are, up to the second.
  std::uint64_t settled_between(Seq from, Seq to) const;
  /// How many behind next() are settled.
  std::uint64_t settled_behind() const { return behind_count_; }

  /// What is settled behind next(): from each up to another.
  using Stretches = absl::btree_map<Seq, Seq>;
  const Stretches& behind() const { return behind_; }

  friend bool operator==(const GroupPosition&, const GroupPosition&) = default;

 private:
  void join_first();

  StreamPosition begin_;
  Stretches behind_;  ///< none touches another, nor next()
  std::uint64_t behind_count_ = 0;
};

}  // namespace hermod::queue
