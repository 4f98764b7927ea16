#include "wire/encoder.h"
#include "wire/packet_writer.h"

namespace hermod::wire {
namespace {

/// What stands behind the packet identifier of an ack, or in a DISCONNECT or AUTH: as little as possible.
std::size_t reason_size(Version version, ReasonCode reason, const Properties& properties) {
  if (version < Version::Mqtt5) return 0;
  if (properties.empty()) return reason == ReasonCode::Success ? 0 : 1;
  return 1 + properties_size(version, properties.raw().size());
}

void put_reason(PacketWriter& writer, PacketType type, ReasonCode reason, const Properties& properties,
                std::size_t size) {
  if (size > 0) writer.u8(static_cast<std::uint8_t>(reason));
  if (size > 1) writer.properties(Version::Mqtt5, place_of(type), properties);
}

bool has_packet(Version version, const Disconnect& disconnect) {
  return version == Version::Mqtt5 || disconnect.reason == kNormalDisconnection;
}

std::size_t remaining_length(Version version, const Ack& ack) {
  return 2 + reason_size(version, ack.reason, ack.properties);
}

/// AUTH has no form with a reason but without a property length (3.15.2.2.1).
std::size_t remaining_length(const Auth& auth) {
  if (auth.properties.empty() && auth.reason == ReasonCode::Success) return 0;
  return 1 + properties_size(Version::Mqtt5, auth.properties.raw().size());
}

/// SUBACK and UNSUBACK have the same form; UNSUBACK has no reasons on 3.x.
template <class Answer>
std::size_t answer_length(Version version, const Answer& answer) {
  return 2 + properties_size(version, answer.properties.raw().size()) + answer.reasons.size();
}

std::size_t remaining_length(Version version, const Suback& suback) {
  return answer_length(version, suback);
}

std::size_t remaining_length(Version version, const Unsuback& unsuback) {
  return version == Version::Mqtt5 ? answer_length(version, unsuback) : 2;
}

std::uint8_t suback_code(Version version, ReasonCode reason) {
  if (version < Version::Mqtt5 && is_failure(reason)) reason = ReasonCode::UnspecifiedError;
  return static_cast<std::uint8_t>(reason);
}

}  // namespace

std::size_t encoded_size(Version version, const Ack& ack) {
  return packet_size(remaining_length(version, ack));
}
std::size_t encoded_size(Version version, const Suback& suback) {
  return packet_size(remaining_length(version, suback));
}
std::size_t encoded_size(Version version, const Unsuback& unsuback) {
  return packet_size(remaining_length(version, unsuback));
}
std::size_t encoded_size(Version version, const Disconnect& disconnect) {
  if (!has_packet(version, disconnect)) return 0;
  return packet_size(reason_size(version, disconnect.reason, disconnect.properties));
}
std::size_t encoded_size(Version version, const Auth& auth) {
  return version == Version::Mqtt5 ? packet_size(remaining_length(auth)) : 0;
}

std::size_t encode(WriteQueue& out, Version version, const Ack& ack) {
  const std::size_t remaining = remaining_length(version, ack);
  if (remaining > kLargestRemainingLength) return 0;
  const unsigned flags = ack.type == PacketType::Pubrel ? 0x02 : 0x00;  // [MQTT-3.6.1-1]
  PacketWriter writer(out, ack.type, flags, remaining);
  writer.u16(ack.id.v);
  put_reason(writer, ack.type, ack.reason, ack.properties, remaining - 2);
  return writer.finish();
}

std::size_t encode(WriteQueue& out, Version version, const Suback& suback) {
  const std::size_t remaining = remaining_length(version, suback);
  if (remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Suback, 0, remaining);
  writer.u16(suback.id.v);
  writer.properties(version, place_of(PacketType::Suback), suback.properties);
  for (const ReasonCode reason : suback.reasons) writer.u8(suback_code(version, reason));
  return writer.finish();
}

std::size_t encode(WriteQueue& out, Version version, const Unsuback& unsuback) {
  const std::size_t remaining = remaining_length(version, unsuback);
  if (remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Unsuback, 0, remaining);
  writer.u16(unsuback.id.v);
  writer.properties(version, place_of(PacketType::Unsuback), unsuback.properties);
  if (version == Version::Mqtt5) writer.bytes(unsuback.reasons.raw());
  return writer.finish();
}

std::size_t encode(WriteQueue& out, Version version, const Disconnect& disconnect) {
  const std::size_t remaining = reason_size(version, disconnect.reason, disconnect.properties);
  if (!has_packet(version, disconnect) || remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Disconnect, 0, remaining);
  put_reason(writer, PacketType::Disconnect, disconnect.reason, disconnect.properties, remaining);
  return writer.finish();
}

std::size_t encode(WriteQueue& out, Version version, const Auth& auth) {
  const std::size_t remaining = remaining_length(auth);
  if (version < Version::Mqtt5 || remaining > kLargestRemainingLength) return 0;
  PacketWriter writer(out, PacketType::Auth, 0, remaining);
  put_reason(writer, PacketType::Auth, auth.reason, auth.properties, remaining);
  return writer.finish();
}

}  // namespace hermod::wire
