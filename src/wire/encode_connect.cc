#include "wire/encoder.h"
#include "wire/packet_writer.h"

namespace hermod::wire {
namespace {

std::string_view protocol_name(Version version) {
  return version == Version::Mqtt31 ? "MQIsdp" : "MQTT";
}

std::size_t remaining_length(const Connect& connect) {
  std::size_t size = 2 + protocol_name(connect.version).size() + 1 + 1 + 2;
  size += properties_size(connect.version, connect.properties.raw().size());
  size += 2 + connect.client_id.size();
  if (connect.will) {
    size += properties_size(connect.version, connect.will->properties.raw().size());
    size += 2 + connect.will->topic.size() + 2 + connect.will->payload.size();
  }
  if (connect.username) size += 2 + connect.username->size();
  if (connect.password) size += 2 + connect.password->size();
  return size;
}

std::uint8_t connect_flags(const Connect& connect) {
  unsigned flags = connect.clean_start ? 0x02 : 0x00;
  if (connect.will) {
    flags |= 0x04U | static_cast<unsigned>(connect.will->qos) << 3 | (connect.will->retain ? 0x20U : 0U);
  }
  if (connect.password) flags |= 0x40;
  if (connect.username) flags |= 0x80;
  return static_cast<std::uint8_t>(flags);
}

std::size_t remaining_length(Version version, const Connack& connack) {
  return 2 + properties_size(version, connack.properties.raw().size());
}

}  // namespace

std::size_t encoded_size(const Connect& connect) {
  return packet_size(remaining_length(connect));
}

std::size_t encode(WriteQueue& out, const Connect& connect) {
  const std::size_t remaining = remaining_length(connect);
  if (remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Connect, 0, remaining);
  writer.sized16(protocol_name(connect.version));
  writer.u8(static_cast<std::uint8_t>(connect.version));
  writer.u8(connect_flags(connect));
  writer.u16(connect.keep_alive);
  writer.properties(connect.version, place_of(PacketType::Connect), connect.properties);
  writer.sized16(connect.client_id);
  if (connect.will) {
    writer.properties(connect.version, PropertyPlace::Will, connect.will->properties);
    writer.sized16(connect.will->topic);
    writer.sized16(as_text(connect.will->payload));
  }
  if (connect.username) writer.sized16(*connect.username);
  if (connect.password) writer.sized16(as_text(*connect.password));
  return writer.finish();
}

std::size_t encoded_size(Version version, const Connack& connack) {
  return packet_size(remaining_length(version, connack));
}

std::size_t encode(WriteQueue& out, Version version, const Connack& connack) {
  const std::size_t remaining = remaining_length(version, connack);
  if (remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Connack, 0, remaining);
  // A refusal never says "session present" [MQTT-3.2.2-6]; 3.1 does not know the flag.
  const bool session_present =
      connack.session_present && connack.reason == ReasonCode::Success && version != Version::Mqtt31;
  writer.u8(session_present ? 1 : 0);
  writer.u8(version == Version::Mqtt5 ? static_cast<std::uint8_t>(connack.reason)
                                      : static_cast<std::uint8_t>(return_code_for(connack.reason)));
  writer.properties(version, place_of(PacketType::Connack), connack.properties);
  return writer.finish();
}

}  // namespace hermod::wire
