#include "broker/held_identifier.h"

#include "base/log.h"
#include "qos/packet_ids.h"

namespace hermod::broker {
namespace {

/// What the client owes; nothing where the store does.
const char* awaited(const qos::InFlight& exchange) {
  using Phase = qos::InFlight::Phase;
  switch (exchange.phase()) {
    case Phase::Sent:
      return exchange.qos() == wire::QoS::AtLeastOnce ? "PUBACK" : "PUBREC";
    case Phase::Released:
      return "PUBCOMP";
    case Phase::Releasing:
    case Phase::Erasing:
    case Phase::Gone:
    case Phase::Held:
      break;
  }
  return nullptr;
}

}  // namespace

void tell_held_identifier(session::Session& session) {
  const auto oldest = session.outbound().oldest();
  if (!oldest) return;
  const wire::PacketId id = qos::packet_id_for(oldest->seq());
  if (id == session.told_identifier) return;
  const char* const what = awaited(*oldest);
  if (what == nullptr) return;
  session.told_identifier = id;
  HERMOD_LOG_LIMITED(
      log::Level::Warning, "session.identifier_held", {"client", session.client_id()}, {"packet_id", id.v},
      {"awaited", what},
      {"why",
       "nothing more is sent to it at QoS 1 and 2 before it ends this exchange: there is no other "
       "packet identifier for the next message"});
}

}  // namespace hermod::broker
