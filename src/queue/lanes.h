#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/node_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "queue/first_of_lanes.h"
#include "queue/queue_definition.h"
#include "queue/sequence_line.h"
#include "queue/sequence_map.h"

namespace hermod::queue {

/// Whoever takes messages from a named queue; the number is the caller's.
using ConsumerId = Id<struct ConsumerTag, std::uint64_t>;
/// One stay of a consumer: from its subscription to its end or that of its connection. The caller's, rising.
using AttachmentNo = Id<struct AttachmentTag, std::uint64_t>;
/// What some consumers want alike; the number is their queue's.
using WishNo = Id<struct WishTag, std::uint32_t>;
inline constexpr WishNo kWantsEverything{};

/// Which entries of a queue may go out now. An entry waits, is in flight with a consumer, is delayed (it
/// pauses before a retry, or something about it is on its way to the store), or has passed (it is done, and
/// the store does not know yet). With an order, the entries of a key go out one at a time in their sequence:
/// what is in flight or delayed holds up those behind it, and nothing else. A lane of which something is in
/// flight belongs to the consumer that has it. Owned by a queue's group, same thread. Every call costs
/// O(log n), but for what becomes ready again far from both ends of its lane (SequenceLine).
class Lanes {
 public:
  using Order = QueueDefinition::Order;
  /// With `lists_keys` entries_of() knows them, as it always does with order key. Precondition: lanes >= 1.
  Lanes(Order order, std::uint32_t lanes, bool lists_keys = false);

  /// A new entry at the end. Precondition: its sequence is higher than all before.
  void add(Seq seq, std::string_view key);
  /// It goes to a consumer. Preconditions: is_ready(seq); the lane's holder, if it has one, is that consumer.
  void acquire(Seq seq, ConsumerId consumer);
  /// It waits again at its place. Precondition: it is in flight or delayed.
  void requeue(Seq seq);
  /// Precondition: it waits or is in flight.
  void delay(Seq seq);
  /// It holds up nothing any more, and comes back no more. Precondition: it has not passed.
  void pass(Seq seq);
  void erase(Seq seq);

  bool is_ready(Seq seq) const;
  bool is_in_flight(Seq seq) const;
  bool is_delayed(Seq seq) const;
  /// Whether something has passed in front of it that is not erased yet.
  bool follows_passed(Seq seq) const;
  LaneNo lane_of(Seq seq) const;
  std::string_view key_of(Seq seq) const;
  /// The entries of a key in their sequence, but for those that have passed; null when there are none.
  /// Precondition: keys are listed.
  const SequenceLine* entries_of(std::string_view key) const;

  /// Who has something of the lane; nobody with no order.
  std::optional<ConsumerId> holder(LaneNo lane) const;
  /// How many lanes the consumer holds.
  std::size_t lanes_held(ConsumerId consumer) const;
  /// Calls visit(Seq, LaneNo) for lanes with something ready and the first of it, in the order of these, for
  /// as long as it gives true.
  template <class Visit>
  void visit_ready_lanes(Visit visit) const {
    ready_lanes_.visit(visit);
  }
  struct ReadyLane {
    LaneNo lane = 0;
    Seq first;
  };
  /// The one with the first of all that is ready.
  std::optional<ReadyLane> first_ready_lane() const;
  /// Neither that nor visit_ready_lanes() gives it, until show_again() or until its first is another.
  void put_aside(LaneNo lane);
  void show_again();
  /// What may have become ready or has ceased to be since the last call, or become free of what passed in
  /// front of it, while that is watched; by lane and sequence. An entry may be erased meanwhile.
  struct Change {
    LaneNo lane;
    Seq seq;
    bool is_for_claims = false;  ///< it follows nothing that passed any more, and is else as it was
    friend auto operator<=>(const Change&,
                            const Change&) = default;  // NOLINT(modernize-use-nullptr): compares with 0
  };
  std::vector<Change> take_changes();
  void watch(bool is_watched);
  bool has(Seq seq) const { return places_.contains(seq); }
  /// What is ready in a lane.
  const SequenceLine& ready_in(LaneNo lane) const { return lanes_[lane].ready; }
  std::size_t size() const { return places_.size(); }
  std::uint32_t lane_count() const { return static_cast<std::uint32_t>(lanes_.size()); }
  Order order() const { return order_; }

 private:
  enum class State : std::uint8_t { Waiting, InFlight, Delayed, Passed };
  struct Lane {
    SequenceLine ready;
    std::size_t out = 0;
    ConsumerId holder;
  };
  struct Entries {
    LaneNo lane = 0;
    std::size_t entries = 0;
    std::size_t passed = 0;    ///< of these
    SequenceLine sequences{};  ///< of the others, if keys are listed
  };
  using Keys = absl::node_hash_map<std::string, Entries>;
  using Key = Keys::value_type;
  struct Place {
    Key* key = nullptr;
    State state = State::Waiting;
    bool is_ready = false;
  };

  const Place& place(Seq seq) const;
  Place& place(Seq seq);
  Key& key_named(std::string_view name);
  void let_go(Key& key);
  const SequenceLine& in_turn_with(const Key& key) const {
    return order_ == Order::Strict ? all_ : key.second.sequences;
  }
  void change(Place& it, Seq seq, State to);
  void count_out(Lane& lane, int by);
  void show_ready(Place& it, Seq seq);
  void set_ready(Place& it, Seq seq, bool ready);
  void take_out_of_turn(Key& key, Seq seq);
  void on_nothing_passed(const Key& key);

  Order order_;
  bool lists_keys_;
  std::vector<Lane> lanes_;
  Keys keys_;
  std::size_t unused_keys_ = 0;  ///< of these, those without entries
  SequenceMap<Place> places_;
  absl::flat_hash_map<ConsumerId, std::size_t> lanes_held_;  ///< of those who hold any
  SequenceLine all_;                                         ///< with order strict
  std::size_t passed_ = 0;
  FirstOfLanes ready_lanes_;
  std::vector<LaneNo> aside_;  ///< they are missing there
  Seq last_{};
  bool is_watched_ = false;
  std::vector<Change> changes_;
};

}  // namespace hermod::queue
