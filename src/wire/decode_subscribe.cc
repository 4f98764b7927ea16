#include "wire/body.h"
#include "wire/utf8.h"

namespace hermod::wire {
namespace {

/// One topic filter; `clause` asks it to be valid text.
Violation read_filter(Body& body, const char* clause) {
  const Bytes filter = body.reader.sized16();
  if (!body.reader.ok()) return malformed("MQTT 3.8.3", "topic filter is beyond the packet");
  if (!is_valid_string(filter)) return malformed(clause, "topic filter is not valid text");
  return {};
}

Violation check_options(const Body& body, std::uint8_t options) {
  if ((options & 0x03) == 3) return broken("MQTT 3.8.3.1", "maximum QoS 3");
  if (body.version == Version::Mqtt5) {
    if ((options & 0xC0) != 0) return malformed("[MQTT-3.8.3-5]", "reserved subscription option");
    if ((options & 0x30) == 0x30) return broken("MQTT 3.8.3.1", "retain handling 3");
  } else if ((options & 0xFC) != 0) {
    return malformed("MQTT 3.1.1 [MQTT-3.8.3-4]", "reserved bits of the requested QoS");
  }
  return {};
}

Violation check_count(const Body& body, std::size_t count, const char* clause) {
  if (count == 0) return broken(clause, "packet has no topic filter");
  if (count > body.limits.maximum_filters) {
    return ProtocolError{ReasonCode::QuotaExceeded, "MQTT 4.13.2", "too many topic filters"};
  }
  return {};
}

}  // namespace

Violation decode_subscribe(Body& body, Subscribe& out) {
  if (Violation violation = read_packet_id(body, out.id)) return violation;
  if (Violation violation = read_properties(body, out.properties)) return violation;
  const Bytes payload = body.reader.rest();
  std::size_t count = 0;
  for (; body.reader.remaining() > 0; ++count) {
    if (Violation violation = read_filter(body, "[MQTT-3.8.3-1]")) return violation;
    const std::uint8_t options = body.reader.u8();
    if (!body.reader.ok()) return malformed("MQTT 3.8.3", "packet ends before the subscription options");
    if (Violation violation = check_options(body, options)) return violation;
  }
  out.filters = {payload, count};
  return check_count(body, count, "[MQTT-3.8.3-2]");
}

Violation decode_unsubscribe(Body& body, Unsubscribe& out) {
  if (Violation violation = read_packet_id(body, out.id)) return violation;
  if (Violation violation = read_properties(body, out.properties)) return violation;
  const Bytes payload = body.reader.rest();
  std::size_t count = 0;
  for (; body.reader.remaining() > 0; ++count) {
    if (Violation violation = read_filter(body, "[MQTT-3.10.3-1]")) return violation;
  }
  out.filters = {payload, count};
  return check_count(body, count, "[MQTT-3.10.3-2]");
}

}  // namespace hermod::wire
