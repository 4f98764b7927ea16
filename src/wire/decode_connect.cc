#include "wire/body.h"
#include "wire/utf8.h"

namespace hermod::wire {
namespace {

/// The connect flags (3.1.2.3).
struct ConnectFlags {
  std::uint8_t bits;
  bool reserved() const { return (bits & 0x01) != 0; }
  bool clean_start() const { return (bits & 0x02) != 0; }
  bool will() const { return (bits & 0x04) != 0; }
  std::uint8_t will_qos() const { return bits >> 3 & 0x03; }
  bool will_retain() const { return (bits & 0x20) != 0; }
  bool password() const { return (bits & 0x40) != 0; }
  bool username() const { return (bits & 0x80) != 0; }
};

/// The protocol name and level. Sets `out.version` only to a version that hermod knows.
Violation read_version(Body& body, Connect& out) {
  const std::string_view name = as_text(body.reader.sized16());
  const std::uint8_t level = body.reader.u8();
  if (!body.reader.ok()) return malformed("MQTT 3.1.2", "packet ends before its protocol level");
  ProtocolError unsupported{ReasonCode::UnsupportedProtocolVersion, "[MQTT-3.1.2-1]", "no MQTT protocol name",
                            Answer::None};
  if (name != "MQTT" && name != "MQIsdp") return unsupported;
  const bool known = name == "MQIsdp" ? level == 3 : level == 4 || level == 5;
  if (known) {
    out.version = static_cast<Version>(level);
    return {};
  }
  // Told in the form of 3.1.1: a bridge that asks with its private bit set falls back then.
  unsupported = {ReasonCode::UnsupportedProtocolVersion, "[MQTT-3.1.2-2]", "unsupported protocol level",
                 Answer::Connack};
  return unsupported;
}

Violation check_flags(ConnectFlags flags, Version version) {
  if (flags.will() && flags.will_qos() == 3) return malformed("[MQTT-3.1.2-12]", "will QoS 3");
  if (version < Version::Mqtt5 && flags.password() && !flags.username()) {
    return malformed("MQTT 3.1.1 [MQTT-3.1.2-22]", "password without user name");
  }
  if (version == Version::Mqtt31) return {};  // 3.1 leaves the unused bits to the client
  if (flags.reserved()) return malformed("[MQTT-3.1.2-3]", "reserved connect flag");
  if (!flags.will() && flags.will_qos() != 0) return malformed("[MQTT-3.1.2-11]", "will QoS without will");
  if (!flags.will() && flags.will_retain()) return malformed("[MQTT-3.1.2-13]", "will retain without will");
  return {};
}

Violation read_client_id(Body& body, Connect& out) {
  const Bytes text = body.reader.sized16();
  if (!body.reader.ok()) return malformed("[MQTT-3.1.3-3]", "client identifier is beyond the packet");
  if (!is_plain_string(text)) return malformed("[MQTT-3.1.3-4]", "client identifier is not valid text");
  out.client_id = as_text(text);
  const bool may_be_empty =
      out.version == Version::Mqtt5 || (out.version == Version::Mqtt311 && out.clean_start);
  if (text.empty() && !may_be_empty) {
    return ProtocolError{ReasonCode::ClientIdentifierNotValid, "MQTT 3.1.1 [MQTT-3.1.3-8]",
                         "client identifier is empty", Answer::Connack};
  }
  return {};
}

Violation check_will_topic(Bytes topic) {
  if (topic.empty()) {
    return ProtocolError{ReasonCode::TopicNameInvalid, "[MQTT-4.7.3-1]", "will topic is empty"};
  }
  switch (check_topic_text(topic)) {
    case TopicText::Valid:
      return {};
    case TopicText::HasWildcard:
      return ProtocolError{ReasonCode::TopicNameInvalid, "[MQTT-4.7.1-1]", "will topic has a wildcard"};
    case TopicText::NotPlain:
      break;
  }
  return malformed("[MQTT-3.1.3-11]", "will topic is not valid text");
}

Violation read_will(Body& body, ConnectFlags flags, Connect& out) {
  Will& will = out.will.emplace();
  will.qos = static_cast<QoS>(flags.will_qos());
  will.retain = flags.will_retain();
  if (out.version == Version::Mqtt5) {
    Violation violation = read_properties(body.reader, PropertyPlace::Will, body.limits, will.properties);
    if (violation) return violation;
  }
  const Bytes topic = body.reader.sized16();
  will.payload = body.reader.sized16();
  if (!body.reader.ok()) return malformed("[MQTT-3.1.2-9]", "will is beyond the packet");
  will.topic = as_text(topic);
  return check_will_topic(topic);
}

/// 3.1 accepts a CONNECT that ends before a field its flags announce ("remaining length takes precedence").
bool is_left_out(const Body& body, Version version) {
  return version == Version::Mqtt31 && body.reader.remaining() == 0;
}

Violation read_credentials(Body& body, ConnectFlags flags, Connect& out) {
  if (flags.username() && !is_left_out(body, out.version)) {
    const Bytes username = body.reader.sized16();
    if (!body.reader.ok()) return malformed("[MQTT-3.1.2-17]", "user name is beyond the packet");
    if (!is_plain_string(username)) return malformed("[MQTT-3.1.3-12]", "user name is not valid text");
    out.username = as_text(username);
  }
  if (flags.password() && !is_left_out(body, out.version)) {
    out.password = body.reader.sized16();
    if (!body.reader.ok()) return malformed("[MQTT-3.1.2-19]", "password is beyond the packet");
  }
  return {};
}

/// Everything behind the protocol level.
Violation read_connect(Body& body, Connect& out) {
  const ConnectFlags flags{body.reader.u8()};
  out.clean_start = flags.clean_start();
  out.keep_alive = body.reader.u16();
  if (!body.reader.ok()) return malformed("MQTT 3.1.2", "packet ends before its keep alive");
  if (Violation violation = check_flags(flags, out.version)) return violation;
  body.version = out.version;
  if (Violation violation = read_properties(body, out.properties)) return violation;
  if (out.properties.has(PropertyId::AuthenticationData) &&
      !out.properties.has(PropertyId::AuthenticationMethod)) {
    return broken("MQTT 3.1.2.11.10", "authentication data without method");
  }
  if (Violation violation = read_client_id(body, out)) return violation;
  if (flags.will()) {
    if (Violation violation = read_will(body, flags, out)) return violation;
  }
  if (Violation violation = read_credentials(body, flags, out)) return violation;
  return check_end(body);
}

}  // namespace

Violation decode_connect(Body& body, Connect& out) {
  out.version = body.version;
  Violation violation = read_version(body, out);
  if (violation) {
    if (violation->answer == Answer::Disconnect) violation->answer = Answer::None;
    return violation;
  }
  violation = read_connect(body, out);
  // 5.0 may be told why; 3.x closes without a CONNACK when the packet does not conform [MQTT-3.1.4-1].
  if (violation && violation->answer == Answer::Disconnect) {
    violation->answer = out.version == Version::Mqtt5 ? Answer::Connack : Answer::None;
  }
  return violation;
}

}  // namespace hermod::wire
