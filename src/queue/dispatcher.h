#pragma once
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "base/assert.h"
#include "queue/lanes.h"
#include "queue/queue_definition.h"

namespace hermod::queue {

/// The consumers of one queue, what each can take, and which of them is next. Knows nothing about messages
/// but the lane they are in. Owned by a queue's group, same thread. choose() costs O(log n), and O(n) with
/// key-hash or where a filter passes consumers over.
class Dispatcher {
 public:
  using Strategy = QueueDefinition::Dispatch;
  /// Nobody has more than `most_held` unsettled messages, whatever it grants.
  Dispatcher(Strategy strategy, std::uint32_t lanes, std::uint32_t most_held = ~0U)
      : strategy_(strategy), most_held_(most_held), last_of_lane_(remembered(strategy, lanes)) {}

  /// For what is given from now on.
  void change(Strategy strategy, std::uint32_t lanes, std::uint32_t most_held);

  /// `held` unsettled messages it has already. It gets nothing before it grants credit. Precondition: it is
  /// no member.
  void join(ConsumerId id, std::uint32_t held = 0);
  void leave(ConsumerId id);
  bool has(ConsumerId id) const { return members_.contains(id); }
  /// What it wants, of which it is one of those that want the same; everything, if nobody says.
  void set_wish(ConsumerId id, WishNo wish);
  WishNo wish_of(ConsumerId id) const { return member(id).wish; }
  /// It takes so many messages in all, counted from its join. May be less than before, and less than it took.
  void grant(ConsumerId id, std::uint64_t limit);
  /// It takes nothing more before it grants again.
  void end_credit(ConsumerId id) { grant(id, 0); }

  /// It was given a message, which its credit is spent for. Precondition: it has room.
  void took(ConsumerId id, LaneNo lane);
  /// It has one less. That gives no credit: only its connection knows what it can take.
  void returned(ConsumerId id);
  std::uint32_t held(ConsumerId id) const { return member(id).held; }
  /// Whether it is a member and has room.
  bool has_room(ConsumerId id) const {
    const auto found = members_.find(id);
    return found != members_.end() && has_room(found->second);
  }
  /// Whether anybody has.
  bool has_room() const { return have_room_ > 0; }
  /// Whether anybody has who wants this.
  bool has_room(WishNo wish) const {
    return wish == kWantsEverything ? have_room_ > choosy_ : room_by_wish_.contains(wish);
  }
  /// Whether anybody wants everything, with room or without.
  bool has_who_takes_all() const { return picky_ < members_.size(); }
  std::size_t size() const { return members_.size(); }

  /// Who gets the next message of a lane that belongs to nobody. `accepts(ConsumerId)` says whether it wants
  /// the message.
  template <class Accepts>
  std::optional<ConsumerId> choose(LaneNo lane, Accepts accepts) const;
  /// Whether a lane should move away from its holder as soon as nothing of it is out: the holder has other
  /// lanes and somebody has nothing, or the strategy sends the lane elsewhere. `lanes_held()` counts the
  /// holder's.
  template <class LanesHeld, class Accepts>
  bool is_wanted_elsewhere(LaneNo lane, ConsumerId holder, LanesHeld lanes_held, Accepts accepts) const;

 private:
  /// What comes first, its turn, and who.
  using Rank = std::tuple<std::uint32_t, std::uint64_t, ConsumerId>;
  struct Member {
    std::uint64_t limit = 0;
    std::uint64_t taken = 0;
    std::uint32_t held = 0;
    std::uint64_t turn = 0;  ///< orders members that are alike
    WishNo wish = kWantsEverything;
    mutable std::optional<Rank> listed{};  ///< where it is in with_room_
    mutable bool is_moved = false;         ///< and may not be any more
  };

  static std::size_t remembered(Strategy strategy, std::uint32_t lanes) {
    return strategy == Strategy::Sticky ? lanes : 0;
  }
  bool has_room(const Member& member) const {
    return member.taken < member.limit && member.held < most_held_;
  }
  const Member& member(ConsumerId id) const;
  Rank rank(ConsumerId id, const Member& member) const;
  std::uint64_t next_turn();
  std::uint64_t chance() const;
  template <class Accepts>
  std::optional<ConsumerId> target_of(LaneNo lane, Accepts accepts) const;
  static std::uint64_t affinity(LaneNo lane, ConsumerId id);
  template <class Change>
  void update(ConsumerId id, Change change);
  void count(const Member& member, bool counted);
  void unlist(const Member& member) const;
  const absl::btree_set<Rank>& with_room() const;

  Strategy strategy_;
  std::uint32_t most_held_;
  absl::flat_hash_map<ConsumerId, Member> members_;
  std::size_t picky_ = 0;  ///< members that do not want everything
  std::size_t have_room_ = 0;
  /// Those with room, in the order of their ranks; but for those that moved, whose new place matters only to
  /// who asks next. Many take and return messages in between.
  mutable absl::btree_set<Rank> with_room_;
  mutable std::vector<ConsumerId> moved_;
  std::size_t choosy_ = 0;                                 ///< of those with room, who do not want everything
  absl::flat_hash_map<WishNo, std::size_t> room_by_wish_;  ///< how many of these, if any
  std::size_t idle_ = 0;                                   ///< of those with room, who have nothing
  std::vector<std::optional<ConsumerId>> last_of_lane_;    ///< for sticky, else empty
  std::uint64_t turns_ = 0;
};

template <class Accepts>
std::optional<ConsumerId> Dispatcher::choose(LaneNo lane, Accepts accepts) const {
  if (strategy_ == Strategy::KeyHash) {
    const auto target = target_of(lane, accepts);
    return target && has_room(*target) ? target : std::nullopt;
  }
  if (strategy_ == Strategy::Sticky) {
    const auto last = last_of_lane_[lane];
    if (last && has_room(*last) && accepts(*last)) return last;
  }
  const absl::btree_set<Rank>& ranks = with_room();
  const auto first = ranks.lower_bound({0, strategy_ == Strategy::Random ? chance() : 0, {}});
  const auto wanted = [&](const Rank& one) { return accepts(std::get<ConsumerId>(one)); };
  auto chosen = std::find_if(first, ranks.end(), wanted);
  if (chosen == ranks.end()) {
    chosen = std::find_if(ranks.begin(), first, wanted);
    if (chosen == first) return std::nullopt;
  }
  return std::get<ConsumerId>(*chosen);
}

template <class LanesHeld, class Accepts>
bool Dispatcher::is_wanted_elsewhere(LaneNo lane, ConsumerId holder, LanesHeld lanes_held,
                                     Accepts accepts) const {
  if (strategy_ == Strategy::Sticky) return false;
  if (strategy_ == Strategy::KeyHash) {
    const auto target = target_of(lane, accepts);
    return target && *target != holder;
  }
  if (idle_ == 0 || lanes_held() < 2) return false;
  for (const Rank& one : with_room())
    if (member(std::get<ConsumerId>(one)).held == 0 && accepts(std::get<ConsumerId>(one))) return true;
  return false;
}

/// The member with the highest affinity to the lane, so that a member who leaves moves only its own lanes,
/// and one who joins takes its share from all.
template <class Accepts>
std::optional<ConsumerId> Dispatcher::target_of(LaneNo lane, Accepts accepts) const {
  std::optional<ConsumerId> best;
  for (const auto& [id, member] : members_)
    if ((!best || std::pair(affinity(lane, *best), *best) < std::pair(affinity(lane, id), id)) && accepts(id))
      best = id;
  return best;
}

}  // namespace hermod::queue
