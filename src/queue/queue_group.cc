// Who gets what, and what becomes of it. How messages come in is in queue_admission.cc.

#include "queue/queue_group.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

using std::chrono::milliseconds;
using wire::QoS;

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

namespace {

MessagePtr without_expiry(const MessagePtr& message) {
  if (message->expires_at() == Message::kNever) return message;
  return Message::create({.topic = message->topic(),
                          .payload = message->payload(),
                          .forwarded_properties = message->forwarded_properties(),
                          .qos = message->qos(),
                          .retain = message->retain(),
                          .publisher = message->publisher(),
                          .matched_version = message->matched_version(),
                          .stored_at = message->stored_at()});
}

}  // namespace

QueueGroup::QueueGroup(QueueDefinition definition, Moment now)
    : definition_(std::move(definition)),
      dead_letter_target_(definition_.dead_letter_target()),
      lanes_(definition_.order, definition_.lanes),
      dispatcher_(definition_.dispatch, lanes_.lane_count()),
      message_ids_(definition_.dedup_window) {
  HERMOD_ASSERT(check(definition_).has_value());
  if (definition_.rate_in) rate_in_.emplace(*definition_.rate_in, now.steady);
  if (definition_.rate_out) rate_out_.emplace(*definition_.rate_out, now.steady);
}

QueueGroup::Item& QueueGroup::item(Seq seq) const {
  const auto found = items_.find(seq);
  HERMOD_ASSERT(found != items_.end());
  return *found->second;
}

// --- consumers ---

void QueueGroup::join(ConsumerId id, ConsumerOptions options, Moment now) {
  HERMOD_ASSERT(options.prefetch >= 1);
  Consumer& consumer = consumers_[id];
  HERMOD_ASSERT(!consumer.is_connected);
  consumer.options = std::move(options);
  consumer.is_connected = true;
  if (is_choosy(consumer.options)) ++choosy_;
  dispatcher_.join(id, consumer.options.prefetch, static_cast<std::uint32_t>(consumer.leases.size()));
  pump(now);
}

void QueueGroup::disconnect(ConsumerId id, Moment now) {
  requeue_all(id, /*keep_claims=*/true, now);
}

void QueueGroup::leave(ConsumerId id, Moment now) {
  requeue_all(id, /*keep_claims=*/false, now);
}

/// What is kept holds up its key, and not the lane: that may wait for a session to end.
void QueueGroup::requeue_all(ConsumerId id, bool keep_claims, Moment now) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  Consumer& consumer = found->second;
  if (consumer.is_connected && is_choosy(consumer.options)) --choosy_;
  if (consumer.is_connected) dispatcher_.leave(id);
  consumer.is_connected = false;
  const absl::btree_set<LeaseId> leases = consumer.leases;
  for (const LeaseId lease : leases) {
    const Lease& it = leases_.at(lease);
    if (it.timed_out) {
      forget_lease(lease);
    } else if (!keep_claims || !it.is_claim) {
      leases_.at(lease).is_claim = false;
      end_lease(lease, Outcome::ConnectionLost, std::nullopt, now);
    } else if (lanes_.is_in_flight(it.seq)) {
      lanes_.delay(it.seq);
    }
  }
  if (consumer.leases.empty()) consumers_.erase(found);
  pump(now);
}

void QueueGroup::set_paused(ConsumerId id, bool paused, Moment now) {
  dispatcher_.set_paused(id, paused);
  pump(now);
}

// --- delivery ---

/// Lends what can be lent.
void QueueGroup::pump(Moment now) {
  drop_expired(now);
  if (is_paused_) return;
  while (dispatcher_.has_room() && (!rate_out_ || rate_out_->has_token(now.steady))) {
    const std::optional<Next> next = choose();
    if (!next) return;
    if (rate_out_) rate_out_->take(now.steady);
    lend(*next, now);
  }
}

/// The oldest entry that somebody can take. A lane whose consumer has no room does not stop the others.
std::optional<QueueGroup::Next> QueueGroup::choose() const {
  for (const auto& [first, lane] : lanes_.ready_lanes()) {
    for (const Seq seq : lanes_.ready_in(lane)) {
      if (const auto consumer = consumer_for(lane, seq)) return Next{seq, *consumer};
      if (choosy_ == 0) break;  // what nobody can take does not depend on the message
    }
  }
  return std::nullopt;
}

std::optional<ConsumerId> QueueGroup::consumer_for(LaneNo lane, Seq seq) const {
  const auto accepts_it = [&](ConsumerId id) { return choosy_ == 0 || accepts(id, seq); };
  const std::optional<ConsumerId> holder = lanes_.holder(lane);
  if (!holder) return dispatcher_.choose(lane, accepts_it);
  if (!dispatcher_.has(*holder) || !dispatcher_.has_room(*holder) || !accepts_it(*holder))
    return std::nullopt;
  if (dispatcher_.is_wanted_elsewhere(lane, *holder, lanes_.lanes_held(*holder), accepts_it))
    return std::nullopt;
  return holder;
}

/// Its key goes on when an acknowledgement is decided, so that a key is not as slow as the disk: what a kill
/// brings back comes in order, and again. A claim is durable by itself, and must not be before them.
bool QueueGroup::accepts(ConsumerId id, Seq seq) const {
  const ConsumerOptions& options = consumers_.at(id).options;
  if (options.qos == QoS::ExactlyOnce && lanes_.follows_passed(seq)) return false;
  return options.filter.matches(item(seq).message->forwarded_properties());
}

/// For the others, what nobody can take does not depend on the message.
bool QueueGroup::is_choosy(const ConsumerOptions& options) {
  return options.qos == QoS::ExactlyOnce || !options.filter.empty();
}

/// At QoS 0 the delivery ends when it begins.
void QueueGroup::lend(const Next& next, Moment now) {
  Item& entry = item(next.seq);
  Consumer& consumer = consumers_.at(next.consumer);
  const LeaseId id{++last_lease_};
  const QoS qos = consumer.options.qos;
  ++entry.deliveries;
  entry.lease = id;
  Lease& lease = leases_[id];
  lease.consumer = next.consumer;
  lease.seq = next.seq;
  lease.is_claim = qos == QoS::ExactlyOnce;
  consumer.leases.insert(id);
  dispatcher_.took(next.consumer, lanes_.lane_of(next.seq));
  lanes_.acquire(next.seq, next.consumer);
  effects_.emplace_back(
      Deliver{.lease = id,
              .consumer = next.consumer,
              .seq = next.seq,
              .deliveries = entry.deliveries,
              .is_claimed = qos == QoS::ExactlyOnce,
              .first_death = entry.deaths.empty() ? std::nullopt : std::optional(entry.deaths.front()),
              .message = entry.message});
  if (qos == QoS::AtLeastOnce) {
    lease.may_time_out = true;  // behind all others: the timeout is the same for each
    lease.deadline = now.steady + definition_.ack_timeout;
    lease.in_timeouts = ack_timeouts_.insert(ack_timeouts_.end(), id);
  }
  if (qos == QoS::AtMostOnce) end_lease(id, Outcome::Done, std::nullopt, now);
}

// --- settlement ---

QueueGroup::Settled QueueGroup::settle(LeaseId lease, Outcome outcome,
                                       std::optional<std::chrono::seconds> retry_after, Moment now) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return Settled::Unknown;
  const bool is_late = found->second.timed_out;
  if (is_late) {
    forget_lease(lease);
  } else {
    end_lease(lease, outcome, retry_after, now);
  }
  pump(now);
  return is_late ? Settled::Late : Settled::Now;
}

/// The message is nobody's any more. Does not lend.
void QueueGroup::end_lease(LeaseId id, Outcome outcome, std::optional<std::chrono::seconds> retry_after,
                           Moment now) {
  Lease& lease = leases_.at(id);
  const Seq seq = lease.seq;
  Item& entry = item(seq);
  HERMOD_ASSERT(entry.lease == id);
  entry.lease = {};
  if (lease.is_claim) entry.ended_claim = id;
  if (lease.may_time_out) ack_timeouts_.erase(lease.in_timeouts);
  lease.may_time_out = false;
  if (outcome == Outcome::TimedOut) {
    lease.timed_out = true;  // the client still holds it against its Receive Maximum [MQTT-3.3.4-9]
  } else {
    forget_lease(id);
  }
  const Verdict verdict =
      judge(outcome, entry.deliveries, retry_after, definition_.retry, definition_.max_deliveries);
  switch (verdict.what) {
    case Verdict::What::Remove:
      return remove(seq, Removal::Acknowledged);
    case Verdict::What::Die:
      return die(seq, verdict.reason, now);
    case Verdict::What::Again:
      return try_again(seq, outcome, verdict.pause, now);
  }
}

void QueueGroup::forget_lease(LeaseId id) {
  const auto lease = leases_.find(id);
  const auto consumer = consumers_.find(lease->second.consumer);
  consumer->second.leases.erase(id);
  if (consumer->second.is_connected) dispatcher_.returned(consumer->first);
  leases_.erase(lease);
}

void QueueGroup::try_again(Seq seq, Outcome outcome, milliseconds pause, Moment now) {
  Item& entry = item(seq);
  if (definition_.last_value && has_newer(seq)) return remove(seq, Removal::Replaced);
  if (entry.expires_at <= now.wall) return die(seq, DeathReason::Expired, now);
  entry.has_state = true;
  effects_.emplace_back(PutDeliveryState{
      .seq = seq,
      .state = {.deliveries = entry.deliveries, .due = now.wall + pause, .pause = pause, .last = outcome},
      .claim = std::exchange(entry.ended_claim, {})});
  entry.is_settling = true;
  if (!lanes_.is_delayed(seq)) lanes_.delay(seq);
  if (pause.count() > 0) retries_.set(seq, now.steady + pause);
}

bool QueueGroup::has_newer(Seq seq) const {
  return seq < *lanes_.entries_of(lanes_.key_of(seq))->rbegin();
}

void QueueGroup::die(Seq seq, DeathReason reason, Moment now) {
  if (dead_letter_target_.empty()) return remove(seq, removal_for(reason));
  effects_.emplace_back(MoveToDeadLetters{.seq = seq,
                                          .has_state = item(seq).has_state,
                                          .claim = std::exchange(item(seq).ended_claim, {}),
                                          .entry = dead_entry(seq, reason, now)});
  begin_end(seq);
  if (!lanes_.is_delayed(seq)) lanes_.delay(seq);
}

QueueEntry QueueGroup::dead_entry(Seq seq, DeathReason reason, Moment now) const {
  const Item& entry = item(seq);
  QueueEntry dead{.message = without_expiry(entry.message),
                  .key = std::string(lanes_.key_of(seq)),
                  .deaths = entry.deaths,
                  .moved_at = now.wall};
  dead.deaths.push_back(
      {.queue = definition_.name, .reason = reason, .deliveries = entry.deliveries, .at = now.wall});
  return dead;
}

/// What was acknowledged holds up its key no longer; in front of anything else the key waits for the store,
/// because a kill could bring it back unread.
void QueueGroup::remove(Seq seq, Removal why) {
  effects_.emplace_back(EraseEntry{.seq = seq,
                                   .why = why,
                                   .has_state = item(seq).has_state,
                                   .claim = std::exchange(item(seq).ended_claim, {})});
  begin_end(seq);
  if (why == Removal::Acknowledged) return lanes_.pass(seq);
  if (!lanes_.is_delayed(seq)) lanes_.delay(seq);
}

/// From now on it only waits for the store.
void QueueGroup::begin_end(Seq seq) {
  Item& ending = item(seq);
  HERMOD_ASSERT(may_leave(ending));
  ending.is_settling = ending.is_gone = true;
  retries_.cancel(seq);
  expiries_.cancel(seq);
}

void QueueGroup::on_settled(Seq seq, Moment now) {
  Item& settled = item(seq);
  HERMOD_ASSERT(settled.is_settling);
  settled.is_settling = false;
  if (settled.is_gone) {
    drop_item(seq);
  } else {
    stay(seq);
  }
  pump(now);
}

/// Out of memory and out of the count. Precondition: nobody has it.
void QueueGroup::drop_item(Seq seq) {
  const auto found = items_.find(seq);
  HERMOD_ASSERT(found->second->lease.v == 0);
  amount_.messages -= 1;
  amount_.bytes -= found->second->message->size();
  lanes_.erase(seq);
  retries_.cancel(seq);
  expiries_.cancel(seq);
  items_.erase(found);
}

// --- time and operators ---

void QueueGroup::advance(Moment now) {
  end_overdue(now);
  wake_retries(now);
  forget_message_ids(now);
  pump(now);
}

void QueueGroup::end_overdue(Moment now) {
  while (!ack_timeouts_.empty() && leases_.at(ack_timeouts_.front()).deadline <= now.steady)
    end_lease(ack_timeouts_.front(), Outcome::TimedOut, std::nullopt, now);
}

/// What is about to leave, or on its way to the store, stays delayed until that is known.
void QueueGroup::wake_retries(Moment now) {
  while (const auto seq = retries_.take_due(now.steady))
    if (may_leave(item(*seq))) lanes_.requeue(*seq);
}

/// What a consumer has is judged when it comes back.
void QueueGroup::drop_expired(Moment now) {
  while (const auto seq = expiries_.take_due(now.wall))
    if (may_leave(item(*seq))) die(*seq, DeathReason::Expired, now);
}

void QueueGroup::forget_message_ids(Moment now) {
  std::vector<std::uint64_t> numbers = message_ids_.forget_old(now.wall);
  if (!numbers.empty()) effects_.emplace_back(EraseMessageIds{std::move(numbers)});
}

std::optional<MonotonicTime> QueueGroup::next_due(Moment now) const {
  std::optional<MonotonicTime> next;
  const auto at = [&](std::optional<MonotonicTime> due) {
    if (due && (!next || *due < *next)) next = *due;
  };
  const auto at_wall = [&](WallTime due) {
    at(now.steady + std::max(due - now.wall, WallTime::duration{0}));
  };
  if (!ack_timeouts_.empty()) at(leases_.at(ack_timeouts_.front()).deadline);
  at(retries_.next_due());
  if (const auto expiry = expiries_.next_due()) at_wall(*expiry);
  if (const auto end = message_ids_.next_end()) at_wall(*end);
  if (rate_out_ && !is_paused_ && dispatcher_.has_room() && !lanes_.ready_lanes().empty())
    at(rate_out_->next_token(now.steady));
  return next;
}

void QueueGroup::set_paused(bool paused, Moment now) {
  is_paused_ = paused;
  pump(now);
}

void QueueGroup::purge(Moment now) {
  std::vector<Seq> purged;
  for (const auto& [seq, entry] : items_)
    if (may_leave(*entry)) purged.push_back(seq);
  for (const Seq seq : purged) remove(seq, Removal::Purged);
  pump(now);
}

}  // namespace hermod::queue
