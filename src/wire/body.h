#pragma once
#include "base/bytes.h"
#include "wire/limits.h"
#include "wire/packets.h"
#include "wire/protocol_error.h"

/// The inside of the decoder: one function per packet that reads what stands behind the fixed header. The
/// fixed header's flags were checked before, except those of PUBLISH. Nothing else includes this file.
namespace hermod::wire {

/// What stands behind the fixed header, and what decides how to read it.
struct Body {
  ByteReader reader;
  const Limits& limits;
  PacketType type;
  std::uint8_t flags;
  Version version;
  Role receiver;
};

/// Sets `out.version` as soon as it is known; `answer` of the violation says what the client may be told.
Violation decode_connect(Body& body, Connect& out);
Violation decode_connack(Body& body, Connack& out);
Violation decode_publish(Body& body, Publish& out);
Violation decode_ack(Body& body, Ack& out);
Violation decode_subscribe(Body& body, Subscribe& out);
Violation decode_unsubscribe(Body& body, Unsubscribe& out);
Violation decode_suback(Body& body, Suback& out);
Violation decode_unsuback(Body& body, Unsuback& out);
Violation decode_disconnect(Body& body, Disconnect& out);
Violation decode_auth(Body& body, Auth& out);

/// The property block of a 5.0 packet; nothing on 3.x.
inline Violation read_properties(Body& body, Properties& out) {
  if (body.version < Version::Mqtt5) return {};
  return read_properties(body.reader, place_of(body.type), body.limits, out);
}

/// A packet identifier, which must not be 0.
inline Violation read_packet_id(Body& body, PacketId& out) {
  out.v = body.reader.u16();
  if (!body.reader.ok()) return malformed("MQTT 2.2.1", "packet ends before its packet identifier");
  if (out.v == 0) return broken("[MQTT-2.2.1-3]", "packet identifier is 0");
  return {};
}

/// Nothing may stand behind the last field.
inline Violation check_end(const Body& body) {
  if (body.reader.remaining() > 0) return malformed("MQTT 2.1.4", "packet is longer than its fields");
  return {};
}

}  // namespace hermod::wire
