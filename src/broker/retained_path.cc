// Retained messages for a new subscription: when they are due, and their delivery in slices.

#include <algorithm>
#include <utility>

#include "broker/shard.h"
#include "queue/records.h"
#include "session/records.h"

namespace hermod::broker {

using session::Session;
using wire::QoS;

namespace {

/// How many topics one look into the retained messages may visit, so that a million of them stall nobody.
constexpr std::size_t kRetainedSlice = 256;

/// No Local holds for every application message, and the rule makes no exception for one that was retained
/// before the subscription. Brokers disagree (mosquitto forwards it, EMQX does not); this is the letter of
/// [MQTT-3.8.3-3]. As for live messages the publisher is known by its session.
bool is_own_and_local(const RetainedRead& read, const queue::Message& message, const Session& subscriber) {
  return read.options.no_local && message.publisher() == subscriber.id();
}

/// With the last of them in the queue a start does not begin again. A newer subscription to the same filter
/// that is on its way to the store has a read, and a record, of its own.
void record_retained_done(store::WriteBatch& batch, const Session& session, const RetainedRead& read) {
  const session::Subscription* subscription = session.subscriptions().find(read.filter);
  if (subscription == nullptr || session.subscriptions().is_on_its_way(read.filter)) return;
  session::record_subscription(batch, session.id(), subscription->number, read.filter, subscription->options);
}

}  // namespace

/// Retained messages are due for a new subscription unless its Retain Handling says otherwise, and never for
/// a shared one. [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
bool Shard::plan_retained_read(Connection& c, const SubscriptionRequest& request, bool is_new,
                               std::uint64_t since_version) {
  const auto target = topic::parse_subscription(request.filter, {shared_.options.mqtt.max_topic_levels});
  if (target->is_shared()) return false;
  if (request.retain_handling == wire::RetainHandling::DoNotSend) return false;
  if (request.retain_handling == wire::RetainHandling::SendIfNewSubscription && !is_new) return false;
  stop_retained_reads(&c, c.session()->id(),
                      request.filter);  // the new one begins again and finds all that it would have found
  RetainedRead read;
  read.number = ++c.retained_reads_planned;
  read.filter = request.filter;
  read.options = request.options;
  read.is_recorded = request.retained_due;
  read.since_version = since_version;
  c.retained_reads.push_back(std::move(read));
  return true;
}

/// The reads planned so far begin when every message that was matched before their subscriptions, on any
/// shard, is retained.
void Shard::begin_retained_barrier(const Connection& c) {
  submit_behind_all(c.id(), RetainedBarrier{c.retained_reads_planned});
}

/// The client unsubscribed, or subscribed again: nothing that is not in its queue yet is added.
/// [MQTT-3.10.4-2]
void Shard::stop_retained_reads(Connection* c, SessionId session, std::string_view filter) {
  const auto is_for = [&](const RetainedRead& read) { return read.filter == filter; };
  if (c != nullptr) std::erase_if(c->retained_reads, is_for);
  if (const auto kept = kept_reads_.find(session); kept != kept_reads_.end())
    std::erase_if(kept->second, is_for);
}

/// The connection ends before its reads do. What is at QoS 1 or 2 is due to the session all the same: it goes
/// on at the next connection. [MQTT-3.3.1-9]
void Shard::keep_retained_reads(Connection& c, const Session& session) {
  std::vector<RetainedRead> reads = std::exchange(c.retained_reads, {});
  std::erase_if(reads, [](const RetainedRead& read) { return read.options.granted_qos == 0; });
  if (!reads.empty() && session.outlives_connection()) kept_reads_[session.id()] = std::move(reads);
}

/// The reads an earlier connection left, behind a barrier of their own.
void Shard::resume_retained_reads(Connection& c, const Session& session) {
  c.retained_reads = take_kept_reads(session.id());
  if (c.retained_reads.empty()) return;
  for (RetainedRead& read : c.retained_reads) {
    read.number = ++c.retained_reads_planned;
    read.ready = false;
  }
  begin_retained_barrier(c);
}

std::vector<RetainedRead> Shard::take_kept_reads(SessionId session) {
  auto kept = kept_reads_.extract(session);
  return kept ? std::move(kept.mapped()) : std::vector<RetainedRead>{};
}

/// A slice of retained messages for every connection that waits for some. They leave in bounded steps between
/// the live traffic, and only while the client's output and queue have room. True when more can be done at
/// once.
bool Shard::send_retained_slices() {
  bool more = false;
  std::vector<ConnectionId> still;
  for (const ConnectionId& id : retained_readers_) {
    Connection* c = connections_.find(id);
    if (c == nullptr || c->session() == nullptr) continue;
    if (!c->retained_reads.empty()) more |= send_retained_slice(*c, *c->session());
    // A read whose barrier is still on its way brings the connection back itself.
    c->reads_retained = !c->retained_reads.empty() && c->retained_reads.front().ready;
    if (c->reads_retained) still.push_back(id);
  }
  retained_readers_.swap(still);
  return more;
}

bool Shard::has_room_for_retained(Connection& c, const Session& session) const {
  return c.queued() < shared_.options.limits.outbound_buffer / 2 &&
         shared_.directory.slots().fill(session.id()).messages < kCongestedFrom / 2;
}

/// True when the client could take more at once.
bool Shard::send_retained_slice(Connection& c, Session& session) {
  RetainedRead& read = c.retained_reads.front();
  if (!read.ready || !has_room_for_retained(c, session)) return false;
  const bool is_fresh = read.next == read.found.size();
  if (is_fresh) {
    const auto filter = topic::TopicFilter::parse(read.filter, {shared_.options.mqtt.max_topic_levels});
    read.found.clear();
    read.next = 0;
    shared_.retained.collect(*filter, read.cursor, kRetainedSlice, wall(), read.found);
  }
  store::WriteBatch batch;
  PublishCommit work;
  for (; read.next < read.found.size() && has_room_for_retained(c, session); ++read.next) {
    const queue::MessagePtr message =
        is_fresh ? read.found[read.next] : shared_.retained.find(read.found[read.next]->topic());
    if (!message || message->is_expired(wall())) continue;  // it is not retained any more
    if (message->matched_version() >= read.since_version) continue;
    if (is_own_and_local(read, *message, session)) continue;
    queue::Delivery delivery;
    delivery.message = message;
    delivery.qos = std::min(message->qos(), static_cast<QoS>(read.options.granted_qos));
    delivery.retain = true;  // [MQTT-3.3.1-8]
    if (read.options.identifier != 0) delivery.identifiers.push_back(read.options.identifier);
    if (delivery.qos == QoS::AtMostOnce) {
      deliver_qos0(session, delivery);
      continue;
    }
    shared_.directory.slots().reserve_anyway(session.id(), message->size());
    if (!session.is_durable()) {
      enqueue(session, Seq{0}, std::move(delivery));
      continue;
    }
    queue::append_entry(batch, session.stream(), delivery);
    work.targets.push_back({session.id(), std::move(delivery), true});
  }
  const bool is_finished = read.next == read.found.size() && read.cursor.done();
  if (is_finished && read.is_recorded) record_retained_done(batch, session, read);
  pump(session);
  if (!work.targets.empty()) {
    submit(std::move(batch), std::nullopt, session.id(), std::move(work));
  } else if (!batch.empty()) {
    submit(std::move(batch), std::nullopt, SessionId{}, Recorded{});
  }
  if (is_finished) c.retained_reads.erase(c.retained_reads.begin());
  return !c.retained_reads.empty() && c.retained_reads.front().ready && has_room_for_retained(c, session);
}

}  // namespace hermod::broker
