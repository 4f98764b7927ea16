// What an operator does to a queue while it runs: other options, an end, a message that goes elsewhere.

#include <utility>

#include "base/assert.h"
#include "queue/queue_group.h"

namespace hermod::queue {

namespace {

/// A rate that stays keeps its tokens.
void change_rate(std::optional<TokenBucket>& bucket, const std::optional<Rate>& to, Moment now) {
  if (!to) return bucket.reset();
  if (!bucket || !(bucket->rate() == *to)) bucket.emplace(*to, now.steady);
}

}  // namespace

// --- other options ---

Status QueueGroup::change(const QueueDefinition& to, Moment now) {
  if (Status status = check_change(definition_, to, is_empty()); !status) return status;
  const QueueDefinition from = std::exchange(definition_, to);
  dead_letter_target_ = to.dead_letter_target();
  if (from.order != to.order || from.lanes != to.lanes ||
      (to.last_value && !from.last_value)) {  // it is empty
    lanes_ = Lanes(to.order, to.lanes, to.last_value);
    lanes_.watch(!wishes_.is_empty());
  }
  dispatcher_.change(to.dispatch, lanes_.lane_count(), to.max_inflight);
  change_rate(rate_in_, to.rate_in, now);
  change_rate(rate_out_, to.rate_out, now);
  message_ids_.set_window(to.dedup_window);
  room_->set_limits(to.max_length, to.max_bytes);
  free_.clear();
  evicting_ = HeldMessages();  // there may be room, or other rules for who makes it
  for (auto& [id, pending] : pending_) pending.expires_at = expiry_of(pending.entry, now);
  review_from_ = Seq{};
  is_trimming_ = takes_oldest();
  trim_from_ = {};
  tell_to_ask_again();  // there may be room
  advance(now);
  return {};
}

/// What the old options made of an entry is made anew, a slice at a time.
void QueueGroup::go_on_reviewing(Moment now) {
  if (!review_from_) return;
  review_from_ = visit_slice(*review_from_, [&](Seq seq, Item& reviewed) {
    note(seq, reviewed);
    if (reviewed.is_gone) return true;
    reviewed.expires_at = expiry_of(reviewed, now);
    expiries_.cancel(seq);
    watch_expiry(seq);
    return true;
  });
  if (!review_from_) tell_to_ask_again();
}

/// What is judged before its slice comes is judged by the options as they are.
void QueueGroup::age(Seq seq, Moment now) {
  if (!review_from_ || seq < *review_from_) return;
  Item& aged = item(seq);
  aged.expires_at = expiry_of(aged, now);
}

// --- its end ---

Status QueueGroup::close(bool force, Moment now) {
  if (!force && !is_empty())
    return failure(Errc::Busy,
                   "force: the queue holds " + std::to_string(room_->held().messages) + " messages");
  is_closing_ = true;
  close_from_ = Seq{};
  evicting_ = HeldMessages();
  tell_to_ask_again();
  advance(now);
  return {};
}

/// What consumers have of it is not theirs any more, a slice at a time. What is not sent is called back, and
/// leaves when it comes or was sent: nobody knows before whether it has a claim.
void QueueGroup::go_on_closing() {
  if (!close_from_ || is_store_behind()) return;
  close_from_ = visit_slice(*close_from_, [&](Seq seq, const Item& leaving) {
    if (leaving.lease.v != 0) {
      Lease& lease = leases_.at(leaving.lease);
      lease.phase == Lease::Phase::Lent ? recall(lease) : take_away(lease);
    } else if (may_leave(leaving)) {
      remove(seq, Removal::Purged);
    }
    return true;
  });
}

/// From a consumer that was sent it: its exchange ends as if it had been too late.
void QueueGroup::take_away(Lease& lease) {
  const ConsumerId consumer = lease.consumer;
  const Seq seq = lease.seq;
  remove(seq, Removal::Purged, let_go(lease, Outcome::TimedOut, /*is_exchange_open=*/true).claim);
  forget_if_gone(consumer);
}

// --- a message that goes elsewhere ---

std::optional<QueueGroup::Moving> QueueGroup::begin_move(Seq seq, Moment now) {
  Item* found = items_.find(seq);
  if (found == nullptr || !may_leave(*found)) return std::nullopt;
  Item& moving = *found;
  moving.is_leaving = true;
  note(seq, moving);
  hold_up(seq);
  return Moving{.entry = {.message = message_of(seq),
                          .key = std::string(lanes_.key_of(seq)),
                          .deaths = moving.deaths(),
                          .moved_at = now.wall},
                .has_state = moving.has_state};
}

void QueueGroup::on_moved(Seq seq, Moment now) {
  HERMOD_ASSERT(item(seq).is_leaving);
  drop_item(seq);
  tell_to_ask_again();
  pump(now);
}

void QueueGroup::on_not_moved(Seq seq, Moment now) {
  HERMOD_ASSERT(item(seq).is_leaving);
  stay(seq);
  tell_to_ask_again();
  pump(now);
}

std::vector<QueueGroup::Peeked> QueueGroup::peek(Seq from, std::size_t most) const {
  std::vector<Peeked> peeked;
  for (auto it = items_.first_from(from); it && peeked.size() < most;
       it = items_.first_from(Seq{it->v + 1})) {
    const Seq seq = *it;
    const Item& entry = item(seq);
    if (entry.is_gone) continue;  // only the store does not know yet
    Peeked& one = peeked.emplace_back(Peeked{.seq = seq,
                                             .message = message_of(seq),
                                             .key = std::string(lanes_.key_of(seq)),
                                             .deaths = entry.deaths(),
                                             .deliveries = entry.deliveries,
                                             .consumer = {},
                                             .due = retries_.time_of(seq)});
    if (entry.lease.v != 0) one.consumer = leases_.at(entry.lease).consumer;
  }
  return peeked;
}

QueueGroup::Look QueueGroup::look() const {
  Look look{.out = lent_.messages, .waiting = retries_.size()};
  if (const auto oldest = items_.first()) look.oldest = item(*oldest).since();
  return look;
}

}  // namespace hermod::queue
