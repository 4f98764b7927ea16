#include "packet.h"

#include <charconv>
#include <system_error>

namespace hermod::bench {
namespace {

constexpr std::uint8_t kSessionExpiryInterval = 0x11;
constexpr std::uint8_t kReceiveMaximum = 0x21;
constexpr std::uint8_t kMaximumPacketSize = 0x27;

void put_variable(std::string& out, std::size_t value) {
  do {
    const auto byte = static_cast<std::uint8_t>(value & 0x7f);
    value >>= 7;
    out.push_back(static_cast<char>(value > 0 ? byte | 0x80 : byte));
  } while (value > 0);
}

void put_packet(std::string& out, std::uint8_t first, std::string_view body) {
  out.push_back(static_cast<char>(first));
  put_variable(out, body.size());
  out.append(body);
}

/// A variable byte integer; an unfinished or overlong one clears ok() by reading past the end.
std::uint32_t read_variable(ByteReader& reader) {
  std::uint32_t value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    const std::uint8_t byte = reader.u8();
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  reader.bytes(reader.remaining() + 1);
  return 0;
}

/// The size of a property's value (MQTT 5.0 table 2-4), read from the front of `rest`.
void skip_value(ByteReader& reader, std::uint8_t property) {
  switch (property) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2a:
      reader.u8();
      return;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      reader.u16();
      return;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27:
      reader.u32();
      return;
    case 0x0b:
      read_variable(reader);
      return;
    case kUserProperty:
      reader.sized16();
      reader.sized16();
      return;
    default:
      reader.sized16();
  }
}

}  // namespace

FrameState next_frame(Bytes input, Frame& frame, std::size_t& consumed) {
  std::size_t length = 0;
  for (std::size_t at = 1; at <= 4; ++at) {
    if (at >= input.size()) return FrameState::NeedMore;
    const std::uint8_t byte = input[at];
    length |= static_cast<std::size_t>(byte & 0x7f) << (7 * (at - 1));
    if ((byte & 0x80) != 0) continue;
    const std::size_t begin = at + 1;
    if (input.size() < begin + length) return FrameState::NeedMore;
    frame = {input[0], input.subspan(begin, length)};
    consumed = begin + length;
    return FrameState::Complete;
  }
  return FrameState::Malformed;
}

void put_connect(std::string& out, const ConnectSpec& spec) {
  std::string body;
  ByteWriter writer(body);
  writer.sized16("MQTT");
  writer.u8(static_cast<std::uint8_t>(spec.version));
  std::uint8_t flags = spec.clean_start ? 0x02 : 0x00;
  if (!spec.username.empty()) flags |= 0x80;
  if (!spec.password.empty()) flags |= 0x40;
  writer.u8(flags);
  writer.u16(spec.keep_alive_seconds);
  if (spec.version == Version::V5) {
    std::string properties;
    ByteWriter property(properties);
    if (spec.session_expiry_seconds > 0) {
      property.u8(kSessionExpiryInterval);
      property.u32(spec.session_expiry_seconds);
    }
    if (spec.receive_maximum != 65535) {
      property.u8(kReceiveMaximum);
      property.u16(spec.receive_maximum);
    }
    put_variable(body, properties.size());
    body.append(properties);
  }
  writer.sized16(spec.client_id);
  if (!spec.username.empty()) writer.sized16(spec.username);
  if (!spec.password.empty()) writer.sized16(spec.password);
  put_packet(out, 0x10, body);
}

void put_subscribe(std::string& out, Version version, std::uint16_t packet_id, std::string_view filter,
                   int qos) {
  std::string body;
  ByteWriter writer(body);
  writer.u16(packet_id);
  if (version == Version::V5) writer.u8(0);
  writer.sized16(filter);
  writer.u8(static_cast<std::uint8_t>(qos));
  put_packet(out, 0x82, body);
}

void put_ack(std::string& out, PacketType type, std::uint16_t packet_id, Version version,
             std::uint8_t reason) {
  const bool with_reason = reason != 0 && version == Version::V5;
  const auto type_bits = static_cast<std::uint8_t>(static_cast<std::uint8_t>(type) << 4);
  const char bytes[5] = {static_cast<char>(type_bits | (type == PacketType::Pubrel ? 2 : 0)),
                         static_cast<char>(with_reason ? 3 : 2), static_cast<char>(packet_id >> 8),
                         static_cast<char>(packet_id & 0xff), static_cast<char>(reason)};
  out.append(bytes, with_reason ? 5 : 4);
}

void put_pingreq(std::string& out) {
  put_packet(out, 0xc0, {});
}

void put_disconnect(std::string& out, Version version) {
  if (version == Version::V5)
    put_packet(out, 0xe0, std::string_view("\x00\x05\x11\x00\x00\x00\x00", 7));
  else
    put_packet(out, 0xe0, {});
}

std::optional<Connack> parse_connack(const Frame& frame, Version version) {
  ByteReader reader(frame.body);
  Connack connack;
  connack.session_present = (reader.u8() & 1) != 0;
  connack.reason = reader.u8();
  if (version == Version::V5 && reader.remaining() > 0) {
    ByteReader properties(reader.bytes(read_variable(reader)));
    while (properties.ok() && properties.remaining() > 0) {
      const std::uint8_t property = properties.u8();
      if (property == kReceiveMaximum)
        connack.receive_maximum = properties.u16();
      else if (property == kMaximumPacketSize)
        connack.maximum_packet_size = properties.u32();
      else
        skip_value(properties, property);
    }
    if (!properties.ok()) return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return connack;
}

std::optional<Ack> parse_ack(const Frame& frame) {
  if (frame.body.size() < 2) return std::nullopt;
  Ack ack;
  ack.packet_id = static_cast<std::uint16_t>(frame.body[0] << 8 | frame.body[1]);
  if (frame.body.size() > 2) ack.reason = frame.body[2];
  return ack;
}

std::optional<Ack> parse_suback(const Frame& frame, Version version) {
  ByteReader reader(frame.body);
  Ack ack;
  ack.packet_id = reader.u16();
  if (version == Version::V5) reader.bytes(read_variable(reader));
  ack.reason = reader.u8();
  if (!reader.ok()) return std::nullopt;
  return ack;
}

std::optional<Publish> parse_publish(const Frame& frame, Version version) {
  Publish publish;
  publish.qos = frame.first >> 1 & 3;
  publish.dup = (frame.first & 8) != 0;
  publish.retain = (frame.first & 1) != 0;
  ByteReader reader(frame.body);
  publish.topic = reader.sized16();
  if (publish.qos > 0) publish.packet_id = reader.u16();
  if (version == Version::V5) publish.properties = reader.bytes(read_variable(reader));
  publish.payload = reader.rest();
  if (!reader.ok() || publish.qos > 2) return std::nullopt;
  return publish;
}

std::optional<std::uint64_t> number_property(Bytes properties, std::string_view name) {
  std::optional<std::uint64_t> found;
  ByteReader reader(properties);
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint8_t property = reader.u8();
    if (property != kUserProperty) {
      skip_value(reader, property);
      continue;
    }
    const Bytes its_name = reader.sized16();
    const std::string_view text = as_text(reader.sized16());
    if (as_text(its_name) != name) continue;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    found.reset();
    if (error == std::errc{} && end == text.data() + text.size()) found = number;
  }
  return reader.ok() ? found : std::nullopt;
}

}  // namespace hermod::bench
