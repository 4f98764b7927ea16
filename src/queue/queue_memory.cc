// Which messages of a named queue are in memory, and what is read of the others.

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "queue/queue_group.h"

namespace hermod::queue {
namespace {

/// Who is told to ask again does so at once. What was read for one that has not come back for as long is for
/// nobody.
constexpr std::chrono::seconds kEvictingKept{10};

}  // namespace

Amount QueueGroup::in_memory() const {
  Amount sum = held_.amount();
  for (const Amount& more : {lent_, evicting_.amount()}) {
    sum.messages += more.messages;
    sum.bytes += more.bytes;
  }
  for (const ReadMessage& one : shown_.messages) add_to(sum, one.message->size());
  return sum;
}

void QueueGroup::limit_held(const Amount& limit) {
  held_.set_limit(limit);
  trim_held();
}

/// What goes out later gives its place to what goes out earlier.
void QueueGroup::trim_held() {
  for (auto first = held_.first(); first && held_.is_above_limit(); first = held_.first()) {
    if (!is_kept_back(*first)) break;
    held_.take(*first);
  }
  unheld_to_ = std::max(unheld_to_, held_.trim(near_));
}

void QueueGroup::want_evicting(Moment now) {
  evicting_until_ = now.steady + kEvictingKept;
}

/// Nobody waits for it.
bool QueueGroup::may_forget_evicting() const {
  return evicting_.amount().messages > 0 && asking_again_.empty() && !is_reading(ReadFor::Evicting);
}

void QueueGroup::forget_evicting(Moment now) {
  if (may_forget_evicting() && evicting_until_ <= now.steady) evicting_ = HeldMessages();
}

MessagePtr QueueGroup::find_in(const std::vector<ReadMessage>& messages, Seq seq) {
  const auto found = std::lower_bound(messages.begin(), messages.end(), seq,
                                      [](const ReadMessage& one, Seq wanted) { return one.seq < wanted; });
  return found != messages.end() && found->seq == seq ? found->message : MessagePtr{};
}

MessagePtr QueueGroup::message_of(Seq seq) const {
  if (const LeaseId lease = item(seq).lease; lease.v != 0) return leases_.at(lease).message;
  if (MessagePtr held = held_.find(seq)) return held;
  if (MessagePtr evicting = evicting_.find(seq)) return evicting;
  for (const auto* read : {&in_hand_, &shown_.messages})
    if (MessagePtr found = find_in(*read, seq)) return found;
  return {};
}

/// One of each purpose at a time; what asks meanwhile asks again when it has come. What is not durable is not
/// read, but asked for again when it is.
void QueueGroup::ask_for(ReadFor purpose, Seq from) {
  if (is_reading(purpose) || !is_stored(from)) return;
  reading_to_[static_cast<std::size_t>(purpose)] = behind_stored();
  effects_.emplace_back(ReadEntries{.purpose = purpose, .from = from});
}

bool QueueGroup::bring(Seq seq) {
  if (shown_.from <= seq && seq < shown_.end) return false;
  ask_for(ReadFor::Showing, seq);
  return true;
}

/// The next page, while what is held goes out. Without what goes out nothing is read. It begins with one that
/// waits, so that it brings something: what consumers have may stand between. One that would not be held is
/// read when it is lent.
void QueueGroup::read_ahead() {
  if (is_paused_ || is_closing_ || leases_.empty()) return;
  const std::optional<Seq> last = held_.last();
  if (!last || stored_alone() == 0 || !held_.is_low()) return;
  std::optional<Seq> behind = items_.first_from(Seq{last->v + 1});
  for (std::size_t left = kSlice; behind && left > 0; --left) {
    const Item& next = item(*behind);
    if (next.lease.v == 0 && !next.is_gone)
      return held_.has_room(next.size) ? ask_for(ReadFor::Lending, *behind) : void();
    behind = items_.first_from(Seq{behind->v + 1});
  }
}

std::vector<Seq> QueueGroup::on_read(ReadFor purpose, std::vector<ReadMessage> messages, Seq from, Seq end,
                                     Moment now) {
  // What has come since it was asked for may be too new for the answer.
  end = std::min(end, std::exchange(reading_to_[static_cast<std::size_t>(purpose)], Seq{}));
  looks_at_newcomers_first_ = !looks_at_newcomers_first_;
  std::vector<Seq> missing;
  auto read = messages.begin();
  for (auto it = items_.first_from(from); it && *it < end; it = items_.first_from(Seq{it->v + 1})) {
    while (read != messages.end() && read->seq < *it) ++read;
    if (read == messages.end() || read->seq != *it) {
      missing.push_back(*it);
      continue;
    }
    const Item& waiting = item(*it);
    if (waiting.lease.v != 0 || waiting.is_gone || purpose == ReadFor::Showing) continue;
    if (purpose == ReadFor::Evicting) {
      evicting_.put(*it, read->message);
    } else if (purpose == ReadFor::Lending) {
      held_.put(*it, read->message);
    }
  }
  std::erase_if(missing, [this](Seq seq) { return !lose(seq); });
  switch (purpose) {
    case ReadFor::Looking:
      in_hand_ = std::move(messages);
      break;
    case ReadFor::Showing:
      shown_ = {std::move(messages), from, end};
      break;
    case ReadFor::Lending:
      near_ = from;
      if (unheld_to_ < end) unheld_to_ = {};
      break;
    case ReadFor::Evicting:
      want_evicting(now);
      break;
  }
  if (purpose == ReadFor::Evicting || !missing.empty()) tell_to_ask_again();
  pump(now);
  return missing;
}

/// It is out of memory alone. Not what somebody has, or what is on its way out of the store or to it.
bool QueueGroup::lose(Seq seq) {
  if (!may_leave(item(seq)) || held_.has(seq)) return false;
  hold_up(seq);
  drop_item(seq);
  return true;
}

}  // namespace hermod::queue
