#include "queue/delayed_index.h"

#include <algorithm>
#include <chrono>

namespace hermod::queue {

using std::chrono::duration_cast;
using std::chrono::microseconds;

namespace {

std::int64_t micros_on_clock(MonotonicTime time) {
  return duration_cast<microseconds>(time.time_since_epoch()).count();
}

}  // namespace

DelayedIndex::Place DelayedIndex::place_of(const DelayedTime& time, const Moment& now) {
  if (time.kind == DelayedTime::Kind::TimeOfDay) return {time.kind, time.due.time_since_epoch().count()};
  const microseconds whole = std::max(time.due - time.sent, microseconds{0});
  return {time.kind, micros_on_clock(now.steady) + std::min(time.due - now.wall, whole).count()};
}

microseconds DelayedIndex::left(const Place& place, const Moment& now) {
  const std::int64_t clock = place.kind == DelayedTime::Kind::Delay ? micros_on_clock(now.steady)
                                                                    : now.wall.time_since_epoch().count();
  return microseconds(place.micros - clock);
}

void DelayedIndex::add(Seq seq, const Place& place) {
  Order& order = orders_[slot(place.kind)];
  order.insert(order.end(), {place.micros, seq.v});  // mostly later than all others
  places_.insert(seq, place.micros * 2 + (place.kind == DelayedTime::Kind::TimeOfDay ? 1 : 0));
}

std::optional<DelayedIndex::Place> DelayedIndex::find(Seq seq) const {
  const std::int64_t* const known = places_.find(seq);
  if (known == nullptr) return std::nullopt;
  const bool is_time_of_day = (*known & 1) != 0;
  return Place{is_time_of_day ? DelayedTime::Kind::TimeOfDay : DelayedTime::Kind::Delay,
               (*known - (is_time_of_day ? 1 : 0)) / 2};
}

std::optional<DelayedIndex::Place> DelayedIndex::remove(Seq seq) {
  const std::optional<Place> place = find(seq);
  if (!place) return std::nullopt;
  orders_[slot(place->kind)].erase({place->micros, seq.v});
  places_.erase(seq);
  return place;
}

DelayedIndex::First DelayedIndex::first_of(std::size_t slot, const Key& key) {
  return {Seq{key.second}, {slot == 0 ? DelayedTime::Kind::Delay : DelayedTime::Kind::TimeOfDay, key.first}};
}

std::optional<DelayedIndex::First> DelayedIndex::earlier(std::optional<First> one, std::optional<First> other,
                                                         const Moment& now) {
  if (!one || !other) return one ? one : other;
  const microseconds left_of_one = left(one->place, now);
  const microseconds left_of_other = left(other->place, now);
  if (left_of_one != left_of_other) return left_of_one < left_of_other ? one : other;
  return one->seq < other->seq ? one : other;
}

std::optional<DelayedIndex::First> DelayedIndex::first(const Moment& now) const {
  return ahead(Cursor{}, now);
}

std::optional<DelayedIndex::First> DelayedIndex::ahead(const Cursor& cursor, const Moment& now) const {
  std::array<std::optional<First>, 2> found;
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    const auto next = orders_[i].lower_bound(cursor.next_[i]);
    if (next != orders_[i].end()) found[i] = first_of(i, *next);
  }
  return earlier(found[0], found[1], now);
}

void DelayedIndex::pass(Cursor& cursor, const First& passed) {
  cursor.next_[slot(passed.place.kind)] = {passed.place.micros, passed.seq.v + 1};
}

bool DelayedIndex::is_behind(const Cursor& cursor, Seq seq, const Place& place) {
  return Key{place.micros, seq.v} < cursor.next_[slot(place.kind)];
}

void DelayedIndex::Cursor::step_back(Seq seq, const Place& place) {
  Key& next = next_[slot(place.kind)];
  next = std::min(next, Key{place.micros, seq.v});
}

}  // namespace hermod::queue
