// Delayed messages on the shard that owns them: what is stored comes into its order, and what is due takes
// the way of any other publication. Its record goes in the batch that stores what it has become, so a crash
// publishes it neither twice nor not at all.

#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/delayed_desk.h"
#include "broker/page_reader.h"
#include "broker/shard.h"
#include "queue/delayed_records.h"

namespace hermod::broker {

namespace {

/// What one tick publishes at most, so that a million that are due together hold up nobody.
constexpr std::size_t kMostOfTick = 256;
constexpr std::size_t kMostBytesOfTick = 256 << 10;
/// As for publishers that wait for a slow reader.
constexpr std::chrono::milliseconds kReaderCheck{10};
/// So late may a message be because of a slow reader at QoS 1 or 2.
constexpr std::chrono::milliseconds kMostHeldUp{50};
/// Of a run that is read at once.
constexpr std::uint64_t kRunBytes = 256 << 10;

/// As it would be had it been sent now; its expiry runs since it was sent.
queue::MessagePtr published_now(const queue::Message& stored, std::uint64_t matched_version, WallTime now) {
  return queue::Message::create({.topic = stored.topic(),
                                 .payload = stored.payload(),
                                 .forwarded_properties = stored.forwarded_properties(),
                                 .qos = stored.qos(),
                                 .retain = stored.retain(),
                                 .publisher = stored.publisher(),
                                 .matched_version = matched_version,
                                 .stored_at = now,
                                 .expires_at = stored.expires_at()});
}

}  // namespace

/// Its delay runs since it was received: the wall clock may have been set while it was stored.
void DelayedDesk::on_stored(DelayedStored& stored) {
  shard_.counters_.add(Counter::DelayedStored);
  const queue::DelayedTime& time = stored.delayed->time;
  const std::optional<MonotonicTime> received = stored.delayed->received;
  const queue::Moment known = received ? queue::Moment{*received, time.sent} : shard_.moment();
  messages_->add(stored.seq, time, std::move(stored.delayed->content), known);
}

/// A slice of what is due. It does not wait for the commit of the one before, else its lateness would grow
/// with every sync. True when there is more to do at once.
bool DelayedDesk::publish_slice() {
  if (shard_.stopping_) return false;
  for (const queue::DelayedMessages::Run& run : messages_->take_reads(shard_.moment()))
    shard_.shared_.reader->read({shard_.id_,
                                 SessionId{queue::kDelayedStream.v},
                                 PageRead::Purpose::Delayed,
                                 run.from,
                                 {run.count, kRunBytes}});
  std::size_t messages = 0;
  std::size_t bytes = 0;
  bool more = true;
  while (more && messages < kMostOfTick && bytes < kMostBytesOfTick) {
    auto due = messages_->take_due(shard_.moment());
    more = due.has_value();
    if (!more) break;
    ++messages;
    bytes += due->content.size();
    if (!publish(*due)) continue;
    messages_->pause_until(shard_.now() + kReaderCheck);
    more = false;
  }
  shard_.schedule_deadlines();
  return more;
}

/// True: one of those that get it reads slower than it is written to, and what is due next waits for him.
bool DelayedDesk::publish(const queue::DelayedMessages::Due& due) {
  const queue::Message& stored = *due.content.message;
  shard_.targets_.clear();
  shard_.queue_targets_.clear();
  store::WriteBatch batch = shard_.batch_memory_.batch();
  queue::erase_delayed(batch, due.seq);
  if (stored.is_expired(shard_.wall())) {
    PublishCommit work;
    work.due = due.seq;
    work.left.push_back({.why = Counter::DroppedExpired,
                         .message = due.content.message,
                         .client_id = due.content.client_id});  // [MQTT-3.3.2-5]
    shard_.submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
    return false;
  }
  const std::uint64_t version = shard_.match(stored.topic(), stored.publisher());
  const queue::MessagePtr message = published_now(stored, version, shard_.wall());
  if (message->retain() && !shard_.has_room_to_retain(*message)) {
    put_off(due.seq);
    return false;
  }
  shard_.find_targets(message, due.content.client_id);
  if (!shard_.reserve_room(message, shard_.shared_.options.session.queue.overflow)) {
    put_off(due.seq);
    return false;
  }
  if (!shard_.reserve_queue_room(message, /*may_refuse=*/true)) {
    shard_.release_room(message);
    put_off(due.seq);
    return false;
  }
  if (shard_.targets_.empty() && shard_.queue_targets_.empty())
    shard_.counters_.add(Counter::PublishNoSubscribers);
  const bool is_held_up = is_held_up_by_reader(due.late);
  if (shard_.asks_owners()) {
    shard_.ask_owners(nullptr, {.message = message,
                                .qos = wire::QoS::AtMostOnce,
                                .retain = message->retain(),
                                .batch = std::make_unique<store::WriteBatch>(std::move(batch)),
                                .delayed = due.seq});
  } else {
    shard_.commit_publish(nullptr, message, {}, wire::QoS::AtMostOnce, message->retain(), std::move(batch),
                          SessionId{}, {}, due.seq);
  }
  return is_held_up;
}

/// For somebody at QoS 0, who would miss it, everybody waits as publishers do; for others only as long as
/// nothing is late because of it: what they cannot take yet is kept in their queues.
bool DelayedDesk::is_held_up_by_reader(std::chrono::microseconds late) const {
  for (const Target& target : shard_.targets_) {
    const bool is_slow = target.where.congested && !target.where.stalled;
    if (is_slow && (target.delivery.qos == wire::QoS::AtMostOnce || late < kMostHeldUp)) return true;
    if (shard_.is_behind(target.where.shard)) return true;
  }
  for (const QueueTarget& target : shard_.queue_targets_)
    if (shard_.is_behind(owner_of(target.queue->id, shard_.shared_.mailboxes.size()))) return true;
  return false;
}

void DelayedDesk::on_page(PageRead& page) {
  page.purpose == PageRead::Purpose::Delayed ? on_read(page) : on_looked_at(page);
}

void DelayedDesk::on_read(PageRead& page) {
  if (page.failed) {
    messages_->on_read_failed(page.from, shard_.moment());
    return shard_.schedule_deadlines();
  }
  std::vector<queue::DelayedMessages::Read> messages;
  messages.reserve(page.delayed.size());
  for (PageRead::Delayed& one : page.delayed) messages.push_back({one.seq, std::move(one.delayed.content)});
  const Seq end = page.to_end ? Seq{~0ULL} : page.end;
  const std::vector<Seq> lost = messages_->on_read(page.from, end, std::move(messages));
  shard_.tell_lost(page, lost, "$delayed");
  for (std::size_t i = 0; i < lost.size(); ++i) shard_.shared_.delayed.give_back();
}

/// Its batch is durable, or not stored. Without a message it had expired.
void DelayedDesk::end(const PublishCommit& work, std::optional<Errc> error) {
  if (error) {
    messages_->not_stored(work.due, shard_.moment());
    return shard_.schedule_deadlines();
  }
  if (work.message) shard_.counters_.add(Counter::DelayedPublished);
  shard_.shared_.delayed.give_back();
  messages_->published(work.due);
}

/// Somebody refuses it as he would refuse it to its publisher, who was acknowledged: it is kept.
void DelayedDesk::put_off(Seq seq) {
  shard_.counters_.add(Counter::DelayedPutOff);
  shard_.targets_.clear();
  shard_.queue_targets_.clear();
  messages_->put_off(seq, shard_.moment());
  shard_.schedule_deadlines();
}

}  // namespace hermod::broker
