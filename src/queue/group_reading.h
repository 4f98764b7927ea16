#pragma once
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/group_position.h"
#include "queue/moment.h"
#include "queue/property_filter.h"
#include "queue/queue_group.h"
#include "queue/queue_window.h"
#include "queue/sequence_map.h"
#include "queue/stream_window.h"

namespace hermod::queue {

/// How a consumer group reads its stream: entries come through a window, as for any reader, and go from there
/// into a QueueGroup, which deals them out; what has been dealt with moves the position. The QueueGroup
/// has numbers of its own for them, which rise whatever the position does: after a seek the same entry may
/// come once more while a member still has it.
///
/// Bounded: so much is in the QueueGroup at most, and as much in the window. Owned by whoever owns the
/// QueueGroup, same thread. ADR 0034.
class GroupReading {
 public:
  GroupReading(const Amount& limit, GroupPosition position);

  StreamWindow& window() { return window_; }
  const GroupPosition& position() const { return position_; }
  /// Another number: the position is another one.
  std::uint64_t revision() const { return revision_; }

  /// What is before is not there any more; how many entries are passed over, of those not settled and in
  /// front of `holes_from`.
  std::uint64_t begin_at_least(Seq first, Seq holes_from = Seq{~0ULL});

  /// Hands on what has room and what the filter lets through, in order. What is expired by then, and what is
  /// not let through, is settled with that; how many were expired.
  std::uint64_t feed(QueueGroup& group, Moment now);
  /// Something could be handed on.
  bool could_feed(const QueueGroup& group) const;

  /// The group takes nothing else from now on, and does not go back for what it has let go by. What members
  /// have stays with them until it is settled; should it come back, nobody gets it any more.
  void set_filter(PropertyFilter filter, QueueGroup& group, Moment now);
  const PropertyFilter& filter() const { return filter_; }
  /// What another filter had let through and has come back is settled. Before the group deals out anything.
  void drop_unfit(QueueGroup& group, Moment now);
  /// How many entries the filters have settled since it began.
  std::uint64_t filtered() const { return filtered_; }

  /// The offset of what the group knows under this number. Precondition: it was handed on and is not settled.
  Seq offset_of(Seq number) const;
  /// It is in front of a seek: whatever becomes of it moves nothing.
  bool is_stale(Seq number) const;
  /// The group has dealt with it, and the store knows, if it has to.
  void settle(Seq number);
  /// The position as it will be when these are settled.
  GroupPosition with(std::span<const Seq> numbers) const;

  /// The group stands here from now on. What members have stays with them until it is settled, and so does
  /// its key; what nobody has is dropped.
  void seek(QueueGroup& group, const StreamPosition& to, Moment now);
  /// What was in front of a seek and has come back is dropped. Before the group deals out anything.
  void drop_stale(QueueGroup& group, Moment now);
  /// Nobody reads for now: what can be read again leaves memory. What was tried already stays, with its
  /// count.
  void rest(QueueGroup& group, Moment now);
  bool is_resting() const { return is_resting_ && window_.size() == 0 && !window_.is_reading(); }

  /// When the oldest entry in hand was stored, if it is the one at the position.
  std::optional<WallTime> oldest() const;
  /// Offsets in hand, settled or not; for tests and for who looks.
  std::size_t in_hand() const { return offsets_.size(); }

 private:
  struct Held {
    Seq offset;
    WallTime stored_at{};
    bool is_stale = false;
    bool is_unfit = false;  ///< for the filter; never with is_stale
  };
  bool has_room(const QueueGroup& group) const;
  bool drop(QueueGroup& group, Seq number, Moment now);
  void forget(Seq number);

  const Amount limit_;
  GroupPosition position_;
  StreamWindow window_;
  SequenceMap<Held> offsets_;         ///< of what is in the group, by its number there
  absl::flat_hash_set<Seq> in_hand_;  ///< offsets of these, but for those in front of a seek
  std::size_t stale_ = 0;
  std::size_t unfit_ = 0;
  PropertyFilter filter_;
  std::uint64_t filtered_ = 0;
  std::uint64_t last_number_ = 0;
  std::uint64_t revision_ = 1;
  Seq fed_to_;              ///< what is before was handed on, or is not there
  bool is_resting_ = true;  ///< nothing was handed on since
};

}  // namespace hermod::queue
