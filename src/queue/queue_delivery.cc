// Who is there, who gets what, and how it comes back unread.

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "queue/queue_group.h"

namespace hermod::queue {

using wire::QoS;

// --- consumers ---

void QueueGroup::join(ConsumerId id, AttachmentNo attachment, ConsumerOptions options, Moment now) {
  Consumer* consumer = &consumers_[id];
  if (attachment <= consumer->attachment) return;
  if (consumer->is_attached) {
    requeue_all(id, consumer->attachment, /*keep_claims=*/true, now);
    consumer = &consumers_[id];
  }
  for (Lease* it = consumer->leases.first(); it != nullptr; it = LeasesOfConsumer::behind(*it)) {
    if (!it->is_claim) continue;
    it->attachment = attachment;  // it goes on here
    it->is_parked = false;
    it->is_resumed = true;
  }
  consumer->options = std::move(options);
  consumer->most_bytes = Wish::kAnySize;
  consumer->attachment = attachment;
  consumer->is_attached = true;
  dispatcher_.join(id, static_cast<std::uint32_t>(consumer->leases.size()));
  set_wish(id, *consumer);
  pump(now);
}

/// Null when that is not where the consumer is.
QueueGroup::Consumer* QueueGroup::attached(ConsumerId id, AttachmentNo attachment) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return nullptr;
  return found->second.is_attached && found->second.attachment == attachment ? &found->second : nullptr;
}

void QueueGroup::grant(ConsumerId id, AttachmentNo attachment, std::uint64_t limit, Moment now) {
  if (attached(id, attachment) == nullptr) return;
  dispatcher_.grant(id, limit);
  pump(now);
}

void QueueGroup::change_options(ConsumerId id, AttachmentNo attachment, ConsumerOptions options, Moment now) {
  Consumer* consumer = attached(id, attachment);
  if (consumer == nullptr) return;
  consumer->options = std::move(options);
  set_wish(id, *consumer);
  pump(now);
}

void QueueGroup::detach(ConsumerId id, Consumer& consumer) {
  if (!consumer.is_attached) return;
  const WishNo wish = dispatcher_.wish_of(id);
  dispatcher_.leave(id);
  drop_wish(wish);
  consumer.is_attached = false;
}

void QueueGroup::drain(ConsumerId id, AttachmentNo attachment, Moment now) {
  Consumer* consumer = attached(id, attachment);
  if (consumer == nullptr) return;
  detach(id, *consumer);
  for (Lease* it = consumer->leases.first(); it != nullptr; it = LeasesOfConsumer::behind(*it))
    if (it->phase == Lease::Phase::Lent) recall(*it);
  forget_if_gone(id);
  pump(now);
}

void QueueGroup::disconnect(ConsumerId id, AttachmentNo attachment, Moment now) {
  requeue_all(id, attachment, /*keep_claims=*/true, now);
  pump(now);
}

void QueueGroup::leave(ConsumerId id, Moment now) {
  requeue_all(id, AttachmentNo{~0ULL}, /*keep_claims=*/false, now);
  pump(now);
}

/// Of all attachments up to `last`. What is kept holds up its key, and not the lane: that may wait for a
/// session to end.
void QueueGroup::requeue_all(ConsumerId id, AttachmentNo last, bool keep_claims, Moment now) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  Consumer& consumer = found->second;
  if (consumer.attachment <= last) detach(id, consumer);
  for (Lease *next = consumer.leases.first(), *here = next; here != nullptr; here = next) {
    next = LeasesOfConsumer::behind(*here);
    Lease& it = *here;
    if (last < it.attachment) continue;
    if (it.phase == Lease::Phase::Over) {
      forget_lease(it);
    } else if (it.is_claim && keep_claims) {
      it.is_parked = true;
      if (lanes_.is_in_flight(it.seq)) lanes_.delay(it.seq);
    } else if (it.phase == Lease::Phase::Lent) {
      // Also with a claim: should that be durable all the same, it goes with its session.
      take_back(it, now);
    } else {
      it.is_claim = false;
      end_lease(it, Outcome::ConnectionLost, std::nullopt, now);
    }
  }
  forget_if_gone(id);
}

// --- delivery ---

void QueueGroup::act(Moment now) {
  is_holding_back_ = false;
  pump(now);
}

/// Does what has become possible, unless more is about to happen.
void QueueGroup::pump(Moment now) {
  if (is_holding_back_) return;
  drop_expired(now);
  examine_ready();
  examine_unexamined();
  examine_for_newcomers(Looks::Ahead, now);
  lend_all(now);
  if (examine_for_newcomers(Looks::Hungry, now)) lend_all(now);
  read_for_looking(now);
  read_ahead();
  hold_what_is_wanted();
  in_hand_.clear();
  trim_held();
}

/// Lends what can be lent.
void QueueGroup::lend_all(Moment now) {
  is_cut_short_ = false;
  lend_in_order(now);
  lanes_.show_again();
}

void QueueGroup::lend_in_order(Moment now) {
  std::size_t dead = 0;
  while (lends() && dispatcher_.has_room() && (!rate_out_ || rate_out_->has_token(now.steady))) {
    const std::optional<Next> next = choose_next();
    if (!next) return;
    age(next->seq, now);
    Item& entry = item(next->seq);
    if (entry.expires_at <= now.steady) return;            // more than a slice; next_due() is now
    if (entry.deliveries >= definition_.max_deliveries) {  // there were more when it last failed
      is_cut_short_ = ++dead > kSlice;
      if (is_cut_short_) return;
      die(next->seq, DeathReason::DeliveryLimit, now);
      examine_ready();
      continue;
    }
    MessagePtr message = held_.take(next->seq);
    if (!message) message = message_of(next->seq);
    if (!message) return ask_for(ReadFor::Lending, next->seq);
    if (rate_out_) rate_out_->take(now.steady);
    lend(*next, entry, std::move(message), now);
    examine_ready();
  }
}

/// As choose() does, for lend_in_order(): nobody gets room while that goes on, so a lane whose consumer has
/// none is asked for once, and not for each entry that goes past it.
std::optional<QueueGroup::Next> QueueGroup::choose_next() {
  if (!wishes_.is_empty()) return choose();
  while (const auto ready = lanes_.first_ready_lane()) {
    if (const auto consumer = consumer_for(ready->lane, ready->first))
      return Next{ready->first, ready->lane, *consumer};
    const std::optional<ConsumerId> holder = lanes_.holder(ready->lane);
    if (!holder || dispatcher_.has_room(*holder)) return choose();
    lanes_.put_aside(ready->lane);
  }
  return std::nullopt;
}

/// The oldest entry that somebody can take. A lane whose consumer has no room does not stop the others: of
/// each lane only the first is looked at that somebody wants, once for each wish.
std::optional<QueueGroup::Next> QueueGroup::choose() const {
  std::optional<Next> oldest;
  const auto goes_on = [&](Seq first, LaneNo lane) {
    if (oldest && oldest->seq <= first) return false;
    const auto consumer = consumer_for(lane, first);
    if (consumer) oldest = Next{first, lane, *consumer};
    return !consumer;
  };
  if (dispatcher_.has_room(kWantsEverything)) lanes_.visit_ready_lanes(goes_on);
  if (wishes_.is_empty()) return oldest;
  wishes_.for_each([&](WishNo wish, const ReadySet& ready) {
    if (dispatcher_.has_room(wish)) ready.visit(goes_on);
  });
  return oldest;
}

std::optional<ConsumerId> QueueGroup::consumer_for(LaneNo lane, Seq seq) const {
  const auto accepts_it = [&](ConsumerId id) {
    if (wishes_.is_empty()) return true;
    const WishNo wish = dispatcher_.wish_of(id);
    return wish == kWantsEverything || wishes_.wants(wish, lane, seq);
  };
  const std::optional<ConsumerId> holder = lanes_.holder(lane);
  if (!holder) return dispatcher_.choose(lane, accepts_it);
  if (!dispatcher_.has_room(*holder) || !accepts_it(*holder)) return std::nullopt;
  const auto lanes_held = [&] { return lanes_.lanes_held(*holder); };
  if (dispatcher_.is_wanted_elsewhere(lane, *holder, lanes_held, accepts_it)) return std::nullopt;
  return holder;
}

/// A key goes on when an acknowledgement is decided, so that it is not as slow as the disk: what a kill
/// brings back comes in order, and again. A claim is durable by itself, and must not be before them.
void QueueGroup::set_wish(ConsumerId id, const Consumer& consumer) {
  const WishNo before = dispatcher_.wish_of(id);
  WishNo wish = kWantsEverything;
  const bool claims = consumer.options.qos == QoS::ExactlyOnce;
  if (claims || !consumer.options.filter.empty() || consumer.most_bytes != Wish::kAnySize) {
    wish =
        wishes_.add({.filter = consumer.options.filter, .claims = claims, .most_bytes = consumer.most_bytes});
    lanes_.watch(true);
  }
  dispatcher_.set_wish(id, wish);
  drop_wish(before);
}

void QueueGroup::drop_wish(WishNo wish) {
  if (wish == kWantsEverything) return;
  wishes_.remove(wish);
  lanes_.watch(!wishes_.is_empty());
  if (wishes_.is_empty()) unexamined_.clear();
}

std::optional<Offered> QueueGroup::offered(Seq seq) const {
  const std::uint64_t size = item(seq).size;
  if (!wishes_.has_filters()) return Offered{.size = size};
  const MessagePtr message = message_of(seq);
  if (!message) return std::nullopt;
  return Offered{message->forwarded_properties(), size};
}

/// What has become ready, once for each wish, and what is ready no more.
void QueueGroup::examine_ready() {
  if (wishes_.is_empty()) return;
  for (const Lanes::Change& it : lanes_.take_changes()) {
    const bool is_ready = lanes_.has(it.seq) && lanes_.is_ready(it.seq);
    if (!is_ready) {
      wishes_.hide(it.lane, it.seq);
      unexamined_.erase(it.seq);
      continue;
    }
    const std::optional<Offered> offered = this->offered(it.seq);
    if (!offered) {
      if (wishes_.sees(it.seq)) unexamined_.insert(it.seq);
    } else if (!it.is_for_claims) {
      wishes_.show(it.lane, it.seq, *offered, lanes_.follows_passed(it.seq));
    } else if (!lanes_.follows_passed(it.seq)) {
      wishes_.show_claims(it.lane, it.seq, *offered);
    }
  }
}

/// What became ready far behind the head, as far as it is read.
void QueueGroup::examine_unexamined() {
  while (!unexamined_.empty()) {
    const Seq seq = *unexamined_.begin();
    const std::optional<Offered> offered = this->offered(seq);
    if (!offered) return;
    wishes_.show(lanes_.lane_of(seq), seq, *offered, lanes_.follows_passed(seq));
    unexamined_.erase(unexamined_.begin());
  }
}

/// Behind lend_all(): whoever has room could be given more, and was not. Of what the rate keeps back
/// something could go.
bool QueueGroup::could_lend_more(Moment now) const {
  if (!lends() || is_reading(ReadFor::Lending)) return false;
  return !rate_out_ || rate_out_->has_token(now.steady) || !choose();
}

/// Of what is there longer than a wish so much is looked at as its consumer soon takes: all of it may be a
/// backlog that is in the store alone. What is behind that is seen in its turn.
WishList::Newcomers QueueGroup::newcomers(Looks which, Moment now) const {
  if (which == Looks::Hungry) {
    if (wishes_.is_empty() || !could_lend_more(now)) return {};
    return wishes_.newcomers([this](WishNo wish, const ReadySet&) { return dispatcher_.has_room(wish); });
  }
  // With key-hash each lane is for one consumer, so all have to know what they want.
  const bool wants_all = definition_.dispatch == QueueDefinition::Dispatch::KeyHash;
  const std::size_t enough = std::size_t{2} * definition_.max_inflight;
  return wishes_.newcomers([&](WishNo, const ReadySet& ready) { return wants_all || ready.size() < enough; });
}

/// What is ready since longer than their wishes are there; a slice of it. True when something was looked at.
bool QueueGroup::examine_for_newcomers(Looks which, Moment now) {
  if (wishes_.is_empty()) return false;
  const WishList::Newcomers looking = newcomers(which, now);
  constexpr std::size_t kLeastSlice = 16;
  bool has_looked = false;
  for (const WishList::Newcomer& one : looking)
    has_looked |= examine_for(one, std::max(kSlice / looking.size(), kLeastSlice));
  return has_looked;
}

/// Up to the first that has to be read before.
bool QueueGroup::examine_for(WishList::Newcomer newcomer, std::size_t most) {
  std::size_t left = most;
  auto next = items_.first_from(newcomer.seen_to);
  for (; next && left > 0; next = items_.first_from(Seq{next->v + 1}), --left) {
    if (!lanes_.is_ready(*next)) continue;
    const std::optional<Offered> offered = this->offered(*next);
    if (!offered) break;
    wishes_.show_newcomer(newcomer.number, lanes_.lane_of(*next), *next, *offered,
                          lanes_.follows_passed(*next));
  }
  wishes_.set_seen(newcomer.number, next.value_or(WishList::kLevel));
  return left < most;
}

/// The next that one of those has to see and that is to be read; they take turns.
std::optional<Seq> QueueGroup::unread_of_newcomers(Looks which, Moment now) {
  std::optional<WishList::Newcomer> next;
  for (const WishList::Newcomer& one : newcomers(which, now)) {
    const bool has_entry = items_.find(one.seen_to) != nullptr && lanes_.is_ready(one.seen_to);
    if (!has_entry || offered(one.seen_to)) continue;
    if (!next || (next->number <= last_read_for_ && last_read_for_ < one.number)) next = one;
  }
  if (!next) return std::nullopt;
  last_read_for_ = next->number;
  return next->seen_to;
}

/// One page for all that look: what has become ready far behind, and what newcomers have not seen, in turn.
/// Those come first whose consumers could have it at once.
void QueueGroup::read_for_looking(Moment now) {
  if (wishes_.is_empty() || is_reading(ReadFor::Looking)) return;
  std::optional<Seq> wanted;
  if (!unexamined_.empty() && !looks_at_newcomers_first_) wanted = *unexamined_.begin();
  if (!wanted) wanted = unread_of_newcomers(Looks::Hungry, now);
  if (!wanted) wanted = unread_of_newcomers(Looks::Ahead, now);
  if (!wanted && !unexamined_.empty()) wanted = *unexamined_.begin();
  if (wanted) ask_for(ReadFor::Looking, *wanted);
}

/// Of what was in hand to be looked at.
void QueueGroup::hold_what_is_wanted() {
  if (wishes_.is_empty()) return;
  for (const ReadMessage& one : in_hand_) {
    const Item* const waiting = items_.find(one.seq);
    if (waiting == nullptr || waiting->lease.v != 0 || waiting->is_gone) continue;
    if (!held_.has_room(waiting->size)) return;
    if (wishes_.is_wanted(lanes_.lane_of(one.seq), one.seq)) held_.put(one.seq, one.message);
  }
}

/// Precondition: its message is not held any more.
void QueueGroup::lend(const Next& next, Item& entry, MessagePtr message, Moment now) {
  Consumer& consumer = consumers_.at(next.consumer);
  entry.deliveries = (entry.deliveries + 1) & Item::kMostDeliveries;
  Lease& lease = leases_.add(consumer.leases);
  entry.lease = lease.id;
  note(next.seq, entry);
  add_to(lent_, entry.size);
  lease.consumer = next.consumer;
  lease.attachment = consumer.attachment;
  lease.seq = next.seq;
  lease.message = message;
  lease.qos = consumer.options.qos;
  lease.is_claim = lease.qos == QoS::ExactlyOnce;
  dispatcher_.took(next.consumer, next.lane);
  lanes_.acquire(next.seq, next.consumer);
  effects_.emplace_back(Deliver{.lease = lease.id,
                                .consumer = next.consumer,
                                .attachment = consumer.attachment,
                                .seq = next.seq,
                                .deliveries = entry.deliveries,
                                .is_claimed = lease.is_claim,
                                .qos = lease.qos,
                                .key = std::string(lanes_.key_of(next.seq)),
                                .first_death = entry.past && !entry.past->deaths.empty()
                                                   ? std::make_shared<const Death>(entry.past->deaths.front())
                                                   : nullptr,
                                .expires_at = entry.expires_at,
                                .message = std::move(message)});
  leases_.set_deadline(lease, Lease::Deadline::Sending, now.steady);
}

void QueueGroup::sent(LeaseId id, Moment now) {
  Lease* const lease = leases_.find(id);
  if (lease == nullptr || lease->phase != Lease::Phase::Lent) return;
  lease->phase = Lease::Phase::Sent;
  if (is_closing_) return take_away(*lease);
  if (lease->qos == QoS::AtMostOnce) return leases_.cancel_deadline(*lease);
  leases_.set_deadline(*lease, Lease::Deadline::Answer, now.steady);
}

void QueueGroup::unsent(std::span<const LeaseId> leases, Moment now) {
  for (const LeaseId id : leases) {
    Lease* const lease = leases_.find(id);
    if (lease == nullptr || lease->phase != Lease::Phase::Lent) continue;
    const ConsumerId consumer = lease->consumer;
    const bool is_from_here = attached(consumer, lease->attachment) != nullptr;
    if (is_from_here && !lease->is_resumed) dispatcher_.end_credit(consumer);
    take_back(*lease, now);
    forget_if_gone(consumer);
  }
  pump(now);
}

void QueueGroup::too_large(LeaseId id, std::uint64_t most_bytes, Moment now) {
  Lease* const lease = leases_.find(id);
  if (lease == nullptr || lease->phase != Lease::Phase::Lent) return;
  const ConsumerId consumer = lease->consumer;
  if (Consumer* here = attached(consumer, lease->attachment)) {
    // Never as large as this one, whatever the caller makes of it: else it would be lent it again.
    const std::uint64_t size = item(lease->seq).size;
    here->most_bytes = std::min({here->most_bytes, most_bytes, size - 1});
    set_wish(consumer, *here);
  }
  take_back(*lease, now);
  forget_if_gone(consumer);
  pump(now);
}

bool QueueGroup::has_other_taker(LeaseId id) const {
  const Lease* const lease = leases_.find(id);
  if (lease == nullptr || lease->phase != Lease::Phase::Lent) return true;
  const std::uint64_t size = item(lease->seq).size;
  return std::any_of(consumers_.begin(), consumers_.end(), [&](const auto& one) {
    return one.first != lease->consumer && one.second.is_attached && size <= one.second.most_bytes;
  });
}

void QueueGroup::forget_sizes(Moment now) {
  for (auto& [id, consumer] : consumers_) {
    if (!consumer.is_attached || consumer.most_bytes == Wish::kAnySize) continue;
    consumer.most_bytes = Wish::kAnySize;
    set_wish(id, consumer);
  }
  pump(now);
}

/// As if it had never been lent; the store knows nothing of it. Precondition: it is Lent.
void QueueGroup::take_back(Lease& lease, Moment now) {
  const Seq seq = lease.seq;
  Item& entry = item(seq);
  entry.lease = {};
  note(seq, entry);
  take_from(lent_, entry.size);
  held_.put(seq, std::exchange(lease.message, {}));
  entry.deliveries = (entry.deliveries - 1) & Item::kMostDeliveries;
  if (rate_out_) rate_out_->give_back();
  forget_lease(lease);
  if (EndedClaim none; leaves_instead(seq, now, none)) return;
  lanes_.requeue(seq);
  watch_expiry(seq);
}

/// Once.
void QueueGroup::recall(Lease& lease) {
  if (lease.deadline == Lease::Deadline::None) return;
  leases_.cancel_deadline(lease);
  effects_.emplace_back(
      Recall{.lease = lease.id, .consumer = lease.consumer, .attachment = lease.attachment});
}

/// A consumer that was drained is gone with the last that it had.
void QueueGroup::forget_if_gone(ConsumerId id) {
  const auto found = consumers_.find(id);
  if (!found->second.is_attached && found->second.leases.empty()) consumers_.erase(found);
}

/// Out of memory.
void QueueGroup::forget_lease(Lease& lease) {
  const auto consumer = consumers_.find(lease.consumer);
  if (consumer->second.is_attached) dispatcher_.returned(consumer->first);
  leases_.erase(lease, consumer->second.leases);
}

}  // namespace hermod::queue
