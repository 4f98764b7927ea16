#include "queue/lanes.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"
#include "queue/text_key.h"

namespace hermod::queue {

namespace {

/// What a key without entries takes: a longer one is forgotten at once.
constexpr std::size_t kLongestUnusedKey = 64;
constexpr std::size_t kFewUnusedKeys = 4;
constexpr std::size_t kUnusedForEachUsed = 8;

}  // namespace

Lanes::Lanes(Order order, std::uint32_t lanes, bool lists_keys)
    : order_(order),
      lists_keys_(lists_keys || order == Order::Key),
      lanes_(order == Order::Strict ? 1 : lanes),
      ready_lanes_(lanes_.size()) {
  HERMOD_ASSERT(!lanes_.empty());
}

const Lanes::Place& Lanes::place(Seq seq) const {
  const Place* found = places_.find(seq);
  HERMOD_ASSERT(found != nullptr);
  return *found;
}

Lanes::Place& Lanes::place(Seq seq) {
  return const_cast<Place&>(std::as_const(*this).place(seq));
}

Lanes::Key& Lanes::key_named(std::string_view name) {
  if (const auto found = keys_.find(text_key(name)); found != keys_.end()) {
    if (found->second.entries == 0) --unused_keys_;
    return *found;
  }
  const auto lane = static_cast<LaneNo>(stable_hash(name) % lanes_.size());
  return *keys_.emplace(std::string(name), Entries{.lane = lane}).first;
}

/// Keys come and go with each message where each has few, so one that has none is kept for a while: a few for
/// each of those that have.
void Lanes::let_go(Key& key) {
  if (key.first.size() > kLongestUnusedKey) {
    keys_.erase(key.first);
    return;
  }
  ++unused_keys_;
  if (unused_keys_ <= kFewUnusedKeys + kUnusedForEachUsed * (keys_.size() - unused_keys_)) return;
  absl::erase_if(keys_, [](const Key& one) { return one.second.entries == 0; });
  unused_keys_ = 0;
}

void Lanes::add(Seq seq, std::string_view key) {
  HERMOD_ASSERT(last_ < seq);
  last_ = seq;
  Key& its = key_named(key);
  ++its.second.entries;
  if (lists_keys_) its.second.sequences.insert(seq);
  if (order_ == Order::Strict) all_.insert(seq);
  show_ready(places_.insert(seq, Place{.key = &its}), seq);
}

void Lanes::acquire(Seq seq, ConsumerId consumer) {
  Place& it = place(seq);
  Lane& lane = lanes_[it.key->second.lane];
  HERMOD_ASSERT(it.is_ready);
  HERMOD_ASSERT(order_ == Order::None || lane.out == 0 || lane.holder == consumer);
  lane.holder = consumer;
  change(it, seq, State::InFlight);
}

void Lanes::requeue(Seq seq) {
  Place& it = place(seq);
  HERMOD_ASSERT(it.state != State::Waiting);
  change(it, seq, State::Waiting);
}

void Lanes::delay(Seq seq) {
  Place& it = place(seq);
  HERMOD_ASSERT(it.state != State::Delayed);
  change(it, seq, State::Delayed);
}

void Lanes::change(Place& it, Seq seq, State to) {
  if (it.state == State::InFlight) count_out(lanes_[it.key->second.lane], -1);
  if (to == State::InFlight) count_out(lanes_[it.key->second.lane], +1);
  it.state = to;
  show_ready(it, seq);
}

void Lanes::count_out(Lane& lane, int by) {
  const bool was_held = lane.out > 0;
  lane.out += static_cast<std::size_t>(by);
  const bool is_held = lane.out > 0;
  if (order_ == Order::None || was_held == is_held) return;
  if (is_held) {
    ++lanes_held_[lane.holder];
  } else if (--lanes_held_[lane.holder] == 0) {
    lanes_held_.erase(lane.holder);
  }
}

void Lanes::pass(Seq seq) {
  Place& it = place(seq);
  HERMOD_ASSERT(it.state != State::Passed);
  change(it, seq, State::Passed);
  ++passed_;
  ++it.key->second.passed;
  take_out_of_turn(*it.key, seq);
}

void Lanes::erase(Seq seq) {
  Place& it = place(seq);
  Key& key = *it.key;
  if (it.state == State::InFlight) count_out(lanes_[key.second.lane], -1);
  set_ready(it, seq, false);
  const bool has_passed = it.state == State::Passed;
  places_.erase(seq);
  if (has_passed) {
    --passed_;
    --key.second.passed;
    on_nothing_passed(key);
  } else {
    take_out_of_turn(key, seq);
  }
  if (--key.second.entries == 0) let_go(key);
}

/// The next of its turn may be ready now.
void Lanes::take_out_of_turn(Key& key, Seq seq) {
  if (lists_keys_) key.second.sequences.erase(seq);
  if (order_ == Order::Strict) all_.erase(seq);
  const SequenceLine& rest = in_turn_with(key);
  if (order_ != Order::None && !rest.empty()) show_ready(place(rest.front()), rest.front());
}

/// What follows is as it was, but for claims.
void Lanes::on_nothing_passed(const Key& key) {
  if (!is_watched_ || (order_ == Order::Strict ? passed_ : key.second.passed) > 0) return;
  const SequenceLine& rest = in_turn_with(key);
  if (order_ != Order::None && !rest.empty())
    changes_.push_back({place(rest.front()).key->second.lane, rest.front(), true});
}

std::vector<Lanes::Change> Lanes::take_changes() {
  std::sort(changes_.begin(), changes_.end());
  changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
  return std::exchange(changes_, {});
}

void Lanes::watch(bool is_watched) {
  is_watched_ = is_watched;
  if (!is_watched) changes_.clear();
}

/// Whether an entry is ready depends on itself and on being the first in its turn.
void Lanes::show_ready(Place& it, Seq seq) {
  const bool is_first = order_ == Order::None || in_turn_with(*it.key).front() == seq;
  set_ready(it, seq, is_first && it.state == State::Waiting);
}

void Lanes::set_ready(Place& it, Seq seq, bool ready) {
  if (it.is_ready == ready) return;
  it.is_ready = ready;
  const LaneNo number = it.key->second.lane;
  if (is_watched_) changes_.push_back({number, seq, false});
  SequenceLine& all = lanes_[number].ready;
  if (ready) {
    all.insert(seq);
    if (all.front() == seq) ready_lanes_.set(number, seq);
    return;
  }
  const bool was_first = all.front() == seq;
  all.erase(seq);
  if (!was_first) return;
  if (all.empty()) {
    ready_lanes_.clear(number);
  } else {
    ready_lanes_.set(number, all.front());
  }
}

std::optional<Lanes::ReadyLane> Lanes::first_ready_lane() const {
  if (ready_lanes_.empty()) return std::nullopt;
  const LaneNo lane = ready_lanes_.front();
  return ReadyLane{lane, lanes_[lane].ready.front()};
}

void Lanes::put_aside(LaneNo lane) {
  ready_lanes_.clear(lane);
  aside_.push_back(lane);
}

void Lanes::show_again() {
  for (const LaneNo lane : aside_)
    if (!lanes_[lane].ready.empty()) ready_lanes_.set(lane, lanes_[lane].ready.front());
  aside_.clear();
}

bool Lanes::is_ready(Seq seq) const {
  return place(seq).is_ready;
}

bool Lanes::is_in_flight(Seq seq) const {
  return place(seq).state == State::InFlight;
}

bool Lanes::is_delayed(Seq seq) const {
  return place(seq).state == State::Delayed;
}

/// What passes was at the front of its turn, so all of it is in front of what is left.
bool Lanes::follows_passed(Seq seq) const {
  if (order_ == Order::None) return false;
  return order_ == Order::Strict ? passed_ > 0 : place(seq).key->second.passed > 0;
}

LaneNo Lanes::lane_of(Seq seq) const {
  return place(seq).key->second.lane;
}

std::string_view Lanes::key_of(Seq seq) const {
  return place(seq).key->first;
}

const SequenceLine* Lanes::entries_of(std::string_view key) const {
  HERMOD_ASSERT(lists_keys_);
  const auto found = keys_.find(text_key(key));
  return found == keys_.end() || found->second.sequences.empty() ? nullptr : &found->second.sequences;
}

std::size_t Lanes::lanes_held(ConsumerId consumer) const {
  const auto found = lanes_held_.find(consumer);
  return found == lanes_held_.end() ? 0 : found->second;
}

std::optional<ConsumerId> Lanes::holder(LaneNo lane) const {
  if (order_ == Order::None || lanes_[lane].out == 0) return std::nullopt;
  return lanes_[lane].holder;
}

}  // namespace hermod::queue
