#include "wire/body.h"

namespace hermod::wire {
namespace {

Violation read_return_code(Body& body, ReasonCode& out) {
  const std::uint8_t code = body.reader.u8();
  if (!body.reader.ok()) return malformed("MQTT 3.2", "packet ends before its return code");
  if (code > static_cast<std::uint8_t>(ConnectReturnCode::NotAuthorized)) {
    return malformed("MQTT 3.1.1 3.2.2.3", "reserved return code");
  }
  out = reason_for(static_cast<ConnectReturnCode>(code));
  return {};
}

Violation read_reason(Body& body, ReasonCode& out) {
  out = static_cast<ReasonCode>(body.reader.u8());
  if (!body.reader.ok()) return malformed("MQTT 3.2", "packet ends before its reason code");
  if (!is_reason_for(body.type, out, body.receiver)) {
    return broken("[MQTT-3.2.2-8]", "reason code does not belong to this packet");
  }
  return {};
}

}  // namespace

Violation decode_connack(Body& body, Connack& out) {
  const std::uint8_t flags = body.reader.u8();
  // 3.1 reserves the whole byte and asks nobody to look at it.
  if (body.version != Version::Mqtt31) {
    if ((flags & 0xFE) != 0) return malformed("[MQTT-3.2.2-1]", "reserved acknowledge flags");
    out.session_present = flags != 0;
  }
  const bool v5 = body.version == Version::Mqtt5;
  if (Violation violation = v5 ? read_reason(body, out.reason) : read_return_code(body, out.reason)) {
    return violation;
  }
  if (out.session_present && out.reason != ReasonCode::Success) {
    return broken("[MQTT-3.2.2-6]", "refusal with session present");
  }
  if (Violation violation = read_properties(body, out.properties)) return violation;
  return check_end(body);
}

}  // namespace hermod::wire
