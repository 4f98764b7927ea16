#include "queue/group_reading.h"

#include <utility>

#include "base/assert.h"

namespace hermod::queue {

GroupReading::GroupReading(const Amount& limit, GroupPosition position)
    : limit_(limit), position_(std::move(position)), window_(limit), fed_to_(position_.next()) {
  window_.begin(position_.begin());
}

bool GroupReading::has_room(const QueueGroup& group) const {
  const Amount held = group.amount();
  return held.messages < limit_.messages && held.bytes < limit_.bytes;
}

bool GroupReading::could_feed(const QueueGroup& group) const {
  return window_.next() != nullptr && has_room(group);
}

std::uint64_t GroupReading::begin_at_least(Seq first, Seq holes_from) {
  const Seq from = window_.wanted();
  const std::uint64_t passed = window_.begin_at_least(first, holes_from);
  return passed == 0 ? 0 : passed - position_.settled_between(from, Seq{from.v + passed});
}

std::uint64_t GroupReading::feed(QueueGroup& group, Moment now) {
  std::uint64_t expired = 0;
  while (could_feed(group)) {
    is_resting_ = false;
    const StreamEntry& entry = *window_.next();
    const Seq offset = entry.seq;
    if (offset > fed_to_) {  // nothing is there in between
      position_.settle(fed_to_, offset);
      ++revision_;
    }
    fed_to_ = Seq{offset.v + 1};
    if (position_.is_settled(offset) || in_hand_.contains(offset)) {
      window_.pop();
      continue;
    }
    if (!filter_.matches(entry.message->forwarded_properties())) {
      ++filtered_;
      position_.settle(offset);
      ++revision_;
      window_.pop();
      continue;
    }
    if (entry.message->is_expired(now.wall)) {  // it is not sent [MQTT-3.3.2-5]
      ++expired;
      position_.settle(offset);
      ++revision_;
      window_.pop();
      continue;
    }
    const Seq number{++last_number_};
    const bool is_taken = group.room()->take({1, entry.message->size()});
    HERMOD_ASSERT(is_taken);  // a group has no limits of its own
    offsets_.insert(number, {.offset = offset, .stored_at = entry.message->stored_at()});
    in_hand_.insert(offset);
    group.on_stored({.entry = {.message = entry.message, .key = entry.key}}, number, now);
    window_.pop();
  }
  return expired;
}

void GroupReading::set_filter(PropertyFilter filter, QueueGroup& group, Moment now) {
  filter_ = std::move(filter);
  for (auto number = offsets_.first_from({}); number; number = offsets_.first_from(Seq{number->v + 1})) {
    Held& held = *offsets_.find(*number);
    if (held.is_stale) continue;
    const auto peeked = group.peek(*number, 1);
    const bool is_there = !peeked.empty() && peeked.front().seq == *number && peeked.front().message;
    const bool is_unfit = is_there && !filter_.matches(peeked.front().message->forwarded_properties());
    if (is_unfit != held.is_unfit) is_unfit ? ++unfit_ : --unfit_;
    held.is_unfit = is_unfit;
  }
  drop_unfit(group, now);
}

void GroupReading::drop_unfit(QueueGroup& group, Moment now) {
  if (unfit_ == 0) return;
  for (auto number = offsets_.first_from({}); number; number = offsets_.first_from(Seq{number->v + 1})) {
    const Held held = *offsets_.find(*number);
    if (!held.is_unfit || !drop(group, *number, now)) continue;
    ++filtered_;
    position_.settle(held.offset);
    ++revision_;
  }
}

Seq GroupReading::offset_of(Seq number) const {
  const Held* const held = offsets_.find(number);
  HERMOD_ASSERT(held != nullptr);
  return held->offset;
}

bool GroupReading::is_stale(Seq number) const {
  const Held* const held = offsets_.find(number);
  return held == nullptr || held->is_stale;
}

void GroupReading::settle(Seq number) {
  if (!is_stale(number)) {
    position_.settle(offset_of(number));
    ++revision_;
  }
  forget(number);
}

GroupPosition GroupReading::with(std::span<const Seq> numbers) const {
  GroupPosition position = position_;
  for (const Seq number : numbers)
    if (!is_stale(number)) position.settle(offset_of(number));
  return position;
}

void GroupReading::forget(Seq number) {
  const Held* const held = offsets_.find(number);
  if (held == nullptr) return;
  if (held->is_unfit) --unfit_;
  if (held->is_stale) {
    --stale_;
  } else {
    in_hand_.erase(held->offset);
  }
  offsets_.erase(number);
}

/// False: somebody has it, or something about it is on its way to the store.
bool GroupReading::drop(QueueGroup& group, Seq number, Moment now) {
  if (!group.begin_move(number, now)) return false;
  group.on_moved(number, now);
  forget(number);
  return true;
}

void GroupReading::seek(QueueGroup& group, const StreamPosition& to, Moment now) {
  for (auto number = offsets_.first_from({}); number; number = offsets_.first_from(Seq{number->v + 1})) {
    Held& held = *offsets_.find(*number);
    if (held.is_stale) continue;
    held.is_stale = true;
    ++stale_;
    if (std::exchange(held.is_unfit, false)) --unfit_;
    in_hand_.erase(held.offset);
  }
  position_ = GroupPosition(to);
  ++revision_;
  fed_to_ = to.next;
  window_.begin(to);
  drop_stale(group, now);
}

void GroupReading::drop_stale(QueueGroup& group, Moment now) {
  if (stale_ == 0) return;
  for (auto number = offsets_.first_from({}); number; number = offsets_.first_from(Seq{number->v + 1}))
    if (offsets_.find(*number)->is_stale) drop(group, *number, now);
}

void GroupReading::rest(QueueGroup& group, Moment now) {
  for (auto number = offsets_.first_from({}); number; number = offsets_.first_from(Seq{number->v + 1})) {
    const auto peeked = group.peek(*number, 1);
    const bool was_tried = !peeked.empty() && peeked.front().seq == *number && peeked.front().deliveries > 0;
    if (!was_tried) drop(group, *number, now);
  }
  window_.begin(position_.begin());
  fed_to_ = position_.next();
  is_resting_ = true;
}

std::optional<WallTime> GroupReading::oldest() const {
  for (auto number = offsets_.first_from({}); number; number = offsets_.first_from(Seq{number->v + 1})) {
    const Held& held = *offsets_.find(*number);
    if (!held.is_stale && held.offset == position_.next()) return held.stored_at;
  }
  return std::nullopt;
}

}  // namespace hermod::queue
