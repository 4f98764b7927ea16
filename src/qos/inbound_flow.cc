#include "qos/inbound_flow.h"

#include <algorithm>

#include "base/assert.h"

namespace hermod::qos {

void InboundFlow::on_connected(std::uint16_t receive_maximum) {
  quota_.reset(receive_maximum);
  for (InboundExchange exchange : exchanges()) {
    InboundExchange& kept = *exchanges_.find(exchange.id);
    kept.holds_quota = false;
    switch (kept.phase) {
      case Phase::Publishing:  // never acknowledged, so the client sends it again as a new one [MQTT-4.4.0-1]
      case Phase::Refused:     // the error will not be told any more; sent again, it is new
        exchanges_.erase(&kept);
        break;
      case Phase::Erasing:
        kept.phase = Phase::ErasingUnasked;
        break;
      case Phase::Storing:
      case Phase::Received:
      case Phase::ErasingUnasked:
        break;
    }
  }
}

void InboundFlow::restore(wire::PacketId id) {
  HERMOD_ASSERT(exchanges_.find(id) == nullptr);
  exchanges_.insert({id, Phase::Received, false});
}

Admit InboundFlow::on_publish(wire::PacketId id, wire::QoS qos) {
  HERMOD_ASSERT(id.v != 0 && qos != wire::QoS::AtMostOnce);
  const bool exactly_once = qos == wire::QoS::ExactlyOnce;
  InboundExchange* known = exchanges_.find(id);
  if (known == nullptr) {
    if (!quota_.available()) return Admit::QuotaExceeded;  // [MQTT-3.3.4-7]
    quota_.take();
    exchanges_.insert({id, exactly_once ? Phase::Storing : Phase::Publishing, true});
    return Admit::Deliver;
  }

  if (exactly_once == (known->phase == Phase::Publishing)) return Admit::PacketIdInUse;
  if (known->phase == Phase::Erasing || known->phase == Phase::ErasingUnasked) return Admit::PacketIdInUse;
  const bool asked_on_this_connection = known->holds_quota;
  if (!asked_on_this_connection) {
    if (!quota_.available()) return Admit::QuotaExceeded;  // [MQTT-3.3.4-7]
    quota_.take();
    known->holds_quota = true;
  }
  if (known->phase == Phase::Received) return Admit::AlreadySeen;  // [MQTT-4.3.3-10]
  return asked_on_this_connection ? Admit::AnswerUnderway : Admit::AlreadySeenPending;
}

void InboundFlow::on_committed(wire::PacketId id, wire::QoS qos) {
  if (qos != wire::QoS::ExactlyOnce) return;
  InboundExchange* exchange = exchanges_.find(id);
  HERMOD_ASSERT(exchange != nullptr && exchange->phase == Phase::Storing);
  exchange->phase = Phase::Received;
}

void InboundFlow::on_commit_failed(wire::PacketId id, wire::QoS qos) {
  if (qos != wire::QoS::ExactlyOnce) return;
  InboundExchange* exchange = exchanges_.find(id);
  HERMOD_ASSERT(exchange != nullptr && exchange->phase == Phase::Storing);
  if (exchange->holds_quota) {
    exchange->phase = Phase::Refused;  // the next PUBLISH with this id is new [MQTT-4.3.3-9]
  } else {
    exchanges_.erase(exchange);
  }
}

void InboundFlow::on_acknowledged(wire::PacketId id) {
  InboundExchange* exchange = exchanges_.find(id);
  HERMOD_ASSERT(exchange != nullptr &&
                (exchange->phase == Phase::Publishing || exchange->phase == Phase::Refused));
  end(*exchange);  // [MQTT-4.3.2-5]
}

OnPubrel InboundFlow::on_pubrel(wire::PacketId id) {
  InboundExchange* exchange = exchanges_.find(id);
  if (exchange == nullptr) return OnPubrel::Unknown;
  switch (exchange->phase) {
    case Phase::Received:
      exchange->phase = Phase::Erasing;
      return OnPubrel::Erase;
    case Phase::ErasingUnasked:
      exchange->phase = Phase::Erasing;
      return OnPubrel::ErasePending;
    case Phase::Erasing:
      return OnPubrel::AnswerUnderway;
    case Phase::Publishing:
    case Phase::Storing:
    case Phase::Refused:
      break;
  }
  return OnPubrel::ProtocolError;
}

void InboundFlow::on_erased(wire::PacketId id) {
  InboundExchange* exchange = exchanges_.find(id);
  HERMOD_ASSERT(exchange != nullptr &&
                (exchange->phase == Phase::Erasing || exchange->phase == Phase::ErasingUnasked));
  end(*exchange);  // [MQTT-4.3.3-12]
}

void InboundFlow::on_erase_failed(wire::PacketId id) {
  InboundExchange* exchange = exchanges_.find(id);
  HERMOD_ASSERT(exchange != nullptr &&
                (exchange->phase == Phase::Erasing || exchange->phase == Phase::ErasingUnasked));
  exchange->phase = Phase::Received;
}

std::optional<InboundFlow::Phase> InboundFlow::phase(wire::PacketId id) const {
  const InboundExchange* exchange = exchanges_.find(id);
  if (exchange == nullptr) return std::nullopt;
  return exchange->phase;
}

std::vector<wire::PacketId> InboundFlow::exactly_once_ids() const {
  std::vector<wire::PacketId> ids;
  for (const InboundExchange& exchange : exchanges())
    if (exchange.phase != Phase::Publishing && exchange.phase != Phase::Refused) ids.push_back(exchange.id);
  return ids;
}

std::vector<InboundExchange> InboundFlow::exchanges() const {
  std::vector<InboundExchange> sorted;
  if (exchanges_.size() == 0) return sorted;
  sorted.reserve(exchanges_.size());
  for (const InboundExchange& exchange : exchanges_.slots())
    if (exchange.id.v != 0) sorted.push_back(exchange);
  std::sort(sorted.begin(), sorted.end(),
            [](const InboundExchange& a, const InboundExchange& b) { return a.id < b.id; });
  return sorted;
}

void InboundFlow::end(InboundExchange& exchange) {
  if (exchange.holds_quota) quota_.give_back();
  exchanges_.erase(&exchange);
}

}  // namespace hermod::qos
