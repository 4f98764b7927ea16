#include "wire/properties.h"

#include "wire/frame.h"
#include "wire/utf8.h"

namespace hermod::wire {
namespace {

bool read_value(ByteReader& reader, PropertyType type, Property& out) {
  switch (type) {
    case PropertyType::None:
      return false;
    case PropertyType::Byte:
      out.number = reader.u8();
      return reader.ok();
    case PropertyType::TwoByteInteger:
      out.number = reader.u16();
      return reader.ok();
    case PropertyType::FourByteInteger:
      out.number = reader.u32();
      return reader.ok();
    case PropertyType::VariableByteInteger:
      return read_variable_byte_integer(reader, out.number);
    case PropertyType::BinaryData:
    case PropertyType::Utf8String:
      out.value = reader.sized16();
      return reader.ok();
    case PropertyType::Utf8StringPair:
      out.name = reader.sized16();
      out.value = reader.sized16();
      return reader.ok();
  }
  return false;
}

Violation check_number(const PropertyRule& rule, std::uint32_t number) {
  if (rule.range == PropertyRange::ZeroOrOne && number > 1) {
    return broken("MQTT 2.2.2.2", "property is neither 0 nor 1");
  }
  if (rule.range == PropertyRange::NotZero && number == 0) {
    if (rule.id == PropertyId::TopicAlias) {
      return ProtocolError{ReasonCode::TopicAliasInvalid, "[MQTT-3.3.2-8]", "topic alias 0"};
    }
    return broken("MQTT 2.2.2.2", "property is 0");
  }
  return {};
}

Violation check_text(const PropertyRule& rule, const Property& property) {
  if (!is_valid_string(property.name) || !is_valid_string(property.value)) {
    return malformed("[MQTT-1.5.4-1]", "property is not a valid string");
  }
  if (rule.range != PropertyRange::TopicName) return {};
  if (property.value.empty()) return broken("[MQTT-4.7.3-1]", "response topic is empty");
  switch (check_topic_text(property.value)) {
    case TopicText::Valid:
      return {};
    case TopicText::HasWildcard:
      return broken("[MQTT-3.3.2-14]", "response topic has a wildcard");
    case TopicText::NotPlain:
      break;
  }
  return malformed("MQTT 1.5.4", "response topic has a control character");
}

Violation check_value(const PropertyRule& rule, const Property& property) {
  switch (rule.type) {
    case PropertyType::Utf8String:
    case PropertyType::Utf8StringPair:
      return check_text(rule, property);
    default:
      return check_number(rule, property.number);
  }
}

template <class Narrow>
std::optional<Narrow> narrowed(std::optional<std::uint32_t> number) {
  if (!number) return {};
  return static_cast<Narrow>(*number);
}

}  // namespace

bool has_user_property(Bytes block, std::string_view name) {
  for (const UserProperty property : UserProperties(block))
    if (property.name == name) return true;
  return false;
}

bool read_property(ByteReader& reader, Property& out) {
  const Bytes before = reader.rest();
  out = {};
  if (before.empty()) return false;
  const PropertyRule& rule = rule_for(reader.u8());
  if (rule.type == PropertyType::None) return false;
  out.id = rule.id;
  if (!read_value(reader, rule.type, out)) return false;
  out.encoded = before.first(before.size() - reader.remaining());
  return true;
}

Violation read_properties(ByteReader& reader, PropertyPlace place, const Limits& limits, Properties& out) {
  std::uint32_t length = 0;
  if (!read_variable_byte_integer(reader, length)) return malformed("MQTT 2.2.2.1", "bad property length");
  const Bytes block = reader.bytes(length);
  if (!reader.ok()) return malformed("MQTT 2.2.2.1", "property length is beyond the packet");
  PropertySet present = 0;
  std::uint32_t user_properties = 0;
  ByteReader properties(block);
  while (properties.remaining() > 0) {
    Property property;
    const bool whole = read_property(properties, property);
    if (property.id == PropertyId{}) return malformed("MQTT 2.2.2.2", "unknown property");
    const PropertyRule& rule = rule_for(property.id);
    if ((rule.allowed & bit_of(place)) == 0) {
      return malformed("MQTT 2.2.2.2", "property does not belong to this packet");
    }
    if (!whole) return malformed("MQTT 2.2.2.2", "property is cut off or has a bad length");
    if ((present & bit_of(property.id)) != 0 && (rule.may_repeat & bit_of(place)) == 0) {
      return broken("MQTT 2.2.2.2", "property stands more than once");
    }
    if (property.id == PropertyId::UserProperty && ++user_properties > limits.maximum_user_properties) {
      return ProtocolError{ReasonCode::QuotaExceeded, "MQTT 4.13.2", "too many user properties"};
    }
    if (Violation violation = check_value(rule, property)) return violation;
    present |= bit_of(property.id);
  }
  out = Properties(block, present);
  return {};
}

void append_forwarded(Bytes raw_block, std::string& out) {
  ByteReader reader(raw_block);
  Property property;
  while (read_property(reader, property)) {
    if ((kForwarded & bit_of(property.id)) != 0) out.append(as_text(property.encoded));
  }
}

Properties Properties::over(Bytes block) {
  PropertySet present = 0;
  ByteReader reader(block);
  Property property;
  while (read_property(reader, property)) present |= bit_of(property.id);
  return {block, present};
}

std::optional<Property> Properties::find(PropertyId id) const {
  if (!has(id)) return {};
  ByteReader reader(block_);
  Property property;
  while (read_property(reader, property)) {
    if (property.id == id) return property;
  }
  return {};
}

std::optional<std::uint32_t> Properties::number(PropertyId id) const {
  const auto property = find(id);
  if (!property) return {};
  return property->number;
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
  const auto property = find(id);
  if (!property) return {};
  return as_text(property->value);
}

std::optional<Bytes> Properties::binary(PropertyId id) const {
  const auto property = find(id);
  if (!property) return {};
  return property->value;
}

std::optional<std::uint8_t> Properties::payload_format_indicator() const {
  return narrowed<std::uint8_t>(number(PropertyId::PayloadFormatIndicator));
}
std::optional<std::uint32_t> Properties::message_expiry_interval() const {
  return number(PropertyId::MessageExpiryInterval);
}
std::optional<std::string_view> Properties::content_type() const {
  return text(PropertyId::ContentType);
}
std::optional<std::string_view> Properties::response_topic() const {
  return text(PropertyId::ResponseTopic);
}
std::optional<Bytes> Properties::correlation_data() const {
  return binary(PropertyId::CorrelationData);
}
std::optional<std::uint16_t> Properties::topic_alias() const {
  return narrowed<std::uint16_t>(number(PropertyId::TopicAlias));
}
std::optional<std::uint32_t> Properties::will_delay_interval() const {
  return number(PropertyId::WillDelayInterval);
}
std::optional<std::uint32_t> Properties::session_expiry_interval() const {
  return number(PropertyId::SessionExpiryInterval);
}
std::optional<std::uint16_t> Properties::receive_maximum() const {
  return narrowed<std::uint16_t>(number(PropertyId::ReceiveMaximum));
}
std::optional<std::uint32_t> Properties::maximum_packet_size() const {
  return number(PropertyId::MaximumPacketSize);
}
std::optional<std::uint16_t> Properties::topic_alias_maximum() const {
  return narrowed<std::uint16_t>(number(PropertyId::TopicAliasMaximum));
}
std::optional<bool> Properties::request_response_information() const {
  return narrowed<bool>(number(PropertyId::RequestResponseInformation));
}
std::optional<bool> Properties::request_problem_information() const {
  return narrowed<bool>(number(PropertyId::RequestProblemInformation));
}
std::optional<std::string_view> Properties::authentication_method() const {
  return text(PropertyId::AuthenticationMethod);
}
std::optional<Bytes> Properties::authentication_data() const {
  return binary(PropertyId::AuthenticationData);
}
std::optional<std::string_view> Properties::assigned_client_identifier() const {
  return text(PropertyId::AssignedClientIdentifier);
}
std::optional<std::uint16_t> Properties::server_keep_alive() const {
  return narrowed<std::uint16_t>(number(PropertyId::ServerKeepAlive));
}
std::optional<std::string_view> Properties::response_information() const {
  return text(PropertyId::ResponseInformation);
}
std::optional<std::string_view> Properties::server_reference() const {
  return text(PropertyId::ServerReference);
}
std::optional<QoS> Properties::maximum_qos() const {
  return narrowed<QoS>(number(PropertyId::MaximumQoS));
}
std::optional<bool> Properties::retain_available() const {
  return narrowed<bool>(number(PropertyId::RetainAvailable));
}
std::optional<bool> Properties::wildcard_subscription_available() const {
  return narrowed<bool>(number(PropertyId::WildcardSubscriptionAvailable));
}
std::optional<bool> Properties::subscription_identifier_available() const {
  return narrowed<bool>(number(PropertyId::SubscriptionIdentifierAvailable));
}
std::optional<bool> Properties::shared_subscription_available() const {
  return narrowed<bool>(number(PropertyId::SharedSubscriptionAvailable));
}
std::optional<std::string_view> Properties::reason_string() const {
  return text(PropertyId::ReasonString);
}
std::optional<std::uint32_t> Properties::subscription_identifier() const {
  return number(PropertyId::SubscriptionIdentifier);
}

}  // namespace hermod::wire
