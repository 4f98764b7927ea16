// Delayed messages on the shard that owns them: what is stored comes into its order, and what is due takes
// the way of any other publication. Its record goes in the batch that stores what it has become, so a crash
// publishes it neither twice nor not at all.

#include <utility>
#include <vector>

#include "base/log.h"
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

void Shard::adopt_delayed(std::unique_ptr<queue::DelayedMessages> delayed) {
  delayed_ = std::move(delayed);
}

/// Its delay runs since it was received: the wall clock may have been set while it was stored.
void Shard::on_delayed_stored(DelayedStored& stored) {
  counters_.add(Counter::DelayedStored);
  const queue::Moment received{stored.delayed->received, stored.delayed->time.sent};
  delayed_->add(stored.seq, stored.delayed->time, std::move(stored.delayed->content), received);
}

/// A slice of what is due. It does not wait for the commit of the one before, else its lateness would grow
/// with every sync. True when there is more to do at once.
bool Shard::publish_delayed() {
  if (stopping_) return false;
  for (const queue::DelayedMessages::Run& run : delayed_->take_reads(moment()))
    shared_.reader->read({id_,
                          SessionId{queue::kDelayedStream.v},
                          PageRead::Purpose::Delayed,
                          run.from,
                          {run.count, kRunBytes}});
  std::size_t messages = 0;
  std::size_t bytes = 0;
  bool more = true;
  while (more && messages < kMostOfTick && bytes < kMostBytesOfTick) {
    auto due = delayed_->take_due(moment());
    more = due.has_value();
    if (!more) break;
    ++messages;
    bytes += due->content.size();
    if (!publish_due(*due)) continue;
    delayed_->pause_until(now() + kReaderCheck);
    more = false;
  }
  schedule_deadlines();
  return more;
}

/// True: one of those that get it reads slower than it is written to, and what is due next waits for him.
bool Shard::publish_due(const queue::DelayedMessages::Due& due) {
  const queue::Message& stored = *due.content.message;
  targets_.clear();
  queue_targets_.clear();
  store::WriteBatch batch = batch_memory_.batch();
  queue::erase_delayed(batch, due.seq);
  if (stored.is_expired(wall())) {
    PublishCommit work;
    work.due = due.seq;
    submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
    return false;
  }
  const std::uint64_t version = match(stored.topic(), stored.publisher());
  const queue::MessagePtr message = published_now(stored, version, wall());
  if (message->retain() && !has_room_to_retain(*message)) {
    put_off_delayed(due.seq);
    return false;
  }
  find_targets(message, due.content.client_id);
  if (!reserve_room(message, shared_.options.session.queue.overflow)) {
    put_off_delayed(due.seq);
    return false;
  }
  if (!reserve_queue_room(*message, /*may_refuse=*/true)) {
    release_room(message);
    put_off_delayed(due.seq);
    return false;
  }
  if (targets_.empty() && queue_targets_.empty()) counters_.add(Counter::PublishNoSubscribers);
  const bool is_held_up = is_held_up_by_reader(due.late);
  if (asks_owners()) {
    ask_owners(nullptr, {.message = message,
                         .qos = QoS::AtMostOnce,
                         .retain = message->retain(),
                         .batch = std::make_unique<store::WriteBatch>(std::move(batch)),
                         .delayed = due.seq});
  } else {
    commit_publish(nullptr, message, {}, QoS::AtMostOnce, message->retain(), std::move(batch), SessionId{},
                   {}, due.seq);
  }
  return is_held_up;
}

/// For somebody at QoS 0, who would miss it, everybody waits as publishers do; for others only as long as
/// nothing is late because of it: what they cannot take yet is kept in their queues.
bool Shard::is_held_up_by_reader(std::chrono::microseconds late) const {
  for (const Target& target : targets_) {
    const bool is_slow = target.where.congested && !target.where.stalled;
    if (is_slow && (target.delivery.qos == QoS::AtMostOnce || late < kMostHeldUp)) return true;
    if (is_behind(target.where.shard)) return true;
  }
  for (const QueueTarget& target : queue_targets_)
    if (is_behind(owner_of(target.queue->id, shared_.mailboxes.size()))) return true;
  return false;
}

void Shard::on_delayed_read(PageRead& page) {
  if (page.failed) {
    delayed_->on_read_failed(page.from, moment());
    return schedule_deadlines();
  }
  std::vector<queue::DelayedMessages::Read> messages;
  messages.reserve(page.delayed.size());
  for (PageRead::Delayed& one : page.delayed) messages.push_back({one.seq, std::move(one.delayed.content)});
  const Seq end = page.to_end ? Seq{~0ULL} : page.end;
  const std::vector<Seq> lost = delayed_->on_read(page.from, end, std::move(messages));
  tell_lost(page, lost, "$delayed");
  for (std::size_t i = 0; i < lost.size(); ++i) shared_.delayed.give_back();
}

/// Its batch is durable, or not stored. Without a message it had expired.
void Shard::end_delayed(const PublishCommit& work, std::optional<Errc> error) {
  if (error) {
    delayed_->not_stored(work.due, moment());
    return schedule_deadlines();
  }
  counters_.add(work.message ? Counter::DelayedPublished : Counter::DroppedExpired);  // [MQTT-3.3.2-5]
  shared_.delayed.give_back();
  delayed_->published(work.due);
}

/// Somebody refuses it as he would refuse it to its publisher, who was acknowledged: it is kept.
void Shard::put_off_delayed(Seq seq) {
  counters_.add(Counter::DelayedPutOff);
  targets_.clear();
  queue_targets_.clear();
  delayed_->put_off(seq, moment());
  schedule_deadlines();
}

}  // namespace hermod::broker
