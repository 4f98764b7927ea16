// How a message reaches one client: from the hand-over through its session's queue into the transport.

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "broker/held_identifier.h"
#include "broker/shard.h"
#include "wire/encoder.h"

namespace hermod::broker {

namespace {

/// Expired messages of one queue that are dropped at once.
constexpr std::size_t kExpiredAtOnce = 1000;

/// From here on a payload is written from the message itself instead of being copied once more.
constexpr std::size_t kShareFrom = 8 * 1024;

/// What is left of the Message Expiry Interval, in whole seconds; never more than it was, should somebody
/// have set the clock back. [MQTT-3.3.2-6]
std::optional<std::uint32_t> remaining_expiry(const queue::Message& message, WallTime now) {
  if (message.expires_at() == queue::Message::kNever) return std::nullopt;
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(message.expires_at() - std::max(now, message.stored_at()))
          .count();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0));
}

}  // namespace

/// A message for a session that should live here. If it has moved, the message follows it; at QoS 0 it would
/// come behind later ones that were sent to the new place, and its connection is over. [MQTT-4.6.0-6]
void Shard::deliver(SessionId to, Seq seq, queue::Delivery delivery) {
  session::Session* session = sessions_.find(to);
  if (session == nullptr && delivery.qos == QoS::AtMostOnce) return counters_.add(Counter::DroppedOffline);
  if (session == nullptr) return follow_session(to, Deliver{to, seq, std::move(delivery)});
  if (delivery.qos == QoS::AtMostOnce) return deliver_qos0(*session, delivery);
  if (seq.v != 0 && session->queue().has_had(seq)) return;  // from deliver_early()
  enqueue(*session, seq, std::move(delivery));
  pump(*session);
}

/// A message that has its place in the queue and is not on disk yet. If it cannot leave at once it comes
/// again when it is: so nothing waits in a window that the store does not have, and a window can leave to the
/// store what waits.
void Shard::deliver_early(SessionId to, Seq seq, queue::Delivery delivery) {
  session::Session* session = sessions_.find(to);
  if (session != nullptr && send_early(*session, seq, delivery)) return pump(*session);
  shared_.committer.hurry();
}

/// Sends what is the next of its queue, has nothing that waits before it, and finds quota and room. False: it
/// did not.
bool Shard::send_early(session::Session& session, Seq seq, queue::Delivery& delivery) {
  Connection* c = live(session.connection());
  queue::QueueWindow& queue = session.queue();
  if (c == nullptr || c->state() != Connection::State::Connected || queue.next() != seq ||
      queue.first_waiting() != seq || !session.may_send(seq) ||
      c->unsent_bytes() >= shared_.options.limits.outbound_buffer || delivery.message->is_expired(wall()) ||
      !fits(*c, delivery))
    return false;
  const auto id = session.outbound().start(seq, delivery.qos);
  if (!id) return false;
  send_publish(*c, delivery, *id, /*duplicate=*/false);
  session.ack_pace.on_sent(seq, now(), shared_.options.store.elide_wait);
  queue.offer(seq, std::move(delivery));
  queue.mark_sent(seq);
  watch_congestion(session);
  return true;
}

/// QoS 0 is sent now or never: to a client that is there and whose output has room.
void Shard::deliver_qos0(session::Session& session, const queue::Delivery& delivery) {
  Connection* c = live(session.connection());
  if (c == nullptr || c->state() != Connection::State::Connected)
    return counters_.add(Counter::DroppedOffline);
  if (c->unsent_bytes() >= shared_.options.limits.outbound_buffer) {
    voice_.drop(Counter::DroppedSlowReader, delivery.message, session);
    return watch_congestion(session);
  }
  if (delivery.message->is_expired(wall()))
    return voice_.drop(Counter::DroppedExpired, delivery.message, session);  // [MQTT-3.3.2-5]
  if (!fits(*c, delivery)) return voice_.drop(Counter::DroppedTooLarge, delivery.message, session);
  send_publish(*c, delivery, {}, false);
  watch_congestion(session);
}

void Shard::enqueue(session::Session& session, Seq seq, queue::Delivery delivery) {
  if (session.is_durable()) settle_loan(std::exchange(delivery.loan, {}));  // it has an entry of its own now
  if (seq.v == 0) {
    session.queue().push(std::move(delivery));
  } else {
    session.queue().offer(seq, std::move(delivery));
  }
  drop_what_is_over(session);
  watch_expiry(session);
  watch_congestion(session);
}

/// Sends what the client's quota and output allow: first what an earlier connection left unfinished, then
/// what waits, in sequence order. [MQTT-4.4.0-1] [MQTT-4.6.0-1]
void Shard::pump(session::Session& session) {
  Connection* c = live(session.connection());
  if (c == nullptr || c->state() != Connection::State::Connected) return;
  while (const auto resend = session.outbound().next_resend()) send_again(*c, session, *resend);
  send_waiting(*c, session);
  if (session.consumers() != nullptr) pump_consumers(*c, session);
  if (session.readers() != nullptr) reading_.pump(*c, session);
  if (session.should_reach_on()) record(session);
  read_ahead(session);
  if (session.is_group_member || session.is_durable()) show_pace(session);
}

void Shard::send_waiting(Connection& c, session::Session& session) {
  while (session.outbound().can_start() && c.unsent_bytes() < shared_.options.limits.outbound_buffer) {
    const queue::Entry* entry = session.queue().next_waiting();
    if (entry == nullptr) return;
    const Seq seq = entry->seq;
    if (!session.may_send(seq)) return;  // first its record is stored
    if (entry->delivery.message->is_expired(wall())) {
      drop_entry(session, seq, Counter::DroppedExpired);  // [MQTT-3.3.2-5]
      continue;
    }
    if (!fits(c, entry->delivery)) {
      drop_entry(session, seq, Counter::DroppedTooLarge);  // [MQTT-3.1.2-25]
      continue;
    }
    const auto id = session.outbound().start(seq, entry->delivery.qos);
    if (!id) return tell_held_identifier(session);
    send_publish(c, entry->delivery, *id, /*duplicate=*/false);
    if (entry->delivery.qos == QoS::AtLeastOnce)
      session.ack_pace.on_sent(seq, now(), shared_.options.store.elide_wait);
    session.queue().mark_sent(seq);
  }
}

/// Tells publishers whether this client can take another message now, and would acknowledge it soon.
void Shard::show_pace(session::Session& session) {
  const bool busy = session.is_online() && !session.outbound().can_start();
  const bool late = session.ack_pace.is_late();
  if (busy == session.shown_busy && late == session.shown_late) return;
  session.shown_busy = busy;
  session.shown_late = late;
  auto where = *shared_.directory.slots().locate(session.id());
  where.busy = busy;
  where.late = late;
  shared_.directory.slots().place(session.id(), where);
}

/// One packet of an exchange that an earlier connection began.
void Shard::send_again(Connection& c, session::Session& session, const qos::Resend& resend) {
  if (send_claim_again(c, session, resend)) return;
  if (resend.what == qos::Resend::What::Pubrel) {
    return send_ack_in_order(c, session, {.type = wire::PacketType::Pubrel, .packet_id = resend.id});
  }
  if (resend.what == qos::Resend::What::PubrelBehindPending) {
    return submit({}, c.id(), session.id(), OutboundReleased{resend.seq, true});
  }
  const queue::Entry* entry = session.queue().find(resend.seq);
  HERMOD_ASSERT(entry != nullptr);
  if (fits(c, entry->delivery)) {
    counters_.add(Counter::PublishRedelivered);
    return send_publish(c, entry->delivery, resend.id, true);
  }
  voice_.drop(Counter::DroppedTooLarge, entry->delivery.message, session);  // it takes less than before
  const auto end = resend.qos == QoS::AtLeastOnce ? session.outbound().on_puback(resend.id)
                                                  : session.outbound().on_refused(resend.id);
  HERMOD_ASSERT(end.what == qos::OnFinish::What::Erase);
  finish_entry(session, end.seq);
}

/// The packet without the identifier and the alias, neither of which makes it larger than the client takes.
wire::OutboundPublish Shard::publish_for(const Connection& c, const queue::Message& message, QoS qos) {
  wire::OutboundPublish out;
  out.version = c.version();
  out.qos = qos;
  out.topic = message.topic();
  out.payload = message.payload();
  if (c.agreement().is_v5()) {
    out.forwarded_properties = message.forwarded_properties();
    out.message_expiry_interval = remaining_expiry(message, wall());
  }
  return out;
}

wire::OutboundPublish Shard::publish_for(const Connection& c, const queue::Delivery& delivery) {
  wire::OutboundPublish out = publish_for(c, *delivery.message, delivery.qos);
  out.retain = delivery.retain;
  if (c.agreement().is_v5()) out.subscription_identifiers = delivery.identifiers;
  return out;
}

bool Shard::fits(const Connection& c, const queue::Delivery& delivery) {
  if (c.agreement().maximum_packet_size == kAnySize) return true;
  return c.takes(publish_for(c, delivery));
}

/// Encodes a PUBLISH into the client's output. Precondition: fits().
void Shard::send_publish(Connection& c, const queue::Delivery& delivery, wire::PacketId id, bool duplicate) {
  wire::OutboundPublish out = publish_for(c, delivery);
  out.id = id;
  out.dup = duplicate;  // [MQTT-3.3.1-1] [MQTT-3.3.1-3]
  write_publish(c, out, delivery.message);
}

/// `out` is of `message`, and may have an alias yet to come in the place of its topic.
void Shard::write_publish(Connection& c, wire::OutboundPublish out, const queue::MessagePtr& message) {
  if (c.outbound_aliases().maximum() > 0) {
    const wire::AliasChoice choice = c.outbound_aliases().use(out.topic);
    out.topic_alias = choice.alias;
    if (!choice.send_topic) out.topic = {};
  }
  if (out.payload.size() >= kShareFrom) {
    wire::encode_without_payload(c.output(), out);
    c.output().append_shared(queue::Message::shared_payload(message));
  } else {
    wire::encode(c.output(), out);
  }
  c.flush();
  counters_.add(Counter::PacketsSent);
  counters_.add(out.qos == QoS::AtMostOnce    ? Counter::PublishSentQoS0
                : out.qos == QoS::AtLeastOnce ? Counter::PublishSentQoS1
                                              : Counter::PublishSentQoS2);
  counters_.add(Counter::PublishBytesSent, message->payload().size());
}

/// Takes a waiting entry out of the queue by a rule, counted by `reason`.
void Shard::drop_entry(session::Session& session, Seq seq, Counter reason) {
  settle_loan(session.queue().next_waiting()->delivery.loan);
  Seq dropped;
  const queue::MessagePtr message = session.queue().drop_oldest_waiting(dropped);
  HERMOD_ASSERT(message && dropped == seq);
  voice_.drop(reason, message, session);
  shared_.directory.slots().release(session.id(), 1, message->size());
  if (session.is_durable()) erase_entry(session, seq);
}

/// What is expired at the head of a queue does not wait for its client, or it would take the room of messages
/// that are worth something. What is only in the store is read for that. [MQTT-3.3.2-5]
void Shard::drop_expired(session::Session& session) {
  session.expiry_watch.reset();
  for (std::size_t dropped = 0; dropped < kExpiredAtOnce; ++dropped) {
    const queue::Entry* head = session.queue().next_waiting();
    if (head == nullptr || !head->delivery.message->is_expired(wall())) break;
    drop_entry(session, head->seq, Counter::DroppedExpired);
  }
  queue::QueueWindow& queue = session.queue();
  if (queue.loaded().messages == 0 && queue.is_behind() && queue.first_expiry() <= wall()) {
    if (!queue.is_reading()) ask_page(session, PageRead::Purpose::Window, queue.begin_page());
    return;
  }
  if (session.congested_since) watch_congestion(session);
  watch_expiry(session);
}

/// Sets the deadline for the message at the head of the queue, if it expires and none is set.
void Shard::watch_expiry(session::Session& session) {
  const WallTime expires_at = session.queue().first_expiry();
  if (session.expiry_watch || expires_at == queue::Message::kNever) return;
  // Not at once, so that a long queue of expired messages leaves in steps.
  const auto left = std::max<WallTime::duration>(expires_at - wall(), std::chrono::milliseconds{1});
  session.expiry_watch = now() + left;
  deadlines_.add(
      {*session.expiry_watch, session.id(), session::DeadlineKind::MessageExpiry, session.absence()});
  schedule_deadlines();
}

}  // namespace hermod::broker
