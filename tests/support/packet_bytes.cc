#include "tests/support/packet_bytes.h"

#include <cctype>

namespace hermod::support {
namespace {

std::uint16_t u16_at(std::string_view body, std::size_t at) {
  if (body.size() < at + 2) throw Unexpected("packet ends early: " + to_hex(body));
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(body[at]) << 8 |
                                    static_cast<std::uint8_t>(body[at + 1]));
}

void require(bool holds, const char* rule, const Packet& packet) {
  if (!holds) throw Unexpected(std::string(rule) + ": " + describe(packet));
}

const char* name_of(Type type) {
  constexpr const char* kNames[] = {
      "reserved",  "CONNECT", "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
      "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace

BodyBuilder& BodyBuilder::u8(std::uint64_t v) {
  out_.push_back(static_cast<char>(v));
  return *this;
}

BodyBuilder& BodyBuilder::u16(std::uint64_t v) {
  return u8(v >> 8 & 0xFF).u8(v & 0xFF);
}

BodyBuilder& BodyBuilder::u32(std::uint64_t v) {
  return u16(v >> 16 & 0xFFFF).u16(v & 0xFFFF);
}

BodyBuilder& BodyBuilder::variable_integer(std::uint64_t v) {
  do {
    u8((v & 0x7F) | (v > 0x7F ? 0x80 : 0));
    v >>= 7;
  } while (v > 0);
  return *this;
}

BodyBuilder& BodyBuilder::text(std::string_view s) {
  return u16(s.size()).raw(s);
}

BodyBuilder& BodyBuilder::raw(std::string_view s) {
  out_.append(s);
  return *this;
}

std::string hex(std::string_view digits) {
  std::string out;
  int high = -1;
  for (char c : digits) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    const int value = std::stoi(std::string(1, c), nullptr, 16);
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<char>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("odd number of hexadecimal digits");
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::size_t kShown = 64;
  std::string out;
  for (char c : bytes.substr(0, kShown)) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<std::uint8_t>(c);
    out += {kDigits[byte >> 4], kDigits[byte & 15], ' '};
  }
  if (bytes.size() > kShown) out += "... (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

std::string packet_bytes(std::uint8_t first, std::string_view body) {
  return BodyBuilder().u8(first).variable_integer(body.size()).raw(body).bytes();
}

std::string connect_bytes(const ConnectOptions& o) {
  const bool v5 = o.version == Version::V5;
  BodyBuilder body;
  body.text(o.version == Version::V31 ? "MQIsdp" : "MQTT").u8(static_cast<std::uint8_t>(o.version));
  unsigned flags = o.clean ? 0x02U : 0U;
  if (o.will) flags |= 0x04U | static_cast<unsigned>(o.will->qos) << 3 | (o.will->retain ? 0x20U : 0U);
  if (o.password) flags |= 0x40U;
  if (o.username) flags |= 0x80U;
  body.u8(flags).u16(o.keep_alive);
  if (v5) body.raw(o.properties.encoded());
  body.text(o.client_id);
  if (o.will) {
    if (v5) body.raw(o.will->properties.encoded());
    body.text(o.will->topic).text(o.will->payload);
  }
  if (o.username) body.text(*o.username);
  if (o.password) body.text(*o.password);
  return packet_bytes(0x10, body.bytes());
}

std::string publish_bytes(Version version, const PublishOptions& p) {
  BodyBuilder body;
  body.text(p.topic);
  if (p.qos > 0) body.u16(p.packet_id);
  if (version == Version::V5) body.raw(p.properties.encoded());
  body.raw(p.payload);
  const auto first = static_cast<std::uint8_t>(0x30 | (p.dup ? 0x08 : 0) | p.qos << 1 | (p.retain ? 1 : 0));
  return packet_bytes(first, body.bytes());
}

std::string subscribe_bytes(Version version, std::uint16_t packet_id,
                            const std::vector<Subscription>& subscriptions, const Properties& properties) {
  BodyBuilder body;
  body.u16(packet_id);
  if (version == Version::V5) body.raw(properties.encoded());
  for (const Subscription& s : subscriptions) body.text(s.filter).u8(s.qos | s.options);
  return packet_bytes(0x82, body.bytes());
}

std::string unsubscribe_bytes(Version version, std::uint16_t packet_id,
                              const std::vector<std::string>& filters) {
  BodyBuilder body;
  body.u16(packet_id);
  if (version == Version::V5) body.raw(Properties().encoded());
  for (const std::string& filter : filters) body.text(filter);
  return packet_bytes(0xA2, body.bytes());
}

std::string ack_bytes(Type type, std::uint16_t packet_id, std::uint8_t reason, const Properties& properties) {
  BodyBuilder body;
  body.u16(packet_id);
  if (reason != 0 || !properties.all().empty()) body.u8(reason);
  if (!properties.all().empty()) body.raw(properties.encoded());
  const int first = static_cast<int>(type) << 4 | (type == Type::Pubrel ? 2 : 0);
  return packet_bytes(static_cast<std::uint8_t>(first), body.bytes());
}

std::string disconnect_bytes(Version version, std::uint8_t reason, const Properties& properties) {
  BodyBuilder body;
  const bool has_properties = !properties.all().empty();
  if (version == Version::V5 && (reason != 0 || has_properties)) body.u8(reason);
  if (version == Version::V5 && has_properties) body.raw(properties.encoded());
  return packet_bytes(0xE0, body.bytes());
}

std::string pingreq_bytes() {
  return packet_bytes(0xC0, "");
}

std::string describe(const Packet& packet) {
  return std::string(name_of(packet.type)) + " flags " + std::to_string(packet.flags) + " body " +
         to_hex(packet.body);
}

Connack parse_connack(Version version, const Packet& packet) {
  require(packet.type == Type::Connack, "CONNACK expected", packet);
  require(packet.flags == 0, "CONNACK flags must be 0", packet);
  require(packet.body.size() >= 2, "CONNACK of at least two bytes expected", packet);
  require((packet.body[0] & 0xFE) == 0, "reserved acknowledge flags must be 0", packet);
  Connack connack;
  connack.session_present = packet.body[0] == 1;
  connack.reason = static_cast<std::uint8_t>(packet.body[1]);
  std::size_t at = 2;
  if (version == Version::V5) connack.properties = Properties::parsed(packet.body, at);
  require(at == packet.body.size(), "CONNACK has bytes left over", packet);
  return connack;
}

Message parse_publish(Version version, const Packet& packet) {
  require(packet.type == Type::Publish, "PUBLISH expected", packet);
  Message m;
  m.dup = (packet.flags & 0x08) != 0;
  m.qos = static_cast<std::uint8_t>(packet.flags >> 1 & 3);
  m.retain = (packet.flags & 1) != 0;
  require(m.qos < 3, "PUBLISH with both QoS bits", packet);
  require(m.qos > 0 || !m.dup, "DUP on QoS 0", packet);
  const std::size_t length = u16_at(packet.body, 0);
  require(packet.body.size() >= 2 + length, "PUBLISH shorter than its topic", packet);
  m.topic = packet.body.substr(2, length);
  std::size_t at = 2 + length;
  if (m.qos > 0) {
    m.packet_id = u16_at(packet.body, at);
    require(m.packet_id != 0, "packet identifier 0", packet);
    at += 2;
  }
  if (version == Version::V5) m.properties = Properties::parsed(packet.body, at);
  m.payload = packet.body.substr(at);
  return m;
}

Ack parse_ack(Version version, Type type, const Packet& packet) {
  require(packet.type == type, (std::string(name_of(type)) + " expected").c_str(), packet);
  require(packet.flags == (type == Type::Pubrel ? 2 : 0), "wrong fixed header flags", packet);
  Ack ack;
  ack.packet_id = u16_at(packet.body, 0);
  std::size_t at = 2;
  const bool v5 = version == Version::V5;
  if (type == Type::Suback || type == Type::Unsuback) {
    if (v5) ack.properties = Properties::parsed(packet.body, at);
    for (; at < packet.body.size(); ++at) ack.reasons.push_back(static_cast<std::uint8_t>(packet.body[at]));
    require(v5 || type == Type::Suback || ack.reasons.empty(), "UNSUBACK has a payload in 3.1.1", packet);
    return ack;
  }
  if (v5 && at < packet.body.size()) ack.reason = static_cast<std::uint8_t>(packet.body[at++]);
  if (v5 && at < packet.body.size()) ack.properties = Properties::parsed(packet.body, at);
  require(at == packet.body.size(), "acknowledgement has bytes left over", packet);
  return ack;
}

Disconnect parse_disconnect(const Packet& packet) {
  require(packet.type == Type::Disconnect, "DISCONNECT expected", packet);
  require(packet.flags == 0, "DISCONNECT flags must be 0", packet);
  Disconnect disconnect;
  std::size_t at = 0;
  if (at < packet.body.size()) disconnect.reason = static_cast<std::uint8_t>(packet.body[at++]);
  if (at < packet.body.size()) disconnect.properties = Properties::parsed(packet.body, at);
  require(at == packet.body.size(), "DISCONNECT has bytes left over", packet);
  return disconnect;
}

}  // namespace hermod::support
