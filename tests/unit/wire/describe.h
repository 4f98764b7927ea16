#pragma once
#include <algorithm>
#include <cstdio>
#include <string>

#include "wire/packets.h"

/// A packet as one line of text: every field, in the notation of tests/data/packets/.
namespace hermod::wire::testing {

inline std::string quoted(std::string_view text) {
  if (text.size() > 40) {
    const bool uniform = std::all_of(text.begin(), text.end(), [&](char c) { return c == text[0]; });
    return (uniform ? "'" + std::string(1, text[0]) + "'*" : "bytes*") + std::to_string(text.size());
  }
  std::string out = "'";
  for (const char c : text) {
    if (c >= 32 && c < 127 && c != '\'' && c != '|' && c != '\\' && c != '#') {
      out += c;
    } else {
      char hex[5];
      std::snprintf(hex, sizeof(hex), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex;
    }
  }
  return out + "'";
}
inline std::string quoted(Bytes bytes) {
  return quoted(as_text(bytes));
}

inline std::string hex(ReasonCode reason) {
  char text[5];
  std::snprintf(text, sizeof(text), "0x%02x", static_cast<unsigned>(reason));
  return text;
}

inline std::string_view property_name(PropertyId id) {
  switch (id) {
    case PropertyId::PayloadFormatIndicator:
      return "payload_format_indicator";
    case PropertyId::MessageExpiryInterval:
      return "message_expiry_interval";
    case PropertyId::ContentType:
      return "content_type";
    case PropertyId::ResponseTopic:
      return "response_topic";
    case PropertyId::CorrelationData:
      return "correlation_data";
    case PropertyId::SubscriptionIdentifier:
      return "subscription_identifier";
    case PropertyId::SessionExpiryInterval:
      return "session_expiry_interval";
    case PropertyId::AssignedClientIdentifier:
      return "assigned_client_identifier";
    case PropertyId::ServerKeepAlive:
      return "server_keep_alive";
    case PropertyId::AuthenticationMethod:
      return "authentication_method";
    case PropertyId::AuthenticationData:
      return "authentication_data";
    case PropertyId::RequestProblemInformation:
      return "request_problem_information";
    case PropertyId::WillDelayInterval:
      return "will_delay_interval";
    case PropertyId::RequestResponseInformation:
      return "request_response_information";
    case PropertyId::ResponseInformation:
      return "response_information";
    case PropertyId::ServerReference:
      return "server_reference";
    case PropertyId::ReasonString:
      return "reason_string";
    case PropertyId::ReceiveMaximum:
      return "receive_maximum";
    case PropertyId::TopicAliasMaximum:
      return "topic_alias_maximum";
    case PropertyId::TopicAlias:
      return "topic_alias";
    case PropertyId::MaximumQoS:
      return "maximum_qos";
    case PropertyId::RetainAvailable:
      return "retain_available";
    case PropertyId::UserProperty:
      return "user_property";
    case PropertyId::MaximumPacketSize:
      return "maximum_packet_size";
    case PropertyId::WildcardSubscriptionAvailable:
      return "wildcard_subscription_available";
    case PropertyId::SubscriptionIdentifierAvailable:
      return "subscription_identifier_available";
    case PropertyId::SharedSubscriptionAvailable:
      return "shared_subscription_available";
  }
  return "?";
}

inline std::string describe(const Properties& properties) {
  std::string out;
  ByteReader reader(properties.raw());
  Property property;
  while (read_property(reader, property)) {
    out += out.empty() ? " {" : ", ";
    out += std::string(property_name(property.id)) + "=";
    switch (rule_for(property.id).type) {
      case PropertyType::Utf8StringPair:
        out += quoted(property.name) + ":" + quoted(property.value);
        break;
      case PropertyType::Utf8String:
      case PropertyType::BinaryData:
        out += quoted(property.value);
        break;
      default:
        out += std::to_string(property.number);
    }
  }
  return out.empty() ? out : out + "}";
}

inline std::string number(unsigned value) {
  return std::to_string(value);
}
inline std::string number(QoS qos) {
  return std::to_string(static_cast<unsigned>(qos));
}

struct Describe {
  std::string operator()(const Connect& p) const {
    std::string out = "CONNECT version=" + number(static_cast<unsigned>(p.version)) +
                      " client_id=" + quoted(p.client_id) + " clean_start=" + number(p.clean_start) +
                      " keep_alive=" + number(p.keep_alive);
    if (p.will) {
      out += " will(topic=" + quoted(p.will->topic) + " qos=" + number(p.will->qos) +
             " retain=" + number(p.will->retain) + " payload=" + quoted(p.will->payload) +
             describe(p.will->properties) + ")";
    }
    if (p.username) out += " username=" + quoted(*p.username);
    if (p.password) out += " password=" + quoted(*p.password);
    return out + describe(p.properties);
  }
  std::string operator()(const Connack& p) const {
    return "CONNACK session_present=" + number(p.session_present) + " reason=" + hex(p.reason) +
           describe(p.properties);
  }
  std::string operator()(const Publish& p) const {
    return "PUBLISH dup=" + number(p.dup) + " qos=" + number(p.qos) + " retain=" + number(p.retain) +
           " id=" + number(p.id.v) + " topic=" + quoted(p.topic) + " payload=" + quoted(p.payload) +
           describe(p.properties);
  }
  std::string operator()(const Ack& p) const {
    return std::string(name_of(p.type)) + " id=" + number(p.id.v) + " reason=" + hex(p.reason) +
           describe(p.properties);
  }
  std::string operator()(const Subscribe& p) const {
    std::string out = "SUBSCRIBE id=" + number(p.id.v);
    for (const SubscribeFilter& f : p.filters) {
      out += " " + quoted(f.filter) + ":qos=" + number(f.qos) + ",no_local=" + number(f.no_local) +
             ",retain_as_published=" + number(f.retain_as_published) +
             ",retain_handling=" + number(static_cast<unsigned>(f.retain_handling));
    }
    return out + describe(p.properties);
  }
  std::string operator()(const Unsubscribe& p) const {
    std::string out = "UNSUBSCRIBE id=" + number(p.id.v);
    for (const std::string_view filter : p.filters) out += " " + quoted(filter);
    return out + describe(p.properties);
  }
  std::string operator()(const Suback& p) const { return answer("SUBACK", p); }
  std::string operator()(const Unsuback& p) const { return answer("UNSUBACK", p); }
  std::string operator()(const Pingreq&) const { return "PINGREQ"; }
  std::string operator()(const Pingresp&) const { return "PINGRESP"; }
  std::string operator()(const Disconnect& p) const {
    return "DISCONNECT reason=" + hex(p.reason) + describe(p.properties);
  }
  std::string operator()(const Auth& p) const {
    return "AUTH reason=" + hex(p.reason) + describe(p.properties);
  }

 private:
  static std::string describe(const Properties& properties) { return testing::describe(properties); }
  template <class Answer>
  static std::string answer(std::string out, const Answer& p) {
    out += " id=" + number(p.id.v);
    for (const ReasonCode reason : p.reasons) out += " " + hex(reason);
    return out + describe(p.properties);
  }
};

inline std::string describe(const Packet& packet) {
  return std::visit(Describe{}, packet);
}

}  // namespace hermod::wire::testing
