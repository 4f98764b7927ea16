// Queues larger than their windows: what is asked of the store, and what is done with the answer.

#include <utility>

#include "base/log.h"
#include "broker/page_reader.h"
#include "broker/shard.h"
#include "queue/records.h"
#include "queue/share.h"

namespace hermod::broker {

namespace {

/// What could not be read is tried again.
constexpr std::chrono::seconds kReadAgain{1};

}  // namespace

/// With a client a window holds what may soon be sent, without one only what is in flight. Sessions that are
/// not in the store hold everything.
void Shard::limit_window(Session& session) {
  if (shared_.reader == nullptr || !session.is_durable()) return;
  const queue::Options& options = shared_.options.session.queue;
  session.queue().set_limit(session.is_online() ? queue::Amount{options.window_messages, options.window_bytes}
                                                : queue::Amount{});
}

void Shard::ask_page(const Session& session, PageRead::Purpose purpose, Seq from) {
  shared_.reader->read({id_, session.id(), purpose, from,
                        queue::page_limit(shared_.options.session.queue, connections_.size())});
}

/// Asks for the next page while the one before is being sent.
void Shard::read_ahead(Session& session) {
  queue::QueueWindow& queue = session.queue();
  if (!queue.is_behind() || queue.is_reading()) return;
  const queue::Amount page = queue::page_limit(shared_.options.session.queue, connections_.size());
  if (queue.loaded().messages > page.messages / 2 || queue.loaded().bytes > page.bytes / 2) return;
  ask_page(session, PageRead::Purpose::Window, queue.begin_page());
}

void Shard::on_page_read(PageRead& page) {
  if (is_of_named_queue(page.purpose)) return on_queue_page_read(page);
  if (is_of_delayed(page.purpose)) return delayed_->on_page(page);
  if (page.purpose == PageRead::Purpose::Transaction) return transactions_->on_page(page);
  if (!page.failed) failed_reads_.on_read();
  if (page.purpose == PageRead::Purpose::Remains) return hand_on_remains(page);
  if (page.purpose == PageRead::Purpose::Stream) return reading_.on_page(page);
  if (page.purpose == PageRead::Purpose::StreamGroup) return serving_.on_page(page);
  if (page.purpose == PageRead::Purpose::StreamFinding) return finding_.on_page(page);
  if (page.purpose == PageRead::Purpose::StreamThinning) return thinning_.on_page(page);
  const SessionId id = page.session;
  Session* session = sessions_.find(id);
  if (session == nullptr) return follow_session(id, std::move(page));
  tell_damaged(page, session->client_id());
  queue::QueueWindow& queue = session->queue();
  if (page.failed) {
    queue.cancel_page();
    hand_on_again_.erase(id);
    return read_again_later(id);
  }
  if (page.purpose == PageRead::Purpose::HandOn) {
    queue.cancel_page();
    if (!session->is_online()) hand_on_page(*session, page);
  } else if (session->is_online() || is_over_limit(*session) || queue.first_expiry() <= wall()) {
    const queue::Amount missing = queue.load(page.entries, page.end, page.to_end);
    if (missing.messages > 0)
      shared_.directory.slots().release(session->id(), static_cast<std::uint32_t>(missing.messages),
                                        missing.bytes);
  } else {
    queue.cancel_page();
  }
  drop_what_is_over(*session);
  pump(*session);
  if (!session->is_online() && !session->expiry_watch) {
    drop_expired(*session);
    if (!is_over_limit(*session)) limit_window(*session);
  }
  if (!queue.is_reading() && hand_on_again_.erase(session->id()) > 0) look_for_shared(*session);
}

/// The queue goes on behind what is damaged; a page that is read twice tells of it twice.
void Shard::tell_damaged(const PageRead& page, std::string_view queue) {
  counters_.add(Counter::DroppedDamaged, page.damaged.size());
  for (const PageRead::Damaged& damaged : page.damaged)
    HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", "entries"}, {"queue", queue},
                       {"sequence", damaged.seq.v}, {"why", damaged.why});
}

void Shard::read_again_later(SessionId session) {
  if (read_again_.empty()) read_again_at_ = now() + kReadAgain;
  read_again_.push_back(session);
  schedule_deadlines();
}

void Shard::read_again() {
  if (read_again_.empty() || now() < read_again_at_) return;
  for (const SessionId id : std::exchange(read_again_, {})) {
    if (Session* session = sessions_.find(id)) {
      drop_what_is_over(*session);
      pump(*session);
    } else if (const auto found = remains_.find(id); found != remains_.end() && found->second->failed) {
      // To a store that takes nothing nothing can be handed on.
      shared_.committer.healthy() ? ask_remains(id, *found->second) : read_again_later(id);
    }
  }
}

bool Shard::is_over_limit(const Session& session) const {
  const queue::Options& limits = shared_.options.session.queue;
  if (limits.overflow != queue::Overflow::DropOldest) return false;
  const auto fill = shared_.directory.slots().fill(session.id());
  return fill.messages > limits.max_messages || fill.bytes > limits.max_bytes;
}

/// The rule drop-oldest. What is oldest has to be read first when the window does not have it.
void Shard::drop_what_is_over(Session& session) {
  queue::QueueWindow& queue = session.queue();
  while (queue.waiting() > 1 && is_over_limit(session)) {
    if (const queue::Entry* oldest = queue.next_waiting()) {
      drop_entry(session, oldest->seq, Counter::DroppedQueueFull);
    } else if (!queue.is_reading()) {
      return ask_page(session, PageRead::Purpose::Window, queue.begin_page());
    } else {
      return;
    }
  }
}

/// Goes through what waits in the store for messages of shared groups that others can have.
void Shard::look_for_shared(Session& session) {
  queue::QueueWindow& queue = session.queue();
  if (session.is_online() || !queue.is_behind()) return;
  if (queue.is_reading()) {
    hand_on_again_.insert(session.id());
    return;
  }
  queue.begin_look();
  ask_page(session, PageRead::Purpose::HandOn, queue.first_stored());
}

void Shard::hand_on_page(Session& session, PageRead& page) {
  queue::QueueWindow& queue = session.queue();
  for (queue::Entry& entry : page.entries) {
    if (!queue.holds_stored(entry.seq) || !draw_other_member(entry.delivery)) continue;
    const std::uint64_t size = entry.delivery.message->size();
    shared_.directory.slots().release(session.id(), 1, size);
    queue.erase_stored(entry.seq, size);
    targets_.front().delivery.loan = {session.id(), entry.seq};
    hand_to_drawn(entry.delivery.message);
  }
  if (!page.to_end && page.end < queue.next()) {
    queue.begin_look();
    ask_page(session, PageRead::Purpose::HandOn, page.end);
  }
}

/// The session is over, and its queue in the store may hold messages for other members of its shared groups.
/// The queue stays there until each has an entry of its own or is gone, and a start goes on with what is
/// left.
Remains& Shard::keep_remains(SessionId ended, queue::QueueWindow queue, Counter reason) {
  const Seq from = queue.is_behind() ? queue.first_stored() : queue.next();
  auto remains = std::make_unique<Remains>(Remains{std::move(queue), from, reason});
  return *remains_.emplace(ended, std::move(remains)).first->second;
}

void Shard::adopt_remains(SessionId ended, queue::QueueWindow queue) {
  ask_remains(ended, keep_remains(ended, std::move(queue), Counter::DroppedSessionEnded));
}

/// Everything that was matched for the session before its subscriptions went has an entry in its queue now.
/// What came back from the committer with nobody to deliver it to is drawn again by the shards that matched
/// it: when they have submitted that too, the queue in the store holds only what nobody has taken on.
void Shard::finish(Connection*, Session*, RemainsBarrier& work, std::optional<Errc>) {
  if (work.again) return ask_remains(work.ended, *remains_.at(work.ended));
  redispatch_stranded();
  submit_behind_all(std::nullopt, RemainsBarrier{work.ended, /*again=*/true});
}

void Shard::ask_remains(SessionId id, Remains& remains) {
  remains.failed = false;
  const queue::Options& options = shared_.options.session.queue;
  shared_.reader->read({id_, id, PageRead::Purpose::Remains, remains.from,
                        queue::Amount{options.page_messages, options.page_bytes}});
}

void Shard::hand_on_remains(PageRead& page) {
  const auto found = remains_.find(page.session);
  HERMOD_ASSERT(found != remains_.end());
  Remains& remains = *found->second;
  if (page.failed) {
    remains.failed = true;
    return read_again_later(page.session);
  }
  tell_damaged(page, "of a session that has ended");
  for (queue::Entry& entry : page.entries) {
    // Others got what memory had of it, or what was left to the store, when the session ended or before.
    const bool is_left = entry.seq >= remains.queue.next() || remains.queue.holds_stored(entry.seq);
    if (!is_left && !remains.whole) continue;
    if (entry.delivery.group != 0 && entry.delivery.qos == QoS::AtLeastOnce) {
      entry.delivery.loan = {page.session, entry.seq};
      redispatch(std::move(entry.delivery));
    } else {
      counters_.add(remains.reason);
    }
  }
  if (!page.to_end) {
    remains.from = page.end;
    return ask_remains(page.session, remains);
  }
  store::WriteBatch batch;
  batch.erase_stream(StreamId{page.session.v});
  submit(std::move(batch), std::nullopt, SessionId{}, RemainsErased{page.session});
}

/// When the queue could not be erased, others may not have got their entries either: then all of it is looked
/// at again.
void Shard::finish(Connection*, Session*, RemainsErased& work, std::optional<Errc> error) {
  const auto found = remains_.find(work.ended);
  HERMOD_ASSERT(found != remains_.end());
  if (error) {
    Remains& remains = *found->second;
    remains.from = {};
    remains.whole = true;
    remains.failed = true;
    return read_again_later(work.ended);
  }
  remains_.erase(found);
  ended_streams_.push_back(StreamId{work.ended.v});
}

}  // namespace hermod::broker
