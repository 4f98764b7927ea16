// What becomes of an entry. How messages come in is in queue_admission.cc, who gets them in
// queue_delivery.cc.

#include "queue/queue_group.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

using std::chrono::milliseconds;

Removal removal_for(DeathReason reason) {
  switch (reason) {
    case DeathReason::Rejected:
      return Removal::Rejected;
    case DeathReason::Expired:
      return Removal::Expired;
    case DeathReason::MaxLength:
      return Removal::MaxLength;
    case DeathReason::DeliveryLimit:
      break;
  }
  return Removal::DeliveryLimit;
}

QueueGroup::QueueGroup(const QueueDefinition& definition, Moment now)
    : QueueGroup(definition, std::make_shared<QueueRoom>(definition.max_length, definition.max_bytes), now) {}

QueueGroup::QueueGroup(QueueDefinition definition, std::shared_ptr<QueueRoom> room, Moment now)
    : definition_(std::move(definition)),
      dead_letter_target_(definition_.dead_letter_target()),
      lanes_(definition_.order, definition_.lanes, definition_.last_value),
      dispatcher_(definition_.dispatch, lanes_.lane_count(), definition_.max_inflight),
      message_ids_(definition_.dedup_window),
      room_(std::move(room)) {
  HERMOD_ASSERT(check(definition_).has_value());
  if (definition_.rate_in) rate_in_.emplace(*definition_.rate_in, now.steady);
  if (definition_.rate_out) rate_out_.emplace(*definition_.rate_out, now.steady);
}

const QueueGroup::Item& QueueGroup::item(Seq seq) const {
  const Item* found = items_.find(seq);
  HERMOD_ASSERT(found != nullptr);
  return *found;
}

// --- settlement ---

QueueGroup::Settled QueueGroup::settle(LeaseId lease, Outcome outcome,
                                       std::optional<std::chrono::seconds> retry_after, Moment now,
                                       bool is_exchange_open) {
  Lease* const found = leases_.find(lease);
  if (found == nullptr) return Settled::Unknown;
  const bool is_late = found->phase == Lease::Phase::Over;
  const ConsumerId consumer = found->consumer;
  if (is_late) {
    forget_lease(*found);
  } else {
    end_lease(*found, outcome, retry_after, now, is_exchange_open);
  }
  forget_if_gone(consumer);
  pump(now);
  return is_late ? Settled::Late : Settled::Now;
}

/// The message is nobody's any more. Does not lend.
void QueueGroup::end_lease(Lease& lease, Outcome outcome, std::optional<std::chrono::seconds> retry_after,
                           Moment now, bool is_exchange_open) {
  const Seq seq = lease.seq;
  LetGo gone = let_go(lease, outcome, is_exchange_open || outcome == Outcome::TimedOut);
  const Verdict verdict =
      judge(outcome, item(seq).deliveries, retry_after, definition_.retry, definition_.max_deliveries);
  if (verdict.what != Verdict::What::Remove) held_.put(seq, std::move(gone.message));
  switch (verdict.what) {
    case Verdict::What::Remove:
      return remove(seq, Removal::Acknowledged, std::move(gone.claim));
    case Verdict::What::Die:
      return die(seq, verdict.reason, now, std::move(gone.claim));
    case Verdict::What::Again:
      return try_again(seq, outcome, verdict.pause, now, std::move(gone.claim));
  }
}

/// Nobody has the entry any more; what becomes of it is the caller's affair, and its claim goes with that.
QueueGroup::LetGo QueueGroup::let_go(Lease& lease, Outcome outcome, bool is_exchange_open) {
  Item& entry = item(lease.seq);
  HERMOD_ASSERT(entry.lease == lease.id);
  entry.lease = {};
  note(lease.seq, entry);
  take_from(lent_, entry.size);
  MessagePtr message = std::exchange(lease.message, {});
  EndedClaim claim;
  if (lease.is_claim)
    claim = {.lease = lease.id,
             .is_released = outcome == Outcome::Done || is_exchange_open,
             .unanswered = is_exchange_open ? message : MessagePtr{},
             .deliveries = is_exchange_open ? std::uint32_t{entry.deliveries} : 0};
  leases_.cancel_deadline(lease);
  if (is_exchange_open && !lease.is_parked) {
    lease.phase = Lease::Phase::Over;  // the client holds it against its Receive Maximum [MQTT-3.3.4-9]
  } else {
    forget_lease(lease);
  }
  return {std::move(claim), std::move(message)};
}

void QueueGroup::try_again(Seq seq, Outcome outcome, milliseconds pause, Moment now, EndedClaim claim) {
  if (leaves_instead(seq, now, claim)) return;
  Item& entry = item(seq);
  entry.has_state = true;
  effects_.emplace_back(PutDeliveryState{
      .seq = seq,
      .state = {.deliveries = entry.deliveries, .due = now.wall + pause, .pause = pause, .last = outcome},
      .claim = std::move(claim)});
  entry.is_settling = true;
  ++settling_;
  note(seq, entry);
  hold_up(seq);
  if (pause.count() > 0) retries_.set(seq, now.steady + pause);
}

/// What would wait again leaves when its time is over, or its value, or when nobody answers for it; the claim
/// with it.
bool QueueGroup::leaves_instead(Seq seq, Moment now, EndedClaim& claim) {
  if (item(seq).is_never_stored) {
    remove(seq, Removal::NeverStored, std::move(claim));
    return true;
  }
  if (is_closing_) {
    remove(seq, Removal::Purged, std::move(claim));
    return true;
  }
  if (definition_.last_value && has_newer(seq)) {
    remove(seq, Removal::Replaced, std::move(claim));
    return true;
  }
  age(seq, now);
  if (item(seq).expires_at > now.steady) return false;
  die(seq, DeathReason::Expired, now, std::move(claim));
  return true;
}

bool QueueGroup::has_newer(Seq seq) const {
  return seq < lanes_.entries_of(lanes_.key_of(seq))->back();
}

/// Its key waits for it. Delayed it may be already.
void QueueGroup::hold_up(Seq seq) {
  if (!lanes_.is_delayed(seq)) lanes_.delay(seq);
}

void QueueGroup::die(Seq seq, DeathReason reason, Moment now, EndedClaim claim) {
  if (dead_letter_target_.empty()) return remove(seq, removal_for(reason), std::move(claim));
  Item& dying = item(seq);
  effects_.emplace_back(MoveToDeadLetters{.seq = seq,
                                          .has_state = dying.has_state,
                                          .claim = std::move(claim),
                                          .entry = dead_entry(seq, reason, now),
                                          .size = dying.size});
  begin_end(seq, dying);
  hold_up(seq);
}

QueueEntry QueueGroup::dead_entry(Seq seq, DeathReason reason, Moment now) const {
  const Item& entry = item(seq);
  const MessagePtr message = message_of(seq);
  QueueEntry dead{.message = message ? without_expiry(message) : MessagePtr{},
                  .key = std::string(lanes_.key_of(seq)),
                  .deaths = entry.deaths(),
                  .moved_at = now.wall};
  dead.deaths.push_back(
      {.queue = definition_.name, .reason = reason, .deliveries = entry.deliveries, .at = now.wall});
  return dead;
}

/// What was acknowledged holds up its key no longer; in front of anything else the key waits for the store,
/// because a kill could bring it back unread.
void QueueGroup::remove(Seq seq, Removal why, EndedClaim claim) {
  Item& leaving = item(seq);
  effects_.emplace_back(EraseEntry{.seq = seq,
                                   .why = why,
                                   .has_state = leaving.has_state,
                                   .claim = std::move(claim),
                                   .message = is_like_death(why) ? message_of(seq) : MessagePtr{}});
  begin_end(seq, leaving);
  if (why == Removal::Acknowledged) return lanes_.pass(seq);
  hold_up(seq);
}

/// From now on it only waits for the store.
void QueueGroup::begin_end(Seq seq, Item& ending) {
  HERMOD_ASSERT(may_leave(ending));
  ending.is_settling = ending.is_gone = true;
  ++settling_;
  note(seq, ending);
  add_to(going_, ending.size);
  let_go_of(seq);
}

/// Nothing of it is held or happens by time any more.
void QueueGroup::let_go_of(Seq seq) {
  held_.take(seq);
  evicting_.take(seq);
  retries_.cancel(seq);
  expiries_.cancel(seq);
}

void QueueGroup::on_settled(Seq seq, Moment now) {
  Item& settled = item(seq);
  HERMOD_ASSERT(settled.is_settling);
  settled.is_settling = false;
  --settling_;
  if (settled.is_gone) {
    drop_item(seq);
  } else {
    stay(seq);
  }
  tell_to_ask_again();
  pump(now);
}

/// Out of memory and out of the count. Precondition: nobody has it.
void QueueGroup::drop_item(Seq seq) {
  const Item& dropped = item(seq);
  HERMOD_ASSERT(dropped.lease.v == 0);
  room_->give_back({1, dropped.size});
  if (dropped.is_gone) {
    take_from(going_, dropped.size);
  } else {
    let_go_of(seq);
  }
  lanes_.erase(seq);
  if (!free_.empty()) free_.erase(seq);
  items_.erase(seq);
}

// --- time and operators ---

void QueueGroup::advance(Moment now) {
  end_overdue(now);
  wake_retries(now);
  forget_message_ids(now);
  forget_evicting(now);
  go_on_closing();
  go_on_purging();
  go_on_reviewing(now);
  go_on_trimming(now);
  pump(now);
}

void QueueGroup::end_overdue(Moment now) {
  std::size_t left = kSlice;
  for (; left > 0; --left) {
    Lease* const lease = leases_.first(Lease::Deadline::Answer);
    if (lease == nullptr || deadline_of(*lease) > now.steady) break;
    const ConsumerId consumer = lease->consumer;
    end_lease(*lease, Outcome::TimedOut, std::nullopt, now);
    forget_if_gone(consumer);
  }
  for (; left > 0; --left) {
    Lease* const lease = leases_.first(Lease::Deadline::Sending);
    if (lease == nullptr || deadline_of(*lease) > now.steady) break;
    recall(*lease);
  }
}

/// A slice of what is due. What is about to leave, or on its way to the store, stays delayed until that is
/// known.
void QueueGroup::wake_retries(Moment now) {
  for (std::size_t left = kSlice; left > 0; --left) {
    const auto seq = retries_.take_due(now.steady);
    if (!seq) return;
    if (may_leave(item(*seq))) lanes_.requeue(*seq);
  }
}

/// What a consumer has is judged when it comes back.
void QueueGroup::drop_expired(Moment now) {
  for (std::size_t left = kSlice; left > 0 && !is_store_behind(); --left) {
    const auto seq = expiries_.take_due(now.steady);
    if (!seq) return;
    age(*seq, now);
    if (item(*seq).expires_at > now.steady) {
      watch_expiry(*seq);
    } else if (may_leave(item(*seq))) {
      die(*seq, DeathReason::Expired, now);
    }
  }
}

void QueueGroup::forget_message_ids(Moment now) {
  std::vector<std::uint64_t> numbers = message_ids_.forget_old(now.steady, kSlice);
  if (!numbers.empty()) effects_.emplace_back(EraseMessageIds{std::move(numbers)});
}

std::optional<MonotonicTime> QueueGroup::next_due(Moment now) const {
  std::optional<MonotonicTime> next;
  const auto at = [&](std::optional<MonotonicTime> due) {
    if (due && (!next || *due < *next)) next = *due;
  };
  for (const Lease::Deadline deadline : {Lease::Deadline::Answer, Lease::Deadline::Sending})
    if (const Lease* const first = leases_.first(deadline)) at(deadline_of(*first));
  const bool is_leaving = purge_from_ < purge_to_ || is_trimming_ || close_from_;
  const bool is_in_slices = (is_leaving && !is_store_behind()) || review_from_;
  const bool looks = early_from_.v == 0 && !is_reading(ReadFor::Looking) &&
                     (!newcomers(Looks::Ahead, now).empty() || !newcomers(Looks::Hungry, now).empty());
  if (is_in_slices || is_cut_short_ || looks) at(now.steady);
  at(retries_.next_due());
  if (!is_store_behind()) at(expiries_.next_due());
  at(message_ids_.next_end());
  if (may_forget_evicting()) at(evicting_until_);
  const bool may_lend = lends() && dispatcher_.has_room() && !is_reading(ReadFor::Lending);
  if (rate_out_ && may_lend && choose()) at(rate_out_->next_token(now.steady));
  return next;
}

void QueueGroup::set_paused(bool paused, Moment now) {
  is_paused_ = paused;
  pump(now);
}

void QueueGroup::set_store_failed(bool failed) {
  has_store_failed_ = failed;
  if (failed) tell_to_ask_again();
}

void QueueGroup::set_read_failed(bool failed) {
  if (failed && !has_read_failed_) tell_to_ask_again();
  has_read_failed_ = failed;
}

void QueueGroup::purge(Moment now) {
  if (items_.empty()) return;
  purge_from_ = Seq{};
  purge_to_ = Seq{items_.last()->v + 1};
  go_on_purging();
  pump(now);
}

void QueueGroup::go_on_purging() {
  if (is_store_behind()) return;
  const auto next = visit_slice(purge_from_, [this](Seq seq, Item& purged) {
    if (seq < purge_to_ && may_leave(purged)) remove(seq, Removal::Purged);
    return seq < purge_to_;
  });
  purge_from_ = std::min(next.value_or(purge_to_), purge_to_);
}

bool QueueGroup::is_above_limits() const {
  const Amount held = room_->held();
  return room_->is_above_limits({held.messages - going_.messages, held.bytes - going_.bytes});
}

/// A limit was lowered: the oldest leave, as they would for one that comes. What somebody has stays, and may
/// stay above the limit.
void QueueGroup::go_on_trimming(Moment now) {
  if (!is_trimming_ || is_store_behind()) return;
  const auto next = visit_slice(trim_from_, [&](Seq seq, Item& trimmed) {
    if (!is_above_limits()) return false;
    if (!may_leave(trimmed)) return true;
    if (definition_.overflow == QueueDefinition::Overflow::DeadLetter) {
      die(seq, DeathReason::MaxLength, now);
    } else {
      remove(seq, Removal::MaxLength);
    }
    return true;
  });
  is_trimming_ = next && is_above_limits();
  if (is_trimming_) trim_from_ = *next;
}

}  // namespace hermod::queue
