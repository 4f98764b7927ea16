#include "qos/outbound_flow.h"

#include "base/assert.h"

namespace hermod::qos {

void OutboundFlow::on_connected(std::uint16_t receive_maximum) {
  quota_.reset(receive_maximum);  // [MQTT-4.9.0-1]
  for (InFlight& exchange : window_.all()) exchange.set_holds_quota(false);
  resend_from_ = {};
  resending_ = !window_.empty();
}

std::optional<Resend> OutboundFlow::next_resend() {
  if (!resending_) return std::nullopt;
  // Rising sequences: the order in which they were sent first. [MQTT-4.4.0-1] [MQTT-4.6.0-1]
  for (InFlight& exchange : window_.from(resend_from_)) {
    const Resend again{Resend::What::Publish, exchange.seq(), packet_id_for(exchange.seq()), exchange.qos()};
    const Seq behind{exchange.seq().v + 1};
    switch (exchange.phase()) {
      case Phase::Sent:
        if (!quota_.available()) {
          resend_from_ = exchange.seq();
          return std::nullopt;  // [MQTT-3.3.4-9]
        }
        quota_.take();
        exchange.set_holds_quota(true);
        resend_from_ = behind;
        return again;
      case Phase::Releasing:
        resend_from_ = behind;
        return Resend{Resend::What::PubrelBehindPending, again.seq, again.id, again.qos};
      case Phase::Released:  // the PUBLISH must not be sent again [MQTT-4.3.3-6]
        resend_from_ = behind;
        return Resend{Resend::What::Pubrel, again.seq, again.id, again.qos};
      case Phase::Erasing:
      case Phase::Gone:
      case Phase::Held:
        break;
    }
  }
  resending_ = false;
  return std::nullopt;
}

std::optional<wire::PacketId> OutboundFlow::start(Seq seq, wire::QoS qos) {
  HERMOD_ASSERT(seq.v != 0 && qos != wire::QoS::AtMostOnce);
  if (!can_start() || !window_.has_room_for(seq)) return std::nullopt;  // [MQTT-4.9.0-2]
  quota_.take();
  window_.insert(InFlight(seq, qos, Phase::Sent)).set_holds_quota(true);
  return packet_id_for(seq);  // [MQTT-2.2.1-4]
}

void OutboundFlow::restore(Seq seq, wire::QoS qos, bool released) {
  HERMOD_ASSERT(seq.v != 0 && qos != wire::QoS::AtMostOnce);
  HERMOD_ASSERT(!released || qos == wire::QoS::ExactlyOnce);
  const InFlight exchange(seq, qos, released ? Phase::Released : Phase::Sent);
  InFlight* const held = window_.find(seq);
  if (held == nullptr) {
    window_.insert(exchange);
    return;
  }
  HERMOD_ASSERT(held->phase() == Phase::Held);
  *held = exchange;
}

void OutboundFlow::restore_held(Seq seq) {
  HERMOD_ASSERT(seq.v != 0);
  window_.insert(InFlight(seq, wire::QoS::ExactlyOnce, Phase::Held));
}

OnFinish OutboundFlow::on_puback(wire::PacketId id) {
  InFlight* exchange = window_.find(id);
  if (exchange == nullptr) return {OnFinish::What::Stray, {}};
  if (exchange->qos() != wire::QoS::AtLeastOnce) return {OnFinish::What::ProtocolError, exchange->seq()};
  // A second PUBACK: the client answered the PUBLISH of an earlier connection as well.
  if (exchange->phase() == Phase::Erasing) return {OnFinish::What::Stray, exchange->seq()};
  finish(*exchange);
  return {OnFinish::What::Erase, exchange->seq()};
}

OnPubrec OutboundFlow::on_pubrec(wire::PacketId id) {
  InFlight* exchange = window_.find(id);
  if (exchange == nullptr) return {OnPubrec::What::UnknownId, {}};
  if (exchange->qos() != wire::QoS::ExactlyOnce) return {OnPubrec::What::ProtocolError, exchange->seq()};
  switch (exchange->phase()) {
    case Phase::Sent:
      exchange->set_phase(Phase::Releasing);
      return {OnPubrec::What::CommitThenPubrel, exchange->seq()};  // [MQTT-4.3.3-4]
    case Phase::Releasing:
    case Phase::Held:
      return {OnPubrec::What::AnswerUnderway, exchange->seq()};
    case Phase::Released:
      return {OnPubrec::What::PubrelAgain, exchange->seq()};  // [MQTT-4.3.3-4]
    case Phase::Erasing:
    case Phase::Gone:
      break;
  }
  return {OnPubrec::What::UnknownId, exchange->seq()};
}

OnFinish OutboundFlow::on_refused(wire::PacketId id) {
  InFlight* exchange = window_.find(id);
  if (exchange == nullptr) return {OnFinish::What::Stray, {}};
  if (exchange->qos() != wire::QoS::ExactlyOnce) return {OnFinish::What::ProtocolError, exchange->seq()};
  if (exchange->phase() == Phase::Erasing || exchange->phase() == Phase::Held)
    return {OnFinish::What::Stray, exchange->seq()};
  if (exchange->phase() != Phase::Sent) return {OnFinish::What::ProtocolError, exchange->seq()};
  finish(*exchange);  // acknowledged: no PUBREL, never sent again [MQTT-4.4.0-2]
  return {OnFinish::What::Erase, exchange->seq()};
}

void OutboundFlow::on_released(Seq seq) {
  InFlight* exchange = window_.find(seq);
  HERMOD_ASSERT(exchange != nullptr && exchange->phase() == Phase::Releasing);
  exchange->set_phase(Phase::Released);
}

void OutboundFlow::on_release_failed(Seq seq) {
  InFlight* exchange = window_.find(seq);
  HERMOD_ASSERT(exchange != nullptr && exchange->phase() == Phase::Releasing);
  exchange->set_phase(Phase::Sent);
}

OnFinish OutboundFlow::on_pubcomp(wire::PacketId id) {
  InFlight* exchange = window_.find(id);
  if (exchange == nullptr) return {OnFinish::What::Stray, {}};
  if (exchange->qos() != wire::QoS::ExactlyOnce) return {OnFinish::What::ProtocolError, exchange->seq()};
  if (exchange->phase() == Phase::Erasing) return {OnFinish::What::Stray, exchange->seq()};
  if (exchange->phase() != Phase::Released) return {OnFinish::What::ProtocolError, exchange->seq()};
  finish(*exchange);
  return {OnFinish::What::Erase, exchange->seq()};
}

void OutboundFlow::on_erased(Seq seq) {
  InFlight* exchange = window_.find(seq);
  HERMOD_ASSERT(exchange != nullptr && exchange->phase() == Phase::Erasing);
  window_.erase(exchange);
}

void OutboundFlow::abandon(Seq seq) {
  const wire::PacketId id = packet_id_for(seq);
  OnFinish end = on_puback(id);
  if (end.what == OnFinish::What::ProtocolError) end = on_refused(id);
  if (end.what == OnFinish::What::Erase) on_erased(seq);
}

std::optional<OutboundFlow::Phase> OutboundFlow::phase(Seq seq) const {
  const InFlight* exchange = window_.find(seq);
  if (exchange == nullptr) return std::nullopt;
  return exchange->phase();
}

std::vector<InFlight> OutboundFlow::exchanges() const {
  std::vector<InFlight> open;
  open.reserve(window_.size());
  for (const InFlight& exchange : window_.all())
    if (exchange.phase() != Phase::Gone) open.push_back(exchange);
  return open;
}

void OutboundFlow::finish(InFlight& exchange) {
  give_back(exchange);
  exchange.set_phase(Phase::Erasing);
}

/// Only a PUBLISH of this connection has taken quota; stray or late acks never raise it.
void OutboundFlow::give_back(InFlight& exchange) {
  if (!exchange.holds_quota()) return;
  quota_.give_back();
  exchange.set_holds_quota(false);
}

}  // namespace hermod::qos
