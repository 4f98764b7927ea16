#include "wire/decoder.h"

#include "wire/body.h"

namespace hermod::wire {
namespace {

bool is_sent_by_servers_only(PacketType type) {
  return type == PacketType::Connack || type == PacketType::Suback || type == PacketType::Unsuback ||
         type == PacketType::Pingresp;
}

bool is_sent_by_clients_only(PacketType type, Version version) {
  return type == PacketType::Connect || type == PacketType::Subscribe || type == PacketType::Unsubscribe ||
         type == PacketType::Pingreq || (type == PacketType::Disconnect && version < Version::Mqtt5);
}

/// The flags 2.1.3 prescribes.
std::uint8_t flags_of(PacketType type) {
  return type == PacketType::Pubrel || type == PacketType::Subscribe || type == PacketType::Unsubscribe
             ? 0x02
             : 0x00;
}

}  // namespace

Violation Decoder::check_first_byte(std::uint8_t first) const {
  const auto type = static_cast<PacketType>(first >> 4);
  if (is_stranger() && type != PacketType::Connect) {
    return ProtocolError{ReasonCode::ProtocolError, "[MQTT-3.1.0-1]", "first packet is no CONNECT",
                         Answer::None};
  }
  if (type == PacketType::Publish) return {};  // from anybody, and its flags are its own
  if (type == PacketType{} || (type == PacketType::Auth && version_ < Version::Mqtt5)) {
    return malformed("MQTT 2.1.2", "reserved packet type");
  }
  if (receiver_ == Role::Server) {
    if (connected_ && type == PacketType::Connect) return broken("[MQTT-3.1.0-2]", "second CONNECT");
    if (is_sent_by_servers_only(type)) return broken("MQTT 2.1.2", "packet that only a server may send");
  } else if (is_sent_by_clients_only(type, version_)) {
    return broken("MQTT 2.1.2", "packet that only a client may send");
  }
  std::uint8_t flags = first & 0x0F;
  const std::uint8_t expected = flags_of(type);
  // 3.1 lets a repeated PUBREL, SUBSCRIBE or UNSUBSCRIBE say so with DUP.
  if (version_ == Version::Mqtt31 && expected != 0) flags &= 0x07;
  if (flags != expected) {
    return malformed("[MQTT-2.1.3-1]", "reserved flags of the fixed header");
  }
  return {};
}

DecodeResult Decoder::next(Bytes buffered, std::size_t& consumed) {
  DecodeResult result;  // the one object returned on every way out, so that it is never copied
  consumed = decode(buffered, result);
  return result;
}

std::size_t Decoder::decode(Bytes buffered, DecodeResult& result) {
  if (buffered.empty()) {
    result = NeedMore{2};
    return 0;
  }
  if (Violation violation = check_first_byte(buffered[0])) return refuse(*violation, result);

  FixedHeader header;
  switch (read_fixed_header(buffered, header)) {
    case FrameState::NeedMore:
      result = NeedMore{buffered.size() + 1};
      return 0;
    case FrameState::Malformed:
      return refuse(malformed("MQTT 2.1.4", "remaining length has more than four bytes"), result);
    case FrameState::Complete:
      break;
  }
  if (Violation violation = check_size(header)) return refuse(*violation, result);
  if (buffered.size() < header.packet_size()) {
    result = NeedMore{header.packet_size()};
    return 0;
  }
  const Bytes body = buffered.subspan(header.size, header.remaining_length);
  if (Violation violation = decode_body(header, body, std::get<Packet>(result))) {
    return refuse(*violation, result);
  }
  return header.packet_size();
}

Violation Decoder::check_size(const FixedHeader& header) const {
  const std::uint32_t largest = is_stranger() ? limits_.maximum_connect_size : limits_.maximum_packet_size;
  if (header.packet_size() > largest) {
    const char* clause = receiver_ == Role::Server ? "[MQTT-3.2.2-15]" : "[MQTT-3.1.2-24]";
    return ProtocolError{ReasonCode::PacketTooLarge, clause, "packet is larger than allowed"};
  }
  if (!header.shortest && version_ == Version::Mqtt5) {
    return malformed("[MQTT-1.5.5-1]", "remaining length is not in its shortest form");
  }
  return {};
}

Violation Decoder::decode_body(const FixedHeader& header, Bytes bytes, Packet& out) {
  const auto type = static_cast<PacketType>(header.type);
  Body body{ByteReader(bytes), limits_, type, header.flags, version_, receiver_};
  switch (type) {
    case PacketType::Publish:
      return decode_publish(body, std::get<Publish>(out));  // a fresh Packet is a Publish
    case PacketType::Puback:
    case PacketType::Pubrec:
    case PacketType::Pubrel:
    case PacketType::Pubcomp:
      return decode_ack(body, out.emplace<Ack>());
    case PacketType::Connect:
      return decode_connect_body(header, body, out.emplace<Connect>());
    case PacketType::Connack:
      return decode_connack(body, out.emplace<Connack>());
    case PacketType::Subscribe:
      return decode_subscribe(body, out.emplace<Subscribe>());
    case PacketType::Suback:
      return decode_suback(body, out.emplace<Suback>());
    case PacketType::Unsubscribe:
      return decode_unsubscribe(body, out.emplace<Unsubscribe>());
    case PacketType::Unsuback:
      return decode_unsuback(body, out.emplace<Unsuback>());
    case PacketType::Pingreq:
      out.emplace<Pingreq>();
      return check_end(body);
    case PacketType::Pingresp:
      out.emplace<Pingresp>();
      return check_end(body);
    case PacketType::Disconnect:
      return decode_disconnect(body, out.emplace<Disconnect>());
    case PacketType::Auth:
      return decode_auth(body, out.emplace<Auth>());
  }
  return malformed("MQTT 2.1.2", "reserved packet type");
}

Violation Decoder::decode_connect_body(const FixedHeader& header, Body& body, Connect& out) {
  Violation violation = decode_connect(body, out);
  version_ = out.version;
  if (!violation && version_ == Version::Mqtt5 && !header.shortest) {
    violation = malformed("[MQTT-1.5.5-1]", "remaining length is not in its shortest form");
    violation->answer = Answer::Connack;
  }
  connected_ = !violation;
  return violation;
}

std::size_t Decoder::refuse(ProtocolError error, DecodeResult& result) const {
  // Only decode_connect() decides that a stranger gets an answer.
  if (is_stranger() && error.answer == Answer::Disconnect) error.answer = Answer::None;
  result = error;
  return 0;
}

}  // namespace hermod::wire
