// How messages come into a named queue: asked for, and stored.

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "queue/queue_group.h"

namespace hermod::queue {

namespace {

/// What a record says of times may be damaged: nothing here overflows.
constexpr std::chrono::hours kLongestLife{24 * 366 * 100};

/// What one message needs on top of the room of those that leave for it. Theirs is given to nobody else
/// before they have left, because they stay when it fails.
Amount room_beyond(const Amount& theirs, std::uint64_t size) {
  return {1 - std::min<std::uint64_t>(theirs.messages, 1), size - std::min(theirs.bytes, size)};
}

}  // namespace

/// A duplicate costs neither a token nor room.
Admission QueueGroup::admit(const Arrival& arrival, Moment now) {
  if (is_closing_) return {.what = Admission::What::Gone};
  if (auto duplicate = answer_duplicate(arrival, now)) return *std::move(duplicate);
  if (rate_in_ && !rate_in_->has_token(now.steady)) return {.what = Admission::What::RateLimited};
  drop_expired(now);

  std::vector<Seq> leaving = definition_.last_value ? replaced_by(arrival.entry.key) : std::vector<Seq>{};
  const std::size_t replaced = leaving.size();
  const std::uint64_t size = arrival.entry.message->size();
  const std::optional<Amount> reserved = make_room(size, leaving);
  if (!reserved) {
    if (takes_oldest() && will_have_room(size)) return busy(arrival.waiter);
    return {.what = definition_.overflow == QueueDefinition::Overflow::DropNewest ? Admission::What::Dropped
                                                                                  : Admission::What::Full};
  }
  const std::vector<Seq> dying(leaving.begin() + static_cast<std::ptrdiff_t>(replaced), leaving.end());
  if (!has_in_memory(dying, now)) {
    room_->give_back(*reserved);
    return busy(arrival.waiter);
  }
  if (rate_in_) rate_in_->take(now.steady);

  const AdmissionId id{++last_admission_};
  Admission admission{.what = Admission::What::Admitted, .id = id};
  Pending pending{.entry = arrival.entry, .expires_at = expiry_of(arrival.entry, now)};
  pending.reserved = *reserved;
  for (std::size_t i = 0; i < leaving.size(); ++i) {
    const Removal why = i < replaced ? Removal::Replaced : Removal::MaxLength;
    admission.evictions.push_back(evict(leaving[i], why, now));
  }
  pending.evictions = std::move(leaving);
  if (definition_.dedup_window.count() > 0 && !arrival.message_id.empty()) {
    pending.message_id_number = message_ids_.admit(arrival.message_id, now.steady);
    pending_message_ids_.emplace(pending.message_id_number, id);
    if (message_ids_.is_beyond_bounds()) forget_message_ids(now);
  }
  admission.message_id_number = pending.message_id_number;
  pending_.emplace(id, std::move(pending));
  return admission;
}

std::optional<Admission> QueueGroup::answer_duplicate(const Arrival& arrival, Moment now) {
  if (definition_.dedup_window.count() == 0 || arrival.message_id.empty()) return std::nullopt;
  const DedupWindow::Look look = message_ids_.look(arrival.message_id, now.steady);
  switch (look.found) {
    case DedupWindow::Found::Nothing:
      return std::nullopt;
    case DedupWindow::Found::Stored:
      return Admission{.what = Admission::What::Duplicate};
    case DedupWindow::Found::Pending:
      break;
  }
  if (!may_wait()) return Admission{.what = Admission::What::Full};
  const AdmissionId id = pending_message_ids_.at(look.number);
  pending_.at(id).waiters.push_back(arrival.waiter);
  ++waiting_duplicates_;
  return Admission{.what = Admission::What::DuplicatePending, .id = id};
}

/// Who may not is refused, and counted.
bool QueueGroup::may_wait() {
  if (asking_again_.size() + waiting_duplicates_ < kMostWaiting) return true;
  ++waiting_refused_;
  return false;
}

/// There will be room, and soon unless the store does not work.
Admission QueueGroup::busy(WaiterId waiter) {
  if (has_store_failed_ || has_read_failed_ || !may_wait()) return {.what = Admission::What::Full};
  asking_again_.push_back(waiter);
  return {.what = Admission::What::Busy};
}

Amount QueueGroup::amount_of(const std::vector<Seq>& entries) const {
  Amount sum;
  for (const Seq seq : entries) add_to(sum, item(seq).size);
  return sum;
}

/// What is about to die for an admission goes into the publisher's batch as a whole; else it is read.
bool QueueGroup::has_in_memory(const std::vector<Seq>& dying, Moment now) {
  if (definition_.overflow != QueueDefinition::Overflow::DeadLetter || dying.empty()) return true;
  want_evicting(now);
  for (const Seq seq : dying) {
    if (message_of(seq)) continue;
    ask_for(ReadFor::Evicting, seq);
    return false;
  }
  return true;
}

/// Of a queue that makes room by its oldest, so that it need not look past all that consumers have.
void QueueGroup::note(Seq seq, const Item& item) {
  if (!takes_oldest()) return;
  if (may_leave(item)) {
    free_.insert(seq);
  } else {
    free_.erase(seq);
  }
}

bool QueueGroup::takes_oldest() const {
  return definition_.overflow == QueueDefinition::Overflow::DropOldest ||
         definition_.overflow == QueueDefinition::Overflow::DeadLetter;
}

/// When what is on its way to the store or out of it has come there: what nobody has could leave then.
bool QueueGroup::will_have_room(std::uint64_t size) const {
  if (definition_.max_bytes && size > *definition_.max_bytes) return false;
  const Amount held = room_->held();
  return room_->fits(room_beyond({held.messages - lent_.messages, held.bytes - lent_.bytes}, size));
}

/// All that wait: who asks first, is first.
void QueueGroup::tell_to_ask_again() {
  if (!asking_again_.empty()) effects_.emplace_back(AskAgain{std::exchange(asking_again_, {})});
}

/// Adds to `leaving` the oldest that have to go, and takes what it needs beyond theirs. Nothing when there is
/// no way.
std::optional<Amount> QueueGroup::make_room(std::uint64_t size, std::vector<Seq>& leaving) {
  if (definition_.max_bytes && size > *definition_.max_bytes) return std::nullopt;
  const std::vector<Seq> replaced = leaving;
  Amount theirs = amount_of(leaving);
  for (auto oldest = free_.begin(); !room_->take(room_beyond(theirs, size)); ++oldest) {
    if (!takes_oldest()) return std::nullopt;
    while (oldest != free_.end() && std::binary_search(replaced.begin(), replaced.end(), *oldest)) ++oldest;
    if (oldest == free_.end()) return std::nullopt;
    ++room_examined_;
    leaving.push_back(*oldest);
    add_to(theirs, item(*oldest).size);
  }
  return room_beyond(theirs, size);
}

/// The older ones of a key that nobody has.
std::vector<Seq> QueueGroup::replaced_by(std::string_view key) const {
  std::vector<Seq> replaced;
  if (const auto* entries = lanes_.entries_of(key))
    entries->for_each([&](Seq seq) {
      if (may_leave(item(seq))) replaced.push_back(seq);
    });
  return replaced;
}

Eviction QueueGroup::evict(Seq seq, Removal why, Moment now) {
  Item& leaving = item(seq);
  leaving.is_leaving = true;
  note(seq, leaving);
  hold_up(seq);
  Eviction eviction{.seq = seq, .why = why, .has_state = leaving.has_state};
  if (why != Removal::MaxLength) return eviction;
  if (definition_.overflow == QueueDefinition::Overflow::DeadLetter) {
    eviction.dead_letter = dead_entry(seq, DeathReason::MaxLength, now);
  } else {
    eviction.message = message_of(seq);
  }
  return eviction;
}

/// It may go out again. A pause that ended meanwhile is over.
void QueueGroup::stay(Seq seq) {
  Item& staying = item(seq);
  staying.is_leaving = false;
  note(seq, staying);
  if (staying.is_never_stored) return remove(seq, Removal::NeverStored);
  if (is_closing_) return remove(seq, Removal::Purged);
  if (definition_.last_value && has_newer(seq)) return remove(seq, Removal::Replaced);
  if (!retries_.time_of(seq)) lanes_.requeue(seq);
  watch_expiry(seq);
}

/// What was admitted is decided.
QueueGroup::Pending QueueGroup::take_pending(AdmissionId id) {
  const auto found = pending_.find(id);
  HERMOD_ASSERT(found != pending_.end());
  Pending pending = std::move(found->second);
  pending_.erase(found);
  waiting_duplicates_ -= pending.waiters.size();
  if (pending.message_id_number != 0) pending_message_ids_.erase(pending.message_id_number);
  return pending;
}

std::vector<WaiterId> QueueGroup::on_stored(AdmissionId id, Seq seq, Moment now) {
  Pending pending = take_pending(id);
  take_durable(Seq{seq.v - 1}, now);
  room_->take_anyway(
      {1, pending.entry.message->size()});  // theirs and what was kept for it is enough for that
  room_->give_back(pending.reserved);
  for (const Seq gone : pending.evictions) drop_item(gone);
  if (pending.message_id_number != 0) message_ids_.on_stored(pending.message_id_number);
  come_in(seq, std::move(pending.entry), pending.expires_at);
  arrivals_.on_came(seq);
  on_durable(seq, now);
  return std::move(pending.waiters);
}

void QueueGroup::on_stored(const Arrival& arrival, Seq seq, Moment now) {
  take_durable(Seq{seq.v - 1}, now);
  come_in(seq, QueueEntry(arrival.entry), expiry_of(arrival.entry, now));
  arrivals_.on_came(seq);
  on_durable(seq, now);
}

std::vector<WaiterId> QueueGroup::on_failed(AdmissionId id, Moment now) {
  Pending pending = take_pending(id);
  room_->give_back(pending.reserved);
  if (rate_in_) rate_in_->give_back();
  for (const Seq seq : pending.evictions) stay(seq);
  if (pending.message_id_number != 0) message_ids_.on_failed(pending.message_id_number);
  tell_to_ask_again();
  pump(now);
  return std::move(pending.waiters);
}

/// Of what is stored only the wall's time is known; however the clock was set since, nothing lives longer
/// than it was to, and what is in memory is no more concerned.
MonotonicTime QueueGroup::expiry_of(WallTime stored_at, WallTime own_end, WallTime since, Moment now) const {
  MonotonicTime expires_at = kNoEnd;
  const auto lower = [&](WallTime begin, WallTime end) {
    const auto left =
        std::clamp<WallTime::duration>(std::min(end - now.wall, end - begin), -kLongestLife, kLongestLife);
    expires_at = std::min(expires_at, now.steady + left);
  };
  if (own_end != Message::kNever) lower(stored_at, own_end);
  if (definition_.ttl) lower(since, since + *definition_.ttl);
  return expires_at;
}

MonotonicTime QueueGroup::expiry_of(const QueueEntry& entry, Moment now) const {
  const Message& message = *entry.message;
  return expiry_of(message.stored_at(), message.expires_at(), entry.moved_at.value_or(message.stored_at()),
                   now);
}

/// It is stored.
void QueueGroup::come_in(Seq seq, QueueEntry&& entry, MonotonicTime expires_at) {
  MessagePtr unheld = add(seq, std::move(entry), expires_at);
  if (is_closing_) return remove(seq, Removal::Purged);
  if (unheld) in_hand_.push_back({seq, std::move(unheld)});
  if (definition_.last_value) drop_replaced(seq);
}

/// Whether one that comes is held. Not behind what is in the store alone: it will be read with it. What is
/// left there of what came long before, because it pauses or nobody wants it, counts for nothing.
bool QueueGroup::holds_next(std::uint64_t size) {
  if (!held_.could_hold(size)) return false;
  if (stored_alone() > 0 && unheld_to_.v != 0 && !comes_with_page()) return false;
  for (auto first = held_.first(); first && !held_.has_room(size); first = held_.first()) {
    if (!is_kept_back(*first)) return false;
    held_.take(*first);  // what goes out earlier has its place
  }
  return held_.has_room(size);
}

/// All that is in the store alone is in the page that is being read.
bool QueueGroup::comes_with_page() const {
  const Seq page_end = reading_to_[static_cast<std::size_t>(ReadFor::Lending)];
  return unheld_to_ < page_end && stored_alone() <= held_.page().messages;
}

/// It pauses, or follows what does, or nobody wants it who is there.
bool QueueGroup::is_kept_back(Seq seq) const {
  if (retries_.time_of(seq)) return true;
  if (definition_.order == QueueDefinition::Order::Key)
    if (const auto* of_key = lanes_.entries_of(lanes_.key_of(seq)); of_key != nullptr && !of_key->empty())
      if (retries_.time_of(of_key->front())) return true;
  return dispatcher_.size() > 0 && !dispatcher_.has_who_takes_all() && lanes_.is_ready(seq) &&
         wishes_.is_unwanted(lanes_.lane_of(seq), seq);
}

MessagePtr QueueGroup::add(Seq seq, QueueEntry&& entry, MonotonicTime expires_at) {
  const Message& message = *entry.message;
  const bool is_held = holds_next(message.size());
  unheld_to_ = is_held ? Seq{} : seq;
  Item added;
  added.stored_at = message.stored_at();
  added.expires_at = expires_at;
  added.size = static_cast<std::uint32_t>(message.size());
  if (!entry.deaths.empty() || entry.moved_at || message.expires_at() != Message::kNever)
    added.past =
        std::make_unique<EntryPast>(EntryPast{std::move(entry.deaths), entry.moved_at, message.expires_at()});
  note(seq, items_.insert(seq, std::move(added)));
  if (is_held) held_.put(seq, std::exchange(entry.message, {}));
  lanes_.add(seq, entry.key);
  watch_expiry(seq);
  return std::move(entry.message);
}

void QueueGroup::watch_expiry(Seq seq) {
  if (const MonotonicTime expires_at = item(seq).expires_at; expires_at != kNoEnd)
    expiries_.set(seq, expires_at);
}

/// Publishers that did not know of each other may have stored several of a key.
void QueueGroup::drop_replaced(Seq newest) {
  for (const Seq seq : replaced_by(lanes_.key_of(newest)))
    if (seq < newest) remove(seq, Removal::Replaced);
}

}  // namespace hermod::queue
