#include "client/property_option.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "base/text.h"
#include "wire/utf8.h"

namespace hermod::client {
namespace {

using wire::PacketType;
using wire::PropertyId;
using wire::PropertyType;

struct Name {
  std::string_view text;
  PropertyId id;
};

/// Everything a client may send; the others a client only receives.
constexpr Name kNames[] = {
    {"payload-format-indicator", PropertyId::PayloadFormatIndicator},
    {"message-expiry-interval", PropertyId::MessageExpiryInterval},
    {"content-type", PropertyId::ContentType},
    {"response-topic", PropertyId::ResponseTopic},
    {"correlation-data", PropertyId::CorrelationData},
    {"subscription-identifier", PropertyId::SubscriptionIdentifier},
    {"session-expiry-interval", PropertyId::SessionExpiryInterval},
    {"authentication-method", PropertyId::AuthenticationMethod},
    {"authentication-data", PropertyId::AuthenticationData},
    {"request-problem-information", PropertyId::RequestProblemInformation},
    {"will-delay-interval", PropertyId::WillDelayInterval},
    {"request-response-information", PropertyId::RequestResponseInformation},
    {"reason-string", PropertyId::ReasonString},
    {"receive-maximum", PropertyId::ReceiveMaximum},
    {"topic-alias-maximum", PropertyId::TopicAliasMaximum},
    {"topic-alias", PropertyId::TopicAlias},
    {"user-property", PropertyId::UserProperty},
    {"maximum-packet-size", PropertyId::MaximumPacketSize},
};

struct Command {
  std::string_view name;
  wire::PropertyPlace place;
  wire::PropertyWriter PropertyOptions::*writer;
};

constexpr Command kCommands[] = {
    {"connect", wire::place_of(PacketType::Connect), &PropertyOptions::connect},
    {"publish", wire::place_of(PacketType::Publish), &PropertyOptions::publish},
    {"subscribe", wire::place_of(PacketType::Subscribe), &PropertyOptions::subscribe},
    {"unsubscribe", wire::place_of(PacketType::Unsubscribe), &PropertyOptions::unsubscribe},
    {"disconnect", wire::place_of(PacketType::Disconnect), &PropertyOptions::disconnect},
    {"will", wire::PropertyPlace::Will, &PropertyOptions::will},
};

constexpr std::size_t kLongestText = 65535;

tl::unexpected<Failure> wrong_property(const std::string& text) {
  return fail(ExitCode::Usage, "-D: " + text);
}

std::uint64_t largest_of(const wire::PropertyRule& rule) {
  if (rule.range == wire::PropertyRange::ZeroOrOne) return 1;
  switch (rule.type) {
    case PropertyType::Byte:
      return std::numeric_limits<std::uint8_t>::max();
    case PropertyType::TwoByteInteger:
      return std::numeric_limits<std::uint16_t>::max();
    case PropertyType::VariableByteInteger:
      return wire::kLargestRemainingLength;
    default:
      return std::numeric_limits<std::uint32_t>::max();
  }
}

Outcome<std::uint32_t> number_for(const wire::PropertyRule& rule, const std::string& name,
                                  const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::uint64_t smallest = rule.range == wire::PropertyRange::NotZero ? 1 : 0;
  const std::uint64_t largest = largest_of(rule);
  if (error != std::errc{} || end != text.data() + text.size() || value < smallest || value > largest)
    return wrong_property("\"" + text + "\" is no value for " + name + "; use a number from " +
                          std::to_string(smallest) + " to " + std::to_string(largest));
  return static_cast<std::uint32_t>(value);
}

Outcome<void> check_text(const wire::PropertyRule& rule, const std::string& name, const std::string& text) {
  if (text.size() > kLongestText)
    return wrong_property("the value of " + name + " is longer than 65535 bytes");
  if (rule.type == PropertyType::BinaryData) return {};
  if (!wire::is_valid_string(as_bytes(text))) return wrong_property("the value of " + name + " is not UTF-8");
  if (rule.range == wire::PropertyRange::TopicName && text.find_first_of("+#") != std::string::npos)
    return wrong_property("\"" + text + "\" is no " + name + ": a topic without + and # is needed");
  return {};
}

}  // namespace

std::string_view option_name(PropertyId id) {
  for (const Name& name : kNames)
    if (name.id == id) return name.text;
  return "";
}

Outcome<void> PropertyOptions::add(std::span<const std::string> words) {
  if (words.size() < 3)
    return wrong_property("write a command, a property and a value: -D publish content-type text/plain");
  const std::string& command_name = words[0];
  const std::string& name = words[1];
  const auto* const command = std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& c) {
    return c.name == in_lower(command_name);
  });
  if (command == std::end(kCommands))
    return wrong_property(
        "\"" + command_name +
        "\" is no command; use connect, publish, subscribe, unsubscribe, disconnect or will");
  const auto* const known = std::find_if(std::begin(kNames), std::end(kNames),
                                         [&](const Name& n) { return n.text == in_lower(name); });
  if (known == std::end(kNames))
    return wrong_property("\"" + name + "\" is no property that a client can send");
  const wire::PropertyRule& rule = wire::rule_for(known->id);
  const bool from_server_only =  // [MQTT-3.3.4-6]
      known->id == PropertyId::SubscriptionIdentifier &&
      command->place == wire::place_of(PacketType::Publish);
  if ((rule.allowed & wire::bit_of(command->place)) == 0 || from_server_only)
    return wrong_property(name + " is no property of " + std::string(command->name));
  wire::PropertyWriter& writer = this->*command->writer;
  any = true;
  if (known->id == PropertyId::UserProperty) {
    if (words.size() < 4) return wrong_property("user-property needs a name and a value");
    for (const std::string& text : words.subspan(2, 2))
      if (auto checked = check_text(rule, name, text); !checked) return checked;
    writer.add_user(words[2], words[3]);
    return {};
  }
  if (writer.properties().has(known->id))
    return wrong_property(name + " is given twice for " + std::string(command->name));
  if (rule.type == PropertyType::Utf8String || rule.type == PropertyType::BinaryData) {
    if (auto checked = check_text(rule, name, words[2]); !checked) return checked;
    if (rule.type == PropertyType::BinaryData)
      writer.add(known->id, as_bytes(words[2]));
    else
      writer.add(known->id, std::string_view(words[2]));
    return {};
  }
  const auto number = number_for(rule, name, words[2]);
  if (!number) return tl::unexpected(number.error());
  writer.add(known->id, *number);
  return {};
}

Outcome<void> extract_properties(std::vector<std::string>& arguments, PropertyOptions& properties) {
  std::vector<std::string> others;
  for (std::size_t at = 0; at < arguments.size();) {
    if (arguments[at] != "-D" && arguments[at] != "--property") {
      others.push_back(std::move(arguments[at++]));
      continue;
    }
    const bool is_user = at + 2 < arguments.size() && in_lower(arguments[at + 2]) == "user-property";
    const std::size_t wanted = is_user ? 4 : 3;
    const std::size_t available = std::min(wanted, arguments.size() - at - 1);
    if (auto added = properties.add(std::span(arguments).subspan(at + 1, available)); !added) return added;
    at += 1 + available;
  }
  arguments = std::move(others);
  return {};
}

}  // namespace hermod::client
