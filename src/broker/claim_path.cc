// Deliveries of named queues at QoS 2: a claim in the session's stream before PUBLISH, and the owner's batch
// before PUBREL. Without a durable session there is nothing to claim for: its exchanges end with its
// connection.

#include <utility>

#include "base/assert.h"
#include "broker/held_identifier.h"
#include "broker/retry_after.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"
#include "queue/records.h"
#include "wire/encoder.h"

namespace hermod::broker {

using session::QueueConsumer;
using session::QueueConsumers;
using session::QueueDelivery;
using wire::PacketType;
using Phase = qos::OutboundFlow::Phase;

/// Its record is on its way; then it is sent.
void Shard::claim_lent(const Connection& c, Session& session, const QueueDelivery& lent) {
  store::WriteBatch batch;
  queue::append_claim(batch, session.stream(),
                      {.queue = lent.queue, .seq = lent.it.seq, .deliveries = lent.it.deliveries});
  session.consumers()->begin_claim(lent.queue);
  submit(std::move(batch), c.id(), session.id(), ClaimMade{lent});
}

void Shard::finish(Connection*, Session* session, ClaimMade& work, std::optional<Errc> error) {
  if (session == nullptr) return;
  QueueConsumers& consumers = *session->consumers();
  const QueueId queue = work.delivery.queue;
  const queue::LeaseId lease = work.delivery.it.lease;
  if (work.own.v != 0) session->queue().pass_over(work.own, 1);
  if (error) {
    consumers.claim_failed(queue);
    tell_queue(queue, LeasesUnsent{{lease}});
    not_taken_.sequences.push_back(session->id());
    return write_again_later();
  }
  tell_queue(queue, LeaseClaimed{lease, session->id(), work.own});
  consumers.claimed(work.own, std::move(work.delivery));
  pump(*session);
}

/// What is claimed goes out as soon as there is quota. It is durable, so it waits for that also here.
void Shard::send_claimed(Connection& c, Session& session) {
  QueueConsumers& consumers = *session.consumers();
  while (const auto own = consumers.next_claimed()) {
    if (c.unsent_bytes() >= shared_.options.limits.outbound_buffer || !session.outbound().can_start()) return;
    if (QueueConsumers::Sent& waiting = *consumers.find_sent(*own); waiting.claimed->expires_at <= now()) {
      consumers.claim_sent();  // it will not be [MQTT-3.3.2-5]
      waiting.is_nacked = true;
      tell_settled(waiting, queue::Outcome::RetryLater, std::nullopt);
      continue;
    }
    const auto id = session.outbound().start(*own, QoS::ExactlyOnce);
    if (!id) return tell_held_identifier(session);
    consumers.claim_sent();
    const bool sent = send_claim(c, session, *own, *id, /*duplicate=*/false);
    if (sent) counters_.add(Counter::QueueDelivered);
  }
}

/// False: the client does not take a packet that large any more. The exchange ends, and counts as a delivery
/// that failed: the message is there for others, or for this one when it takes more.
bool Shard::send_claim(Connection& c, Session& session, Seq own, wire::PacketId id, bool duplicate) {
  QueueConsumers& consumers = *session.consumers();
  QueueConsumers::Sent* const sent = consumers.find_sent(own);
  HERMOD_ASSERT(sent != nullptr && sent->claimed);
  const QueueConsumer* const consumer = consumers.find(sent->queue);
  const QueueDelivery lent{sent->queue, *sent->claimed};
  const queue::NamedQueuePtr queue = shared_.queues.find(sent->queue);
  wire::OutboundPublish out =
      lent_publish(c, lent, queue ? std::string_view(queue->name()) : std::string_view{}, QoS::ExactlyOnce,
                   consumer != nullptr ? std::span<const std::uint32_t>(consumer->identifiers)
                                       : std::span<const std::uint32_t>{});
  if (!c.takes(out)) {
    counters_.add(Counter::QueueTooLarge);
    session.outbound().on_refused(id);
    if (sent->is_ended) {  // nobody else ends it any more
      consumers.finish(own);
      erase_entry(session, own);
    } else {
      tell_settled(*sent, queue::Outcome::RetryLater, std::nullopt);
    }
    return false;
  }
  out.id = id;
  out.dup = duplicate;
  write_publish(c, out, lent.it.message);
  return true;
}

/// On a new connection, in the place of an entry of the session's own queue. False: it is none of these.
bool Shard::send_claim_again(Connection& c, Session& session, const qos::Resend& resend) {
  QueueConsumers* const consumers = session.consumers();
  const QueueConsumers::Sent* const sent = consumers != nullptr ? consumers->find_sent(resend.seq) : nullptr;
  if (sent == nullptr || !sent->claimed) return false;
  if (resend.what == qos::Resend::What::PubrelBehindPending) {
    if (sent->is_ended) return false;   // the mark is on its way, as of an entry
    consumers->owe_pubrel(resend.seq);  // its end is on its way
    return true;
  }
  if (resend.what != qos::Resend::What::Publish) return false;
  if (send_claim(c, session, resend.seq, resend.id, /*duplicate=*/true))
    counters_.add(Counter::PublishRedelivered);
  return true;
}

/// The client has answered PUBREC, with success or not. False: the ordinary steps follow.
bool Shard::settle_claim(Session& session, Seq own, const wire::Ack& packet) {
  QueueConsumers* const consumers = session.consumers();
  QueueConsumers::Sent* const sent = consumers != nullptr ? consumers->find_sent(own) : nullptr;
  const auto phase = session.outbound().phase(own);
  if (sent == nullptr || !phase) return false;
  tell_settled(*sent, queue::outcome_for(packet.reason), retry_after_of(packet));
  if (*phase == Phase::Releasing && sent->claimed && !sent->is_ended) {
    consumers->owe_pubrel(own);
    return true;
  }
  const bool is_claimed = sent->claimed != nullptr;
  const bool is_over = !is_claimed || sent->is_ended;
  // What the mark is on its way for may have to be sent again, should that fail.
  const bool is_kept = is_claimed && *phase == Phase::Releasing;
  if (is_over && !is_kept) consumers->finish(own);
  if (*phase != Phase::Erasing) return false;
  if (!is_over) return true;  // the owner's batch ends it
  if (is_claimed) {
    erase_entry(session, own);  // the mark, for which there is no PUBREL any more
  } else {
    session.outbound().on_erased(own);
  }
  return true;
}

/// The owner's batch is durable.
void Shard::on_claim_ended(const FromQueue& told, const ClaimEnded& ended) {
  Session* const session = sessions_.find(ended.session);
  if (session == nullptr) return follow_session(ended.session, FromQueue{told.queue, ended});
  QueueConsumers& consumers = session->make_consumers();
  QueueConsumers::Sent* const sent = consumers.find_sent(ended.claim);
  if (sent == nullptr) return;
  sent->is_settled = sent->is_ended = true;
  const bool is_unsent = consumers.forget_unsent(ended.claim) || !session->outbound().phase(ended.claim);
  if (is_unsent) {  // no client knows it
    consumers.finish(ended.claim);
    if (ended.is_released || ended.is_unanswered) erase_entry(*session, ended.claim);
    return pump(*session);
  }
  const auto phase = session->outbound().phase(ended.claim);
  if (phase == Phase::Releasing && ended.is_unanswered) {  // PUBREC has come meanwhile: as of an entry
    store::WriteBatch batch;
    queue::record_released(batch, session->stream(), ended.claim);
    sent->is_entry = true;  // until that is durable
    submit(std::move(batch), session->connection(), session->id(), OutboundReleased{ended.claim});
  } else if (phase == Phase::Releasing) {
    Connection* const c = live(session->connection());
    const bool is_there = c != nullptr && c->state() == Connection::State::Connected;  // [MQTT-3.2.0-1]
    release_claim(is_there ? c : nullptr, *session, ended.claim);
  } else if (phase == Phase::Erasing) {
    consumers.finish(ended.claim);
    if (ended.is_released || ended.is_unanswered) {
      erase_entry(*session, ended.claim);  // refused after all: no PUBREL comes for the mark
    } else {
      session->outbound().on_erased(ended.claim);
    }
  } else if (phase == Phase::Sent && ended.is_unanswered) {
    sent->is_entry = true;
    sent->is_settled = false;  // PUBREC is still to come, and the owner waits for it
  } else if (phase == Phase::Sent && !session->is_online()) {
    session->outbound().abandon(ended.claim);
    consumers.finish(ended.claim);
  }
  pump(*session);
}

void Shard::release_claim(Connection* c, Session& session, Seq own) {
  session.consumers()->finish(own);
  session.outbound().on_released(own);
  send_pubrel_in_order(c, session, own);
}

/// In the order of the PUBRECs, as far as claims are concerned; who is away gets it when he comes back.
/// [MQTT-4.3.3-4] [MQTT-4.6.0-4]
void Shard::send_pubrel_in_order(Connection* c, Session& session, Seq own) {
  if (c == nullptr) return;
  const auto send = [&](Seq seq) {
    send_ack(*c, PacketType::Pubrel, qos::packet_id_for(seq), ReasonCode::Success);
  };
  QueueConsumers* const consumers = session.consumers();
  if (consumers == nullptr || !consumers->owes_pubrels()) return send(own);
  for (const Seq seq : consumers->pubrel_ready(own)) send(seq);
}

}  // namespace hermod::broker
