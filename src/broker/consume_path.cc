// The consumer's side of named queues: a session takes on credit, sends as its connection allows, and says
// what became of each delivery.

#include <algorithm>
#include <string>
#include <utility>

#include "broker/consumed_queue.h"
#include "broker/held_identifier.h"
#include "broker/retry_after.h"
#include "broker/shard.h"
#include "queue/queue_form.h"
#include "wire/encoder.h"

namespace hermod::broker {

using session::QueueConsumer;
using session::QueueConsumers;
using session::QueueDelivery;
using session::Session;

namespace {

/// Sequences for packet identifiers that are taken at once, and how few are left when more are asked for.
constexpr std::uint32_t kSequencesAtOnce = 256;
constexpr std::uint64_t kFewSequences = 128;
/// Sequences that others may take until a claim has its own.
constexpr std::uint64_t kIdentifiersAhead = 4096;

queue::ConsumerId consumer_of(const Session& session) {
  return queue::ConsumerId{session.id().v};
}

/// Message::size() of what fits at best, where `out`, which has this message, does not. What a queue says of
/// it at least has about the same size for each.
std::uint64_t most_bytes_for(const Connection& c, const wire::OutboundPublish& out,
                             const queue::Message& message) {
  const std::uint64_t most = c.agreement().maximum_packet_size;
  const std::uint64_t excess =
      wire::encoded_size(out) - std::min<std::uint64_t>(most, wire::encoded_size(out));
  return message.size() - std::min<std::uint64_t>(excess, message.size());
}

/// Of a stream: what one of its groups has sent.
QueueConsumers::Sent* find_sent(QueueConsumers& consumers, QueueId queue, Seq offset) {
  QueueConsumers::Sent* sent = consumers.find_sent(queue, offset);
  consumers.for_each([&](const QueueConsumer& consumer) {
    if (sent == nullptr && consumer.queue->group && consumer.queue->group->stream == queue)
      sent = consumers.find_sent(consumer.queue->id, offset);
  });
  return sent;
}

}  // namespace

/// The session has subscribed to a queue or joined a group, or again with other options. Without a connection
/// it is attached when it has one. What a group takes its owner knows. Precondition: is_consumed(its filter).
void Shard::consume(Session& session, const session::Subscription& subscription) {
  if (!session.is_online()) return;
  queue::NamedQueuePtr queue = consumed_by(shared_.queues, subscription.filter, shared_.mailboxes.size());
  if (!queue) return;  // deleted, and its subscription with it
  QueueConsumers& consumers = session.make_consumers();
  QueueConsumer* consumer = consumers.find(queue->id);
  if (consumer == nullptr) consumer = &consumers.add(std::move(queue));
  consumer->qos = static_cast<QoS>(subscription.options.granted_qos);
  consumer->filter = wanted_by(subscription);
  consumer->identifiers.clear();
  if (subscription.options.identifier != 0) consumer->identifiers.push_back(subscription.options.identifier);
  const QueueId id = consumer->queue->id;
  if (consumer->qos == QoS::ExactlyOnce) consumers.add_claim_owner(id);
  queue::QueueGroup::ConsumerOptions wanted{
      consumer->qos, consumer->queue->group ? queue::PropertyFilter{} : consumer->filter};
  if (consumer->is_attached)
    return tell_queue(id, ConsumerChanged{consumer_of(session), consumer->attachment, std::move(wanted)});
  consumers.attach(*consumer);
  tell_queue(id, ConsumerJoined{consumer_of(session), consumer->attachment, std::move(wanted), id_});
}

/// It has unsubscribed. What was sent ends as ever; what was not goes back. Another subscription of the
/// session to the same queue goes on.
void Shard::consume_no_more(Session& session, std::string_view text) {
  QueueConsumers* const consumers = session.consumers();
  const queue::NamedQueuePtr queue = consumed_by(shared_.queues, text);
  QueueConsumer* const consumer = consumers != nullptr && queue ? consumers->find(queue->id) : nullptr;
  if (consumer == nullptr || !consumer->is_attached) return;
  for (const session::Subscription& other : session.subscriptions().items())
    if (is_consumed(other.filter) && consumed_by(shared_.queues, other.filter) == queue)
      return consume(session, other);
  drain(session, *consumer);
}

/// It gets nothing more; what was sent ends as ever.
void Shard::drain(Session& session, QueueConsumer& consumer) {
  const QueueId queue = consumer.queue->id;
  consumer.is_attached = false;
  tell_queue(queue, ConsumerDrained{consumer_of(session), consumer.attachment});
  if (auto leases = session.consumers()->call_back_all(queue); !leases.empty())
    tell_queue(queue, LeasesUnsent{std::move(leases)});
}

/// A connection has begun.
void Shard::resume_consuming(Session& session) {
  for (const session::Subscription& subscription : session.subscriptions().items())
    if (is_consumed(subscription.filter)) consume(session, subscription);
}

/// The consumer group was deleted when it found it, and before its owner knew of it: it makes another one of
/// the name. The subscriptions to a queue or a stream that is deleted end in another way.
void Shard::on_turned_away(QueueId group, const ConsumerTurnedAway& told) {
  Session* const session = sessions_.find(SessionId{told.consumer.v});
  QueueConsumers* const consumers = session != nullptr ? session->consumers() : nullptr;
  QueueConsumer* const consumer = consumers != nullptr ? consumers->find(group) : nullptr;
  const bool is_here =
      consumer != nullptr && consumer->is_attached && consumer->attachment == told.attachment;
  if (!is_here || !consumer->queue->group) return;
  consumer->is_attached = false;
  resume_consuming(*session);
  pump_soon(session->id());  // and says what may come
}

/// The connection is gone, and with it every exchange of QoS 1: a PUBACK that comes late finds nothing.
void Shard::stop_consuming(Session& session) {
  QueueConsumers& consumers = *session.consumers();
  consumers.for_each([&](const QueueConsumer& consumer) {
    tell_queue(consumer.queue->id, ConsumerDisconnected{consumer_of(session), consumer.attachment});
  });
  QueueConsumers::Left left = consumers.disconnect();
  for (const Seq own : left.with_client) session.outbound().abandon(own);
  // At QoS 2 they would stay with this consumer.
  for (const QueueDelivery& lent : left.waiting) tell_queue(lent.queue, LeasesUnsent{{lent.it.lease}});
}

void Shard::on_told_by_queue(FromQueue& told) {
  if (auto* deliver = std::get_if<queue::Deliver>(&told.message)) {
    const queue::LeaseId lease = deliver->lease;
    Session* const session = sessions_.find(SessionId{deliver->consumer.v});
    QueueConsumers* const consumers = session != nullptr ? session->consumers() : nullptr;
    if (consumers == nullptr || !consumers->take({told.queue, std::move(*deliver)}))
      return tell_queue(told.queue, LeasesUnsent{{lease}});
    pump_soon(session->id());
  } else if (const auto* ended = std::get_if<ClaimEnded>(&told.message)) {
    on_claim_ended(told, *ended);
  } else if (auto* answer = std::get_if<AdmissionAnswered>(&told.message)) {
    on_admission_answered(told.queue, *answer);
  } else if (const auto* repeated = std::get_if<RepeatedEnded>(&told.message)) {
    on_repeated(told.queue, *repeated);
  } else if (const auto* again = std::get_if<AskedAgain>(&told.message)) {
    on_ask_again(*again);
  } else if (auto* done = std::get_if<CommandDone>(&told.message)) {
    on_command_done(told.queue, *done);
  } else if (const auto* away = std::get_if<ConsumerTurnedAway>(&told.message)) {
    on_turned_away(told.queue, *away);
  } else if (auto* redefined = std::get_if<QueueRedefined>(&told.message)) {
    on_queue_redefined(told.queue, *redefined);
  } else if (const auto* grown = std::get_if<StreamGrew>(&told.message)) {
    reading_.on_grown(told.queue, *grown);
  } else if (const auto* recall = std::get_if<queue::Recall>(&told.message)) {
    Session* const session = sessions_.find(SessionId{recall->consumer.v});
    QueueConsumers* const consumers = session != nullptr ? session->consumers() : nullptr;
    if (consumers != nullptr && consumers->call_back(told.queue, recall->lease))
      tell_queue(told.queue, LeasesUnsent{{recall->lease}});
  }
}

/// Sends what was lent, as far as quota and output go, and says what more may come. Behind what waits in the
/// session's own queue. What has expired here goes back, and its queue, by whose time that is, ends it.
/// [MQTT-3.3.2-5]
void Shard::pump_consumers(Connection& c, Session& session) {
  if (c.state() != Connection::State::Connected) return;
  QueueConsumers& consumers = *session.consumers();
  send_claimed(c, session);
  while (const QueueDelivery* next = consumers.next_waiting()) {
    if (c.unsent_bytes() >= shared_.options.limits.outbound_buffer) break;
    // Or it was lent before the client subscribed with another QoS, or another filter.
    const QueueConsumer& consumer = *consumers.find(next->queue);
    if (next->it.expires_at <= now() || next->it.qos != consumer.qos ||
        !consumer.filter.matches(next->it.message->forwarded_properties())) {
      const auto [queue, lease] = std::pair(next->queue, next->it.lease);
      consumers.call_back(queue, lease);
      tell_queue(queue, LeasesUnsent{{lease}});
      continue;
    }
    const Lent became = send_lent(c, session, *next);
    if (became == Lent::Waits) break;
    consumers.pop_waiting(/*ended=*/became == Lent::Ended);
  }
  grant_credit(session);
}

Shard::Lent Shard::send_lent(Connection& c, Session& session, const QueueDelivery& lent) {
  QueueConsumers& consumers = *session.consumers();
  const QueueConsumer& consumer = *consumers.find(lent.queue);
  wire::OutboundPublish out =
      lent_publish(c, lent, consumer.queue->name(), consumer.qos, consumer.identifiers);
  if (!c.takes(out)) {
    counters_.add(Counter::QueueTooLarge);  // for this client alone: another may take it [MQTT-3.1.2-25]
    tell_queue(lent.queue, LeaseTooLarge{lent.it.lease, most_bytes_for(c, out, *lent.it.message)});
    return Lent::Ended;
  }
  if (consumer.qos == QoS::AtMostOnce) {
    write_publish(c, out, lent.it.message);
    counters_.add(Counter::QueueDelivered);
    lease_reports_.add(lent.queue, {lent.it.lease, /*is_done=*/true});
    return Lent::Ended;
  }
  if (!session.outbound().can_start()) return Lent::Waits;
  if (consumer.qos == QoS::ExactlyOnce && session.is_durable()) {
    if (session.outbound().quota().left() <= consumers.claims_on_their_way()) return Lent::Waits;
    // What is claimed has to find its packet identifier, also when others come before it.
    const Seq behind{session.queue().next().v + kIdentifiersAhead};
    if (!session.outbound().has_room_for(behind)) {
      tell_held_identifier(session);
      return Lent::Waits;
    }
    claim_lent(c, session, lent);
    return Lent::WithClient;
  }
  const auto exchange = start_lent(session, consumer.qos);
  if (!exchange) return Lent::Waits;
  out.id = exchange->id;
  write_publish(c, out, lent.it.message);
  counters_.add(Counter::QueueDelivered);
  consumers.sent(exchange->own, lent);
  lease_reports_.add(lent.queue, {lent.it.lease});
  return Lent::WithClient;
}

/// What its queue says of it is as short as can be when the client would not take it else: the key may be as
/// long as a client identifier, and other messages of another size have another one. What it needs of memory
/// is there until the next one is made.
wire::OutboundPublish Shard::lent_publish(const Connection& c, const QueueDelivery& lent,
                                          std::string_view queue, QoS qos,
                                          std::span<const std::uint32_t> identifiers) {
  const queue::Message& message = *lent.it.message;
  wire::OutboundPublish out = publish_for(c, message, qos);
  if (!c.agreement().is_v5()) return out;
  out.subscription_identifiers = identifiers;
  const EntryProperties::Said said{.key = lent.it.key,
                                   .queue = queue,
                                   .offset = lent.it.seq,
                                   .stored_at = message.stored_at(),
                                   .deliveries = lent.it.deliveries,
                                   .first_death = lent.it.first_death.get()};
  for (const bool is_short : {false, true}) {
    out.forwarded_properties = entry_properties_.behind(message.forwarded_properties(), said, is_short);
    if (c.takes(out)) break;
  }
  return out;
}

/// Under a sequence that nothing else of the session uses.
std::optional<LentExchange> Shard::start_lent(Session& session, QoS qos) {
  if (!session.outbound().can_start()) return std::nullopt;
  if (session.is_durable()) session.make_consumers();  // which have the sequences that no entry has
  const auto own = sequence_for_lent(session);
  if (!own) return std::nullopt;
  const auto id = session.outbound().start(*own, qos);
  if (!id) {
    tell_held_identifier(session);
    return std::nullopt;
  }
  if (session.is_durable()) {
    session.consumers()->use_sequence();
  } else {
    session.queue().pass_over(*own, 1);
  }
  return LentExchange{*own, *id};
}

/// A sequence of the session's own stream, which no entry has: so no other message of the session has its
/// packet identifier.
std::optional<Seq> Shard::sequence_for_lent(Session& session) {
  if (!session.is_durable()) return session.queue().next();
  QueueConsumers& consumers = *session.consumers();
  consumers.drop_old_sequences(session.queue().next());
  ask_sequences(session);
  return consumers.next_sequence();
}

void Shard::ask_sequences(Session& session) {
  QueueConsumers& consumers = *session.consumers();
  if (consumers.is_asking_for_sequences || consumers.sequences_left() >= kFewSequences) return;
  consumers.is_asking_for_sequences = true;
  submit({}, std::nullopt, session.id(), SequencesTaken{kSequencesAtOnce},
         {.taking = {session.stream(), kSequencesAtOnce}});
}

/// They are the session's; no entry comes for them, also when they could not be had.
void Shard::finish(Connection*, Session* session, SequencesTaken& work, std::optional<Errc> error) {
  if (session == nullptr) return;
  QueueConsumers& consumers = session->make_consumers();
  consumers.is_asking_for_sequences = false;
  if (work.first.v != 0) session->queue().pass_over(work.first, work.count);
  if (error) {
    not_taken_.sequences.push_back(session->id());
    return write_again_later();
  }
  consumers.give_sequences(work.first, work.count);
  pump(*session);
}

/// Ordinary messages of the session need quota too: while they use it up nothing is asked of queues.
void Shard::grant_credit(Session& session) {
  QueueConsumers& consumers = *session.consumers();
  const qos::Quota& quota = session.outbound().quota();
  const std::uint64_t share = consumers.share_of(quota.maximum());
  consumers.for_each([&](QueueConsumer& consumer) {
    if (const auto limit = consumers.grant(consumer, share, quota.left()))
      tell_queue(consumer.queue->id, ConsumerGranted{consumer_of(session), consumer.attachment, *limit});
  });
}

/// The client has answered a delivery of a queue. False: it was none, but an entry of its own.
bool Shard::settle_lent(Session& session, Seq own, const wire::Ack& packet) {
  QueueConsumers* const consumers = session.consumers();
  if (consumers == nullptr) return false;
  auto sent = consumers->finish(own);
  if (!sent) return false;
  session.outbound().on_erased(own);
  tell_settled(*sent, queue::outcome_for(packet.reason), retry_after_of(packet));
  return true;
}

/// Once.
void Shard::tell_settled(QueueConsumers::Sent& sent, queue::Outcome outcome,
                         std::optional<std::chrono::seconds> retry_after) {
  if (std::exchange(sent.is_settled, true)) return;
  if (outcome == queue::Outcome::Done && !sent.is_nacked)
    return lease_reports_.add(sent.queue, {sent.lease, /*is_done=*/true});
  tell_queue(sent.queue,
             LeaseSettled{sent.lease, outcome, retry_after, /*is_exchange_open=*/false, sent.is_nacked});
}

/// How a client without reason codes says that it cannot take a message now. The answer to the message
/// itself, which it owes all the same, means nothing more. A message that it does not have is not given back.
void Shard::on_nack(Connection& c, const wire::Publish& packet, std::string_view topic) {
  Session& session = *c.session();
  const auto form = queue::NackForm::parse(topic);
  if (!form) return refuse_publish(c, packet, ReasonCode::TopicNameInvalid, form.error().detail);
  const queue::NamedQueuePtr queue = shared_.queues.find(form->name);
  QueueConsumers* const consumers = session.consumers();
  QueueConsumers::Sent* const sent =
      queue && consumers != nullptr ? find_sent(*consumers, queue->id, form->offset) : nullptr;
  if (sent != nullptr) {
    sent->is_nacked = true;
    tell_queue(sent->queue, LeaseSettled{sent->lease, queue::Outcome::RetryLater, form->retry_after,
                                         /*is_exchange_open=*/true});
  } else {
    counters_.add(Counter::QueueLateAcks);
  }
  acknowledge_without_message(c, packet, /*matched=*/sent != nullptr);
}

}  // namespace hermod::broker
