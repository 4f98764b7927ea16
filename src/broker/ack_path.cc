// PUBACK, PUBREC, PUBREL and PUBCOMP in both directions. The order of disk and answer is the table of
// docs/durability.md: PUBREL follows "released", PUBCOMP follows "erased".

#include <utility>

#include "base/log.h"
#include "broker/answer.h"
#include "broker/shard.h"
#include "queue/records.h"
#include "session/records.h"

namespace hermod::broker {

using wire::PacketType;

namespace {

/// Behind what may be with the client, in sequences: half of the packet identifiers.
constexpr std::uint64_t kFarBehind = 32768;

}  // namespace

void Shard::on_ack(Connection& c, const wire::Ack& packet) {
  session::Session& session = *c.session();
  switch (packet.type) {
    case PacketType::Puback:
      return on_puback(c, session, packet);
    case PacketType::Pubrec:
      return on_pubrec(c, session, packet);
    case PacketType::Pubrel:
      return on_pubrel(c, session, packet);
    default:
      return on_pubcomp(c, session, packet);
  }
}

/// The client has our QoS 1 message.
void Shard::on_puback(Connection& c, session::Session& session, const wire::Ack& packet) {
  const qos::OnFinish end = session.outbound().on_puback(packet.id);
  if (end.what == qos::OnFinish::What::Erase && settle_lent(session, end.seq, packet))
    return pump_soon(session.id());
  if (end.what == qos::OnFinish::What::Erase && reading_.settle(session, end.seq, packet))
    return pump_soon(session.id());
  if (is_failure(packet.reason)) counters_.add(Counter::DroppedRefusedByReceiver);
  session.ack_pace.on_acknowledged(end.seq, now(), shared_.options.store.elide_wait);
  finish_exchange(c, session, end, "PUBACK for a QoS 2 message");
}

/// The client has our QoS 2 message, or refuses it.
void Shard::on_pubrec(Connection& c, session::Session& session, const wire::Ack& packet) {
  using What = qos::OnPubrec::What;
  if (is_failure(packet.reason)) {  // the exchange ends without PUBREL [MQTT-4.3.3-4]
    const qos::OnFinish end = session.outbound().on_refused(packet.id);
    if (end.what == qos::OnFinish::What::Erase && settle_claim(session, end.seq, packet))
      return pump(session);
    counters_.add(Counter::DroppedRefusedByReceiver);
    return finish_exchange(c, session, end, "PUBREC for a QoS 1 message");
  }
  const qos::OnPubrec next = session.outbound().on_pubrec(packet.id);
  const bool has_answered = next.what == What::CommitThenPubrel || next.what == What::PubrelAgain;
  if (has_answered && settle_claim(session, next.seq, packet)) return pump(session);
  switch (next.what) {
    case What::CommitThenPubrel: {
      if (!session.is_durable() && c.pending_commits == 0) {
        session.outbound().on_released(next.seq);
        return send_ack(c, PacketType::Pubrel, packet.id, ReasonCode::Success);  // [MQTT-4.3.3-4]
      }
      store::WriteBatch batch;
      if (session.is_durable()) queue::record_released(batch, session.stream(), next.seq);
      if (session.consumers() != nullptr) session.consumers()->owe_pubrel(next.seq);
      return submit(std::move(batch), c.id(), session.id(), OutboundReleased{next.seq});
    }
    case What::PubrelAgain:
      return send_ack_in_order(c, session, {.type = PacketType::Pubrel, .packet_id = packet.id});
    case What::AnswerUnderway:
      return;
    case What::UnknownId:
      counters_.add(Counter::StrayAcks);
      return send_ack_in_order(c, session,
                               {.type = PacketType::Pubrel,
                                .packet_id = packet.id,
                                .reason = ReasonCode::PacketIdentifierNotFound});
    case What::ProtocolError:
      return disconnect(c, ReasonCode::ProtocolError, "PUBREC for a QoS 1 message");
  }
}

/// The client lets go of its packet identifier.
void Shard::on_pubrel(Connection& c, session::Session& session, const wire::Ack& packet) {
  switch (session.inbound().on_pubrel(packet.id)) {
    case qos::OnPubrel::Erase: {
      if (!session.is_durable() && c.pending_commits == 0) {
        session.inbound().on_erased(packet.id);
        return send_ack(c, PacketType::Pubcomp, packet.id, ReasonCode::Success);  // [MQTT-4.3.3-11]
      }
      store::WriteBatch batch;
      if (session.is_durable()) session::erase_inbound_id(batch, session.id(), packet.id);
      return submit(std::move(batch), c.id(), session.id(), InboundReleased{packet.id});
    }
    case qos::OnPubrel::ErasePending:
      return submit({}, c.id(), session.id(), InboundReleased{packet.id, true});
    case qos::OnPubrel::AnswerUnderway:
      return;
    case qos::OnPubrel::Unknown:
      return send_ack_in_order(c, session,
                               {.type = PacketType::Pubcomp,
                                .packet_id = packet.id,
                                .reason = ReasonCode::PacketIdentifierNotFound});
    case qos::OnPubrel::ProtocolError:
      return disconnect(c, ReasonCode::ProtocolError,
                        "PUBREL for a message that was not acknowledged by PUBREC");
  }
}

/// The client is done with our QoS 2 message.
void Shard::on_pubcomp(Connection& c, session::Session& session, const wire::Ack& packet) {
  finish_exchange(c, session, session.outbound().on_pubcomp(packet.id),
                  "PUBCOMP for a message that was not released");
}

void Shard::finish_exchange(Connection& c, session::Session& session, const qos::OnFinish& end,
                            std::string_view mistake) {
  switch (end.what) {
    case qos::OnFinish::What::Erase:
      finish_entry(session, end.seq);
      return pump(session);
    case qos::OnFinish::What::Stray:
      return counters_.add(Counter::StrayAcks);
    case qos::OnFinish::What::ProtocolError:
      return disconnect(c, ReasonCode::ProtocolError, mistake);
  }
}

/// The exchange is over: the entry leaves the queue; its packet identifier is free when the erase is durable.
void Shard::finish_entry(session::Session& session, Seq seq) {
  if (const queue::Entry* entry = session.queue().find(seq)) settle_loan(entry->delivery.loan);
  take_out_entry(session, seq);
  if (session.is_durable()) return erase_entry(session, seq);
  session.outbound().on_erased(seq);
}

/// Out of memory; what the store has of it stays.
void Shard::take_out_entry(session::Session& session, Seq seq) {
  if (const queue::MessagePtr message = session.queue().erase(seq))
    shared_.directory.slots().release(session.id(), 1, message->size());
  if (session.congested_since) watch_congestion(session);
}

/// Out of the store, at the end of the tick. Precondition: a durable session.
void Shard::erase_entry(session::Session& session, Seq seq) {
  session.finished().push_back(seq);
  list_finished_entries(session);
}

/// What is in finished() is erased at the end of the tick. Whether it is listed for that already finished()
/// does not say: what could not be erased before waits there too.
void Shard::list_finished_entries(const session::Session& session) {
  if (with_finished_entries_.empty() || with_finished_entries_.back() != session.id())
    with_finished_entries_.push_back(session.id());
}

/// One batch per session and tick for all entries whose exchange ended in it. A power cut may bring them back
/// when they come again, as QoS 1 may, or go on with PUBREL. Not when a newer entry with the same packet
/// identifier may be on its way by then.
void Shard::submit_finished_entries() {
  for (const SessionId id : with_finished_entries_) {
    session::Session* session = sessions_.find(id);
    if (session == nullptr || session->finished().empty()) continue;
    EntriesErased work;
    work.sequences.swap(session->finished());
    store::WriteBatch batch;
    bool sync = false;
    for (const Seq seq : work.sequences) {
      queue::erase_entry(batch, session->stream(), seq);
      sync = sync || seq.v + kFarBehind < session->sent_before().v;
    }
    submit(std::move(batch), session->connection(), id, std::move(work), {.may_wait = true, .sync = sync});
  }
  with_finished_entries_.clear();
}

/// An ack that needs no disk: at once, or behind every answer that still waits for it.
void Shard::send_ack_in_order(Connection& c, session::Session& session, AnswerLater answer) {
  if (c.pending_commits > 0) return submit({}, c.id(), session.id(), std::move(answer));
  send_ack(c, answer.type, answer.packet_id, answer.reason, answer.why);
  if (answer.ends_publish) session.inbound().on_acknowledged(answer.packet_id);
}

void Shard::send_ack(Connection& c, PacketType type, wire::PacketId id, ReasonCode reason,
                     std::string_view why, wire::Properties told) {
  const bool sent = answer(c, wire::Ack{type, id, reason, told}, why);
  HERMOD_ASSERT(sent);  // it is smaller than CONNACK, which the client took
}

}  // namespace hermod::broker
