// What comes into a named queue before it is durable, so that consumers do not wait for the disk. See
// docs/adr/0035-early-lending.md.

#include <utility>

#include "queue/queue_group.h"

namespace hermod::queue {

void QueueGroup::on_sequenced(Seq seq, QueueEntry&& entry, Moment now) {
  if (!arrivals_.is_next(seq)) return arrivals_.wait(seq, std::move(entry));
  arrivals_.on_came(seq);
  if (early_from_.v == 0) early_from_ = seq;
  const MonotonicTime expires_at = expiry_of(entry, now);
  come_in(seq, std::move(entry), expires_at);
  tell_to_ask_again();
  pump(now);
}

/// What waited for something in front of it comes in. Pages may go as far as the store from now on: what was
/// read of what is not durable would be missing in them.
void QueueGroup::take_durable(Seq last, Moment now) {
  arrivals_.on_durable(last);
  if (early_from_.v != 0 && early_from_ <= last) {
    const std::optional<Seq> newest = items_.last();
    early_from_ = newest && last < *newest ? Seq{last.v + 1} : Seq{};
  }
  while (std::optional<ArrivalLine::Arrival> next = arrivals_.take_next()) {
    if (!next->is_durable && early_from_.v == 0) early_from_ = next->seq;
    const MonotonicTime expires_at = expiry_of(next->entry, now);
    come_in(next->seq, std::move(next->entry), expires_at);
  }
}

void QueueGroup::on_durable(Seq last, Moment now) {
  take_durable(last, now);
  tell_to_ask_again();
  pump(now);
}

/// A consumer that has it may keep it: at QoS 1 its publisher sends it again.
void QueueGroup::on_never_stored(Seq seq, Moment now) {
  if (const std::optional<ArrivalLine::Arrival> waited = arrivals_.on_failed(seq)) {
    room_->give_back({1, waited->entry.message->size()});
  } else if (Item* const failed = items_.find(seq); failed != nullptr && may_leave(*failed)) {
    hold_up(seq);
    drop_item(seq);
  } else if (failed != nullptr) {
    failed->is_never_stored = true;
  }
  on_durable(seq, now);  // what waited for it waits no more
}

}  // namespace hermod::queue
