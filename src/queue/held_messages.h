#pragma once
#include <absl/container/btree_set.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "queue/message.h"
#include "queue/queue_window.h"
#include "queue/sequence_map.h"

namespace hermod::queue {

/// The messages of what waits in a named queue that are in memory; those of the others are in the store
/// alone. Bounded by messages and bytes: one that is larger than the limit is not held. Owned by the queue's
/// group, same thread.
class HeldMessages {
 public:
  static constexpr Amount kNoLimit{std::numeric_limits<std::uint64_t>::max(),
                                   std::numeric_limits<std::uint64_t>::max()};

  /// Takes effect with the next trim().
  void set_limit(const Amount& limit);
  /// What is read at once: a part of the limit, so that what one page brings does not drive out another.
  Amount page() const;
  /// So few are left that the next page is wanted.
  bool is_low() const;

  bool is_above_limit() const { return amount_.messages > limit_.messages || amount_.bytes > limit_.bytes; }
  bool could_hold(std::uint64_t size) const { return size <= limit_.bytes && limit_.messages > 0; }
  bool has_room(std::uint64_t size) const;
  /// Nothing happens when it is there, or null. May be above the limit until trim().
  void put(Seq seq, MessagePtr message);
  /// It is not held any more; null when it was not.
  MessagePtr take(Seq seq);
  /// Null when it is not held.
  MessagePtr find(Seq seq) const;
  bool has(Seq seq) const { return messages_.contains(seq); }
  /// Down to the limit: first what is too large to be held, then what stands in front of `from`, because it
  /// is held up, else what is farthest behind. The last of those, or zero.
  Seq trim(Seq from);

  const Amount& amount() const { return amount_; }
  std::optional<Seq> first() const { return messages_.first(); }
  std::optional<Seq> last() const { return messages_.last(); }

 private:
  Amount limit_ = kNoLimit;
  Amount amount_;
  SequenceMap<MessagePtr> messages_;
  absl::btree_set<Seq> too_large_;  ///< of these, what could not be held
};

}  // namespace hermod::queue
