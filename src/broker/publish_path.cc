// The whole story of a PUBLISH that a client sends, from the decoded packet to the hand-over.

#include <algorithm>

#include "base/log.h"
#include "broker/payload_format.h"
#include "broker/queue_flush.h"
#include "broker/reason_for.h"
#include "broker/shard.h"
#include "queue/control_parser.h"
#include "queue/delayed_form.h"
#include "queue/queue_form.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "queue/transaction_form.h"
#include "retain/records.h"
#include "session/records.h"
#include "topic/limits.h"

namespace hermod::broker {

using wire::QoS;
using wire::ReasonCode;

namespace {

/// Expired retained messages that one retained PUBLISH takes out at most, and when room is short.
constexpr std::size_t kPurge = 4;
constexpr std::size_t kPurgeForRoom = 1000;
/// Bytes saved from which on a message is stored once for all its queues.
constexpr std::size_t kStoreOnceFrom = 512;
/// An id of a shared message: the start, the shard, and a number of its own.
constexpr unsigned kEpochShift = 44;
constexpr unsigned kShardShift = 36;

/// What answers a PUBLISH of that QoS, which is not 0.
wire::PacketType ack_type(QoS qos) {
  return qos == QoS::AtLeastOnce ? wire::PacketType::Puback : wire::PacketType::Pubrec;
}

/// It gets an entry of its own.
bool is_stored_for(const Target& target) {
  return target.where.durable && target.delivery.message && target.delivery.qos != QoS::AtMostOnce;
}

void append_ref(const PublishRef& ref, wire::PropertyWriter& told) {
  for (const PublishRef::Stored& one : ref.stored)
    told.add_user("msg-ref", one.queue + '/' + std::to_string(one.seq.v));
  if (ref.is_duplicate) told.add_user("duplicate", "1");
}

/// True when the batch is nothing but entries of QoS 1, each for a client that is there, keeps up, and may
/// acknowledge it before it is written. The queue of a shared group is no client.
bool may_be_elided(const PublishCommit& work, std::span<const Target> targets) {
  if (work.qos != QoS::AtLeastOnce || work.retain) return false;
  bool any = false;
  for (const Target& target : targets) {
    if (!target.delivery.message || !target.where.durable || target.delivery.qos == QoS::AtMostOnce) continue;
    const session::Location& where = target.where;
    if (!where.online || where.busy || where.late || where.congested || where.stalled) return false;
    if (target.delivery.group != 0 || target.delivery.loan.keeper.v != 0) return false;
    any = true;
  }
  return any;
}

}  // namespace

void Shard::on_publish(Connection& c, const wire::Publish& packet) {
  counters_.add(packet.qos == QoS::AtMostOnce    ? Counter::PublishReceivedQoS0
                : packet.qos == QoS::AtLeastOnce ? Counter::PublishReceivedQoS1
                                                 : Counter::PublishReceivedQoS2);
  counters_.add(Counter::PublishBytesReceived, packet.payload.size());
  std::string_view topic;
  if (!within_agreement(c, packet) || !resolve_topic(c, packet, topic)) return;
  session::Session& session = *c.session();

  if (packet.qos != QoS::AtMostOnce && !admit_publish(c, session, packet)) return;
  if (topic == queue::kControlTopic) return on_control(c, packet);
  if (queue::is_transaction_form(topic)) return transaction_calls_.on_publish(c, packet, topic);
  const bool has_user_property = packet.properties.has(wire::PropertyId::UserProperty);
  if (has_user_property && transaction_calls_.is_by_property(c, packet, topic)) return;
  const auto name = topic::TopicName::parse(topic, {shared_.options.mqtt.max_topic_levels});
  if (const auto refusal = refusal_for(packet, name)) {
    if (queue::is_queue_form(topic)) return on_nack(c, packet, topic);
    if (queue::is_delayed_form(topic)) return on_delayed(c, packet, topic);
    return refuse_publish(c, packet, *refusal, {});
  }
  if (has_user_property && is_delayed_by_level(c, packet, topic)) return;

  const std::uint64_t version = match(*name, session.id());
  const queue::MessagePtr message =
      make_message(packet, topic, session.id(), version);  // the one copy of the payload
  if (packet.retain && !has_room_to_retain(*message))
    return refuse_publish(c, packet, ReasonCode::QuotaExceeded, "a limit on retained messages is reached");
  find_targets(message, session.client_id());
  if (!reserve_room(message, shared_.options.session.queue.overflow))
    return refuse_publish(c, packet, ReasonCode::QuotaExceeded, "a subscriber's queue is full");
  if (!queue_targets_.empty() && !reserve_queue_room(message, /*may_refuse=*/true)) {
    release_room(message);
    return refuse_publish(c, packet, ReasonCode::QuotaExceeded, "a named queue is full");
  }

  if (!queue_targets_.empty() && asks_owners())
    return ask_owners(&c, {.connection = c.id(),
                           .session = session.id(),
                           .message = message,
                           .packet_id = packet.id,
                           .qos = packet.qos,
                           .retain = message->retain()});

  if (needs_commit(&c, message, message->retain())) {
    hand_over_now(/*qos0_only=*/true);
    commit_publish(&c, message, packet.id, packet.qos, message->retain(), batch_memory_.batch());
  } else {
    hand_over_now(/*qos0_only=*/false);
    if (packet.qos != QoS::AtMostOnce) {
      session.inbound().on_committed(packet.id, packet.qos);
      acknowledge_publish(c, packet.id, packet.qos,
                          targets_.empty() ? ReasonCode::NoMatchingSubscribers : ReasonCode::Success);
    }
  }
  if (targets_.empty() && queue_targets_.empty()) counters_.add(Counter::PublishNoSubscribers);
  wait_for_slow_reader(c);
}

/// What CONNACK ruled out is a protocol error. False: the connection is being closed.
bool Shard::within_agreement(Connection& c, const wire::Publish& packet) {
  const MqttOptions& mqtt = shared_.options.mqtt;
  if (static_cast<std::uint8_t>(packet.qos) > mqtt.max_qos) {
    disconnect(c, ReasonCode::QoSNotSupported, "QoS above mqtt.max_qos");  // [MQTT-3.2.2-11]
    return false;
  }
  if (packet.retain && !mqtt.retain_available) {
    disconnect(c, ReasonCode::RetainNotSupported, "retained messages are switched off");  // [MQTT-3.2.2-14]
    return false;
  }
  return true;
}

/// Is this packet identifier new? If not, it is answered here. [MQTT-4.3.3-10]
bool Shard::admit_publish(Connection& c, session::Session& session, const wire::Publish& packet) {
  const qos::Admit admit = session.inbound().on_publish(packet.id, packet.qos);
  switch (admit) {
    case qos::Admit::Deliver:
      if (session.inbound().quota().used() > shared_.options.session.receive_maximum && c.agreement().is_v5())
        counters_.add(Counter::ReceiveMaximumExceeded);  // lenient: counted and served
      return true;
    case qos::Admit::AlreadySeen:
    case qos::Admit::AlreadySeenPending:
      counters_.add(Counter::PublishDuplicates);
      if (admit == qos::Admit::AlreadySeen && c.pending_commits == 0) {
        acknowledge_publish(c, packet.id, packet.qos, ReasonCode::Success);
      } else {
        submit({}, c.id(), session.id(), PublishSeenAgain{packet.id});
      }
      return false;
    case qos::Admit::AnswerUnderway:
      counters_.add(Counter::PublishDuplicates);
      return false;
    case qos::Admit::PacketIdInUse:
      counters_.add(Counter::PublishRefused);
      if (c.agreement().is_v5()) {
        send_ack_in_order(c, session,
                          {.type = ack_type(packet.qos),
                           .packet_id = packet.id,
                           .reason = ReasonCode::PacketIdentifierInUse});
      } else {
        disconnect_behind_acks(c, ReasonCode::PacketIdentifierInUse);
      }
      return false;
    case qos::Admit::QuotaExceeded:
      counters_.add(Counter::ReceiveMaximumExceeded);
      disconnect(c, ReasonCode::ReceiveMaximumExceeded,
                 "more unacknowledged QoS 1 and 2 messages than Receive Maximum allows");  // [MQTT-3.3.4-9]
      return false;
  }
  return false;
}

/// The topic name of the packet, through its alias if it has one. False: the connection is being closed.
bool Shard::resolve_topic(Connection& c, const wire::Publish& packet, std::string_view& topic) {
  topic = packet.topic;
  if (!packet.properties.has(wire::PropertyId::TopicAlias)) return true;
  const auto resolved = c.inbound_aliases().resolve(packet);
  if (!resolved) {
    disconnect(c, resolved.error().reason, resolved.error().detail);  // [MQTT-3.3.2-8] [MQTT-3.3.2-9]
    return false;
  }
  topic = *resolved;
  return true;
}

/// Why this PUBLISH may not be taken, apart from full queues.
std::optional<ReasonCode> Shard::refusal_for(const wire::Publish& packet, std::string_view topic) const {
  return refusal_for(packet, topic::TopicName::parse(topic, {shared_.options.mqtt.max_topic_levels}));
}

std::optional<ReasonCode> Shard::refusal_for(const wire::Publish& packet,
                                             const Result<topic::TopicName>& name) const {
  if (!name || name->is_reserved())
    return ReasonCode::TopicNameInvalid;  // `$...` belongs to the broker [4.7.2]
  if (shared_.options.mqtt.validate_payload_format && !is_as_indicated(packet.properties, packet.payload))
    return ReasonCode::PayloadFormatInvalid;
  return std::nullopt;
}

/// A refusal is never a success code. MQTT 3 has no code to refuse with: no ack, and the connection ends.
void Shard::refuse_publish(Connection& c, const wire::Publish& packet, ReasonCode reason,
                           std::string_view why) {
  counters_.add(Counter::PublishRefused);
  if (why.empty()) why = wire::name_of(reason);
  HERMOD_LOG_LIMITED(log::Level::Notice, "publish.refused", {"client", c.session()->client_id()},
                     {"reason", wire::name_of(reason)}, {"code", code_of(reason)}, {"why", why});
  if (packet.qos == QoS::AtMostOnce) {
    if (reason == ReasonCode::TopicNameInvalid && !c.agreement().is_v5()) disconnect(c, reason, why);
    return;
  }
  c.session()->inbound().on_commit_failed(packet.id, packet.qos);
  if (!c.agreement().is_v5()) return disconnect_behind_acks(c, reason);
  send_ack_in_order(c, *c.session(),
                    {.type = ack_type(packet.qos),
                     .packet_id = packet.id,
                     .reason = reason,
                     .why = std::string(why),
                     .ends_publish = true});
}

/// Fills matches_ with who subscribed to the topic; the version of the index that says so. How deep a topic
/// may be was asked where it came from; the broker's own are as deep as they are.
std::uint64_t Shard::match(std::string_view topic, SessionId publisher) {
  const auto name = topic::TopicName::parse(topic, {.levels = topic::kMaxTopicBytes});
  HERMOD_ASSERT(name.has_value());
  return match(*name, publisher);
}

std::uint64_t Shard::match(const topic::TopicName& topic, SessionId publisher) {
  return shared_.subscriptions.match(topic, publisher, members_, matches_);
}

queue::MessagePtr Shard::make_message(const wire::Publish& packet, std::string_view topic,
                                      SessionId publisher, std::uint64_t matched_version) {
  forwarded_properties_.clear();
  wire::append_forwarded(packet.properties.raw(), forwarded_properties_);
  queue::Message::Fields fields;
  fields.topic = topic;
  fields.payload = packet.payload;
  fields.forwarded_properties = as_bytes(forwarded_properties_);
  fields.qos = packet.qos;
  fields.retain = packet.retain;
  fields.publisher = publisher;
  fields.matched_version = matched_version;
  fields.stored_at = wall();
  if (const auto seconds = packet.properties.message_expiry_interval())
    fields.expires_at = wall() + std::chrono::seconds(*seconds);
  return queue::Message::create(fields);
}

/// Fills targets_ and queue_targets_ with who gets the message, one copy per session (and one per shared
/// group) and per named queue. `client_id`: its publisher's. Precondition: matches_ is of its topic.
void Shard::find_targets(const queue::MessagePtr& message, std::string_view client_id) {
  targets_.clear();
  queue_targets_.clear();
  for (const topic::Match& match : matches_) {
    // An old session may have a queue's bit. Else what is not found was deleted a moment ago.
    if (const QueueId queue{match.session.v};
        queue::is_named(queue) && add_queue_target(queue, *message, client_id))
      continue;
    const auto where = shared_.directory.slots().locate(match.session);
    if (!where) continue;                                                           // ended a moment ago
    const QoS qos = std::min(message->qos(), static_cast<QoS>(match.granted_qos));  // [MQTT-3.8.4-8]
    if (qos == QoS::AtMostOnce && !where->online) {
      counters_.add(Counter::DroppedOffline);
      targets_.push_back({match.session, *where, {}});  // a subscriber, though nothing is kept for it
      continue;
    }
    Target target{match.session, *where, {}};
    target.delivery.message = message;
    target.delivery.qos = qos;
    target.delivery.retain =
        match.retain_as_published && message->retain();  // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    target.delivery.group = match.group.v;
    const auto identifiers = matches_.identifiers(match);
    target.delivery.identifiers.assign(identifiers.begin(),
                                       identifiers.end());  // [MQTT-3.3.4-3] [MQTT-3.3.4-4]
    targets_.push_back(std::move(target));
  }
}

/// Expired messages leave as new ones come, a few at a time; all of them when room is short.
bool Shard::has_room_to_retain(const queue::Message& message) {
  purge_retained(kPurge);
  if (shared_.retained.check(message)) return true;
  while (purge_retained(kPurgeForRoom) == kPurgeForRoom) continue;
  return shared_.retained.check(message).has_value();
}

std::size_t Shard::purge_retained(std::size_t most) {
  std::vector<retain::RetainedIndex::Expired> expired;
  const std::size_t purged = shared_.retained.purge_expired(wall(), most, expired);
  if (purged == 0) return 0;
  counters_.add(Counter::DroppedExpired, purged);
  store::WriteBatch batch;
  for (const auto& one : expired)
    if (one.number != 0) retain::erase(batch, one.number);
  if (!batch.empty()) submit(std::move(batch), std::nullopt, SessionId{}, Recorded{});
  return purged;
}

/// Counts the message into every queue it is for, or into none; `overflow` says what becomes of it where a
/// queue is full. False only with Reject.
bool Shard::reserve_room(const queue::MessagePtr& message, queue::Overflow overflow) {
  session::SessionSlots& slots = shared_.directory.slots();
  const queue::Options& limits = shared_.options.session.queue;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    Target& target = targets_[i];
    if (target.delivery.qos == QoS::AtMostOnce) continue;
    const auto room = slots.reserve(target.session, message->size(), limits.max_messages, limits.max_bytes);
    if (room == session::SessionSlots::Room::Reserved) continue;
    if (room == session::SessionSlots::Room::Gone || overflow == queue::Overflow::DropNewest) {
      if (room == session::SessionSlots::Room::Full) target.dropped = message;
      target.delivery = {};
      continue;
    }
    if (overflow == queue::Overflow::DropOldest) {
      slots.reserve_anyway(target.session, message->size());
      continue;
    }
    targets_.resize(i);
    release_room(message);
    return false;
  }
  return true;
}

/// Takes back reserve_room().
void Shard::release_room(const queue::MessagePtr& message) {
  for (const Target& target : targets_)
    if (target.delivery.message && target.delivery.qos != QoS::AtMostOnce)
      shared_.directory.slots().release(target.session, 1, message->size());
}

/// True when something about this message must be durable, or when it must not overtake something that is.
bool Shard::needs_commit(const Connection* c, const queue::MessagePtr& message, bool retain) const {
  if (retain || !queue_targets_.empty()) return true;
  if (message->qos() == QoS::AtMostOnce) return false;
  if (c != nullptr && c->pending_commits > 0) return true;
  if (c != nullptr && message->qos() == QoS::ExactlyOnce && c->session()->is_durable()) return true;
  return std::any_of(targets_.begin(), targets_.end(), [](const Target& target) {
    return target.where.durable && target.delivery.qos != QoS::AtMostOnce;
  });
}

/// Hands the message to its receivers: those of this shard directly, others through the outbox.
void Shard::hand_over_now(bool qos0_only) {
  for (Target& target : targets_) {
    if (target.dropped && !qos0_only)
      voice_.drop(Counter::DroppedQueueFull, target.dropped, target.session, target.where.shard);
    if (!target.delivery.message || (qos0_only && target.delivery.qos != QoS::AtMostOnce)) continue;
    if (target.where.shard == id_) {
      deliver(target.session, Seq{0}, std::move(target.delivery));
    } else {
      outbox_.send(target.where.shard, Deliver{target.session, Seq{0}, std::move(target.delivery)});
    }
    target.delivery = {};
  }
}

/// One batch, with what is in it already: an entry per durable receiver, the inbound packet identifier, the
/// retained message. The ack and the deliveries at QoS 1 and 2 follow when it is durable. `session` is the
/// publisher's without a connection, if that stays here until then. `delayed`: what it was until it was due;
/// such a message comes to everybody behind its commit, also at QoS 0, because it may be tried once more.
void Shard::commit_publish(Connection* c, const queue::MessagePtr& message, wire::PacketId id, QoS qos,
                           bool retain, store::WriteBatch&& batch, SessionId session, queue::WaiterId round,
                           Seq delayed) {
  if (c != nullptr) session = c->session()->id();
  auto ticket = tickets_.make(c != nullptr ? std::optional(c->id()) : std::nullopt, session);
  auto& work = ticket->work.emplace<PublishCommit>();
  work.packet_id = id;
  work.qos = qos;
  work.retain = retain;
  work.message = message;
  work.round = round;
  work.due = delayed;
  work.matched = !targets_.empty() || !queue_targets_.empty();
  if (c != nullptr && qos != QoS::AtMostOnce && !queue_targets_.empty()) work.ref = wanted_ref(*c, *message);
  const bool may_wait = batch.empty() && queue_targets_.empty() && may_be_elided(work, targets_);
  // What it promises beyond a PUBACK a power cut may not take: its part in QoS 2, a retained message, and
  // what was in the batch before. At QoS 0, which only named queues store, nothing is promised.
  const bool is_unanswered = message->qos() == QoS::AtMostOnce;
  const bool has_more = !batch.empty();
  const bool settles_loan = append_publication(batch, work);
  const bool sync = has_more || (qos != QoS::AtLeastOnce && !is_unanswered) || retain || settles_loan;
  if (c != nullptr && qos == QoS::ExactlyOnce && c->session()->is_durable())
    session::record_inbound_id(batch, session, id);
  // What comes from a publisher is new; what is without one was acknowledged before and only changes hands.
  const bool is_kept = batch.append_count() > 0 || (retain && !message->payload().empty());
  if (session.v != 0 && is_kept) batch.refuse_when_full();
  const auto flush = flush_for(work, shared_.options.store.flush);
  submit(std::move(batch), std::move(ticket), {.may_wait = may_wait, .sync = sync, .flush = flush});
}

/// Adds what the receivers in targets_ and queue_targets_ get of it, and the retained message; `work` knows
/// them from then on. Precondition: work.message and work.retain are set. True: the batch ends a loan.
bool Shard::append_publication(store::WriteBatch& batch, PublishCommit& work) {
  const queue::MessagePtr& message = work.message;
  bool settles_loan = false;
  const std::optional<MessageId> shared = share_body(batch, *message);
  for (Target& target : targets_) {
    if (target.dropped)
      work.left.push_back({.why = Counter::DroppedQueueFull,
                           .message = message,
                           .session = target.session,
                           .shard = target.where.shard});
    if (!target.delivery.message) continue;
    HERMOD_ASSERT(target.delivery.qos <= message->qos());  // QoS 2 leaves only when it is synced
    const bool is_stored = is_stored_for(target);
    if (is_stored && shared) {
      queue::append_entry(batch, StreamId{target.session.v}, target.delivery, *shared);
    } else if (is_stored) {
      queue::append_entry(batch, StreamId{target.session.v}, target.delivery);
    }
    // A crash between the two would leave the message twice, also for a member that wants it exactly once.
    const queue::Loan& loan = target.delivery.loan;
    if (target.where.durable && loan.keeper.v != 0) {
      queue::erase_entry(batch, StreamId{loan.keeper.v}, loan.seq);
      settles_loan = true;
    }
    work.targets.push_back({target.session, std::move(target.delivery), is_stored});
  }
  append_to_queues(batch, message, shared, work);
  if (work.retain) {
    work.retained_number = shared_.retained.number_for(message->topic(), !message->payload().empty());
    retain::record(batch, work.retained_number, *message);
  }
  return settles_loan;
}

/// A message for several durable queues is stored once when that saves more than the reference costs.
std::optional<MessageId> Shard::share_body(store::WriteBatch& batch, const queue::Message& message) {
  const auto sessions = std::count_if(targets_.begin(), targets_.end(), is_stored_for);
  const auto queues = std::count_if(queue_targets_.begin(), queue_targets_.end(),
                                    [](const QueueTarget& t) { return !t.is_dropped; });
  const auto copies = static_cast<std::size_t>(sessions + queues);
  if (copies < 2 || (copies - 1) * message.size() < kStoreOnceFrom) return std::nullopt;
  const MessageId id{shared_.epoch << kEpochShift | std::uint64_t{id_.v} << kShardShift | ++messages_shared_};
  queue::put_message(batch, id, message);
  return id;
}

/// PUBACK or PUBREC with success, or with 0x10 when nobody subscribed. [MQTT-4.3.2-4] [MQTT-4.3.3-8]
void Shard::acknowledge_publish(Connection& c, wire::PacketId id, QoS qos, ReasonCode reason,
                                const PublishRef* ref) {
  wire::PropertyWriter told;
  if (ref != nullptr) append_ref(*ref, told);
  send_ack(c, ack_type(qos), id, reason, {}, told.properties());
  if (qos == QoS::AtLeastOnce) c.session()->inbound().on_acknowledged(id);
}

void Shard::send_publish_ack(Connection& c, wire::PacketId id, QoS qos, ReasonCode reason,
                             std::string_view why) {
  send_ack(c, ack_type(qos), id, reason, why);
}

/// Reading from this publisher pauses while one of its receivers is congested, or the receiver's shard is
/// behind with its mailbox; a stalled receiver holds up nobody.
void Shard::wait_for_slow_reader(Connection& c) {
  for (const Target& target : targets_) {
    if (target.session == c.session()->id()) continue;
    const bool reader_is_slow = target.where.congested && !target.where.stalled;
    if (!reader_is_slow && !is_behind(target.where.shard)) continue;
    counters_.add(Counter::PublishersPaused);
    c.pause(Connection::Pause::SlowReader);
    waiting_publishers_.push_back({c.id(), target.session, target.where.shard});
    schedule_deadlines();
    return;
  }
  wait_for_queue_owner(c);
}

/// A message of the broker's own (a will): the same steps without an ack. There is nobody to refuse it to, so
/// a full queue misses it alone, and beyond a limit on retained messages it is delivered all the same. Like
/// every message of its client it stays behind those that wait for their commit. [MQTT-4.6.0-6]
/// What is in `batch` already, its session's record and nothing else, is stored together with it.
/// Precondition: matches_ is of its topic.
void Shard::publish_for_broker(const queue::MessagePtr& message, std::string_view client_id,
                               bool behind_others, store::WriteBatch batch) {
  const SessionId publisher = message->publisher();
  const bool retain = message->retain() && has_room_to_retain(*message);
  if (retain != message->retain()) counters_.add(Counter::PublishRefused);
  find_targets(message, client_id);
  const queue::Overflow overflow = shared_.options.session.queue.overflow;
  reserve_room(message, overflow == queue::Overflow::Reject ? queue::Overflow::DropNewest : overflow);
  reserve_queue_room(message, /*may_refuse=*/false);
  if (asks_owners())
    return ask_owners(nullptr, {.session = publisher,
                                .message = message,
                                .qos = QoS::AtMostOnce,
                                .retain = retain,
                                .records_session = !batch.empty()});
  const bool waits = behind_others && message->qos() != QoS::AtMostOnce;
  if (!batch.empty() || waits || needs_commit(nullptr, message, retain)) {
    hand_over_now(/*qos0_only=*/true);
    commit_publish(nullptr, message, {}, QoS::AtMostOnce, retain, std::move(batch), publisher);
  } else {
    hand_over_now(/*qos0_only=*/false);
  }
}

/// What the broker says about itself never touches the disk.
void Shard::announce(const queue::MessagePtr& message) {
  shared_.retained.restore(message);
  match(message->topic(), SessionId{});
  find_targets(message, {});
  hand_over_now(/*qos0_only=*/true);
}

}  // namespace hermod::broker
