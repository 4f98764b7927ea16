#include "queue/dispatcher.h"

#include <utility>

namespace hermod::queue {
namespace {

/// SplitMix64's finisher: every bit of the result depends on every bit of the number.
std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

}  // namespace

const Dispatcher::Member& Dispatcher::member(ConsumerId id) const {
  const auto found = members_.find(id);
  HERMOD_ASSERT(found != members_.end());
  return found->second;
}

Dispatcher::Rank Dispatcher::rank(ConsumerId id, const Member& member) const {
  const bool by_load = strategy_ != Strategy::RoundRobin && strategy_ != Strategy::Random;
  return {by_load ? member.held : 0, member.turn, id};
}

/// What looks like chance: the rules of a queue give the same result for the same story.
std::uint64_t Dispatcher::chance() const {
  return mixed(turns_ * 0x9E3779B97F4A7C15U);
}

/// Who was served goes behind all others. With `random` it sits down anywhere, and so does the question who
/// is next: else who sits behind a long gap would be served for ever more often.
std::uint64_t Dispatcher::next_turn() {
  ++turns_;
  return strategy_ == Strategy::Random ? mixed(chance()) : turns_;
}

std::uint64_t Dispatcher::affinity(LaneNo lane, ConsumerId id) {
  return mixed(mixed(id.v + 0x9E3779B97F4A7C15U) ^ lane);
}

/// The member among those with room, if it has any.
void Dispatcher::count(const Member& member, bool counted) {
  if (!has_room(member)) return;
  have_room_ += counted ? 1 : -1;
  if (member.held == 0) idle_ += counted ? 1 : -1;
  if (member.wish == kWantsEverything) return;
  choosy_ += counted ? 1 : -1;
  if ((room_by_wish_[member.wish] += counted ? 1 : -1) == 0) room_by_wish_.erase(member.wish);
}

void Dispatcher::unlist(const Member& member) const {
  if (member.listed) with_room_.erase(*member.listed);
  member.listed.reset();
}

const absl::btree_set<Dispatcher::Rank>& Dispatcher::with_room() const {
  for (const ConsumerId id : moved_) {
    const auto found = members_.find(id);
    if (found == members_.end() || !std::exchange(found->second.is_moved, false)) continue;
    const Member& member = found->second;
    unlist(member);
    if (has_room(member)) with_room_.insert(member.listed.emplace(rank(id, member)));
  }
  moved_.clear();
  return with_room_;
}

template <class Change>
void Dispatcher::update(ConsumerId id, Change change) {
  const auto found = members_.find(id);
  HERMOD_ASSERT(found != members_.end());
  count(found->second, false);
  change(found->second);
  count(found->second, true);
  if (!std::exchange(found->second.is_moved, true)) moved_.push_back(id);
  if (moved_.size() > members_.size()) with_room();  // some have left
}

void Dispatcher::change(Strategy strategy, std::uint32_t lanes, std::uint32_t most_held) {
  for (const auto& [id, member] : members_) count(member, false);
  strategy_ = strategy;
  most_held_ = most_held;
  last_of_lane_.resize(remembered(strategy, lanes));
  last_of_lane_.shrink_to_fit();
  for (const auto& [id, member] : members_) {
    count(member, true);
    if (!std::exchange(member.is_moved, true)) moved_.push_back(id);
  }
}

void Dispatcher::join(ConsumerId id, std::uint32_t held) {
  HERMOD_ASSERT(!has(id));
  members_.emplace(id, Member{});
  update(id, [&](Member& member) {
    member.held = held;
    member.turn = next_turn();
  });
}

void Dispatcher::leave(ConsumerId id) {
  grant(id, 0);
  set_wish(id, kWantsEverything);
  const auto found = members_.find(id);
  unlist(found->second);
  members_.erase(found);
}

void Dispatcher::set_wish(ConsumerId id, WishNo wish) {
  update(id, [&](Member& member) {
    if (member.wish != kWantsEverything) --picky_;
    member.wish = wish;
    if (member.wish != kWantsEverything) ++picky_;
  });
}

void Dispatcher::grant(ConsumerId id, std::uint64_t limit) {
  const auto found = members_.find(id);
  HERMOD_ASSERT(found != members_.end());
  Member granted = found->second;
  granted.limit = limit;
  if (has_room(granted) == has_room(found->second)) {
    found->second.limit = limit;  // it stays where it is
  } else {
    update(id, [&](Member& member) { member.limit = limit; });
  }
}

void Dispatcher::took(ConsumerId id, LaneNo lane) {
  HERMOD_ASSERT(has_room(id));
  update(id, [&](Member& member) {
    ++member.taken;
    ++member.held;
    member.turn = next_turn();
  });
  if (strategy_ == Strategy::Sticky) last_of_lane_[lane] = id;
}

void Dispatcher::returned(ConsumerId id) {
  update(id, [](Member& member) {
    HERMOD_ASSERT(member.held > 0);
    --member.held;
  });
}

}  // namespace hermod::queue
