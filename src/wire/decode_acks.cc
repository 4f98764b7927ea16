#include "wire/body.h"

namespace hermod::wire {
namespace {

Violation check_reason(const Body& body, ReasonCode reason) {
  if (is_reason_for(body.type, reason, body.receiver)) return {};
  return broken("MQTT 2.4", "reason code does not belong to this packet");
}

/// The reasons of a SUBACK or UNSUBACK take the rest of the packet.
Violation read_reasons(Body& body, ReasonCodes& out) {
  const Bytes raw = body.reader.bytes(body.reader.remaining());
  if (raw.empty()) return malformed("MQTT 3.9.3", "packet has no reason code");
  out = ReasonCodes(raw);
  for (const ReasonCode reason : out) {
    if (Violation violation = check_reason(body, reason)) return violation;
    if (body.version < Version::Mqtt5 && is_failure(reason) && reason != ReasonCode::UnspecifiedError) {
      return malformed("MQTT 3.1.1 3.9.3", "reserved return code");
    }
  }
  return {};
}

}  // namespace

Violation decode_ack(Body& body, Ack& out) {
  out.type = body.type;
  if (Violation violation = read_packet_id(body, out.id)) return violation;
  if (body.version < Version::Mqtt5 || body.reader.remaining() == 0) return check_end(body);
  out.reason = static_cast<ReasonCode>(body.reader.u8());
  if (Violation violation = check_reason(body, out.reason))
    return violation;  // [MQTT-3.4.2-1], [MQTT-3.5.2-1]
  if (body.reader.remaining() == 0) return {};
  if (Violation violation = read_properties(body, out.properties)) return violation;
  return check_end(body);
}

Violation decode_suback(Body& body, Suback& out) {
  if (Violation violation = read_packet_id(body, out.id)) return violation;
  if (Violation violation = read_properties(body, out.properties)) return violation;
  return read_reasons(body, out.reasons);
}

Violation decode_unsuback(Body& body, Unsuback& out) {
  if (Violation violation = read_packet_id(body, out.id)) return violation;
  if (body.version < Version::Mqtt5) return check_end(body);
  if (Violation violation = read_properties(body, out.properties)) return violation;
  return read_reasons(body, out.reasons);
}

Violation decode_disconnect(Body& body, Disconnect& out) {
  if (body.version < Version::Mqtt5 || body.reader.remaining() == 0) return check_end(body);
  out.reason = static_cast<ReasonCode>(body.reader.u8());
  if (Violation violation = check_reason(body, out.reason)) return violation;  // [MQTT-3.14.2-1]
  if (body.reader.remaining() == 0) return {};
  if (Violation violation = read_properties(body, out.properties)) return violation;
  if (body.receiver == Role::Client && out.properties.has(PropertyId::SessionExpiryInterval)) {
    return broken("[MQTT-3.14.2-2]", "server sent a session expiry interval");
  }
  return check_end(body);
}

Violation decode_auth(Body& body, Auth& out) {
  if (body.reader.remaining() == 0) return check_reason(body, out.reason);
  out.reason = static_cast<ReasonCode>(body.reader.u8());
  if (Violation violation = check_reason(body, out.reason)) return violation;  // [MQTT-3.15.2-1]
  if (Violation violation = read_properties(body, out.properties)) return violation;
  if (!out.properties.has(PropertyId::AuthenticationMethod)) {
    return broken("MQTT 3.15.2.2.2", "authentication method is missing");
  }
  return check_end(body);
}

}  // namespace hermod::wire
