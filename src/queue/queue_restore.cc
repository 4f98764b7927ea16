// What a named queue had before the start comes back: its entries, the message identifiers it knows, and what
// was claimed.

#include <algorithm>
#include <tuple>
#include <utility>

#include "queue/queue_group.h"

namespace hermod::queue {

void QueueGroup::restore(Seq seq, QueueEntry entry, const std::optional<DeliveryState>& state, Moment now,
                         bool is_claimed) {
  const MonotonicTime expires_at = expiry_of(entry, now);
  room_->take_anyway({1, entry.message->size()});
  MessagePtr unheld = add(seq, std::move(entry), expires_at);
  if (is_claimed) claimed_.put(seq, unheld ? std::move(unheld) : held_.take(seq));
  if (!state) return;
  Item& restored = item(seq);
  restored.deliveries = std::min(state->deliveries, Item::kMostDeliveries) & Item::kMostDeliveries;
  restored.has_state = true;
  const auto left = std::min<WallTime::duration>(state->due - now.wall, state->pause);
  if (left.count() <= 0) return;
  lanes_.delay(seq);
  retries_.set(seq, now.steady + left);
}

/// Its age is what the wall says, and never less than nothing or more than the window.
void QueueGroup::restore_message_id(std::uint64_t number, std::string_view id, WallTime admitted_at,
                                    Moment now) {
  const auto age =
      std::clamp<WallTime::duration>(now.wall - admitted_at, WallTime::duration{0}, definition_.dedup_window);
  message_ids_.restore(number, id, now.steady - age);
}

/// Of two claims of one entry the later delivery is the true one: the other's end was decided before it.
RestoredClaims QueueGroup::restore_claims(std::vector<Claim> claims, Moment now) {
  using Why = RestoredClaims::Why;
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tuple(a.seq, b.deliveries, a.consumer) < std::tuple(b.seq, a.deliveries, b.consumer);
  });
  RestoredClaims restored;
  for (const Claim& it : claims) {
    const Item* found = items_.find(it.seq);
    if (found == nullptr) {
      restored.lost.push_back({it, Why::NoEntry});
    } else if (found->lease.v != 0) {
      restored.lost.push_back({it, Why::Outbid});
    } else if (it.deliveries <= found->deliveries) {
      restored.lost.push_back({it, Why::Settled});
    } else {
      restored.kept.push_back({it, claim(it, now)});
    }
  }
  return restored;
}

LeaseId QueueGroup::claim(const Claim& it, Moment now) {
  Lease& lease = leases_.add(consumers_[it.consumer].leases);
  Item& claimed = item(it.seq);
  claimed.lease = lease.id;
  note(it.seq, claimed);
  add_to(lent_, claimed.size);
  claimed.deliveries = it.deliveries & Item::kMostDeliveries;
  retries_.cancel(it.seq);
  hold_up(it.seq);
  lease.consumer = it.consumer;
  lease.seq = it.seq;
  lease.message = claimed_.take(it.seq);
  lease.phase = Lease::Phase::Sent;
  lease.qos = wire::QoS::ExactlyOnce;
  lease.is_claim = lease.is_parked = true;
  leases_.set_deadline(lease, Lease::Deadline::Answer, now.steady);
  return lease.id;
}

void QueueGroup::resume(Moment now) {
  std::vector<Seq> replaced;
  if (definition_.last_value)
    for (auto it = items_.first(); it; it = items_.first_from(Seq{it->v + 1}))
      if (may_leave(item(*it)) && has_newer(*it)) replaced.push_back(*it);
  for (const Seq seq : replaced) remove(seq, Removal::Replaced);
  is_trimming_ = takes_oldest();
  // Claims that were lost.
  for (auto first = claimed_.first(); first; first = claimed_.first())
    held_.put(*first, claimed_.take(*first));
  advance(now);
}

}  // namespace hermod::queue
