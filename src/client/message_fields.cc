#include "client/message_fields.h"

#include <ctime>

#include "client/json_text.h"
#include "client/property_option.h"

namespace hermod::client {
namespace {

using wire::PropertyId;

std::string hex(Bytes bytes, bool upper) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

template <class Value>
std::string number_or_nothing(const std::optional<Value>& value) {
  return value ? std::to_string(+*value) : "";
}

std::string user_properties(const wire::Properties& properties) {
  std::string out;
  for (const wire::UserProperty& property : properties.user_properties()) {
    if (!out.empty()) out += ' ';
    out += std::string(property.name) + ":" + std::string(property.value);
  }
  return out;
}

std::string subscription_identifiers(const wire::Properties& properties) {
  std::string out;
  for (const std::uint32_t identifier : properties.subscription_identifiers()) {
    if (!out.empty()) out += ' ';
    out += std::to_string(identifier);
  }
  return out;
}

std::uint64_t microseconds_of(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

std::string formatted_time(const char* format, WallTime time) {
  const auto seconds = static_cast<std::time_t>(microseconds_of(time) / 1'000'000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[256];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

/// The part of a second, times `factor`, with leading zeros.
std::string fraction(WallTime time, std::uint64_t factor, std::size_t digits) {
  const std::string number = std::to_string(microseconds_of(time) % 1'000'000 * factor);
  return std::string(digits - number.size(), '0') + number;
}

/// The properties in the order they arrived; all user properties together, where the first one stands.
std::string properties_json(const wire::Properties& properties, bool pretty) {
  JsonObject object(pretty, 1);
  ByteReader reader(properties.raw());
  wire::Property property;
  bool has_user = false;
  while (reader.remaining() > 0 && wire::read_property(reader, property)) {
    const wire::PropertyType type = wire::rule_for(property.id).type;
    if (property.id == PropertyId::UserProperty) {
      if (has_user) continue;
      has_user = true;
      JsonObject user(pretty, 2);
      for (const wire::UserProperty& pair : properties.user_properties())
        user.add(pair.name, json_string(pair.value));
      object.add("user-properties", user.str());
    } else if (type == wire::PropertyType::Utf8String || type == wire::PropertyType::BinaryData) {
      object.add(option_name(property.id), json_string(as_text(property.value)));
    } else {
      object.add(option_name(property.id), std::to_string(property.number));
    }
  }
  return object.str();
}

}  // namespace

std::string time_text(char letter, WallTime time) {
  if (letter == 'N') return fraction(time, 1000, 9);
  const char format[3] = {'%', letter, '\0'};
  return formatted_time(format, time);
}

std::string field_text(char letter, const wire::Publish& message, WallTime time) {
  const wire::Properties& properties = message.properties;
  switch (letter) {
    case 't':
      return std::string(message.topic);
    case 'p':
      return std::string(as_text(message.payload));
    case 'q':
      return std::to_string(static_cast<int>(message.qos));
    case 'r':
      return message.retain ? "1" : "0";
    case 'l':
      return std::to_string(message.payload.size());
    case 'm':
      return std::to_string(message.id.v);
    case 'x':
      return hex(message.payload, false);
    case 'X':
      return hex(message.payload, true);
    case 'A':
      return number_or_nothing(properties.topic_alias());
    case 'C':
      return std::string(properties.content_type().value_or(""));
    case 'D':
      return std::string(as_text(properties.correlation_data().value_or(Bytes{})));
    case 'E':
      return number_or_nothing(properties.message_expiry_interval());
    case 'F':
      return number_or_nothing(properties.payload_format_indicator());
    case 'P':
      return user_properties(properties);
    case 'R':
      return std::string(properties.response_topic().value_or(""));
    case 'S':
      return subscription_identifiers(properties);
    case 'I':
      return formatted_time("%FT%T%z", time);
    case 'U':
      return std::to_string(microseconds_of(time) / 1'000'000) + "." + fraction(time, 1000, 9);
    default:
      return "";
  }
}

std::string message_json(const wire::Publish& message, WallTime time, bool payload_is_json, bool pretty) {
  JsonObject object(pretty, 0);
  object.add("tst", json_string(formatted_time("%FT%T", time) + "." + fraction(time, 1, 6) +
                                formatted_time("%z", time)));
  object.add("topic", json_string(message.topic));
  object.add("qos", std::to_string(static_cast<int>(message.qos)));
  object.add("retain", message.retain ? "1" : "0");
  object.add("payloadlen", std::to_string(message.payload.size()));
  if (message.qos != wire::QoS::AtMostOnce) object.add("mid", std::to_string(message.id.v));
  if (!message.properties.empty()) object.add("properties", properties_json(message.properties, pretty));
  if (message.payload.empty())
    object.add("payload", "null");
  else
    object.add("payload", payload_is_json ? std::string(as_text(message.payload))
                                          : json_string(as_text(message.payload)));
  return object.str();
}

}  // namespace hermod::client
