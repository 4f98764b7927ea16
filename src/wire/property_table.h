#pragma once
#include <array>
#include <cstdint>

#include "wire/types.h"

namespace hermod::wire {

/// Property identifiers of MQTT 5.0 (2.2.2.2). All fit one byte of their variable byte integer.
enum class PropertyId : std::uint8_t {
  PayloadFormatIndicator = 0x01,
  MessageExpiryInterval = 0x02,
  ContentType = 0x03,
  ResponseTopic = 0x08,
  CorrelationData = 0x09,
  SubscriptionIdentifier = 0x0B,
  SessionExpiryInterval = 0x11,
  AssignedClientIdentifier = 0x12,
  ServerKeepAlive = 0x13,
  AuthenticationMethod = 0x15,
  AuthenticationData = 0x16,
  RequestProblemInformation = 0x17,
  WillDelayInterval = 0x18,
  RequestResponseInformation = 0x19,
  ResponseInformation = 0x1A,
  ServerReference = 0x1C,
  ReasonString = 0x1F,
  ReceiveMaximum = 0x21,
  TopicAliasMaximum = 0x22,
  TopicAlias = 0x23,
  MaximumQoS = 0x24,
  RetainAvailable = 0x25,
  UserProperty = 0x26,
  MaximumPacketSize = 0x27,
  WildcardSubscriptionAvailable = 0x28,
  SubscriptionIdentifierAvailable = 0x29,
  SharedSubscriptionAvailable = 0x2A,
};

/// The data types of 1.5. `None` marks a number that is no property.
enum class PropertyType : std::uint8_t {
  None,
  Byte,
  TwoByteInteger,
  FourByteInteger,
  VariableByteInteger,
  BinaryData,
  Utf8String,
  Utf8StringPair,
};

/// What a property's value must be beyond its type.
enum class PropertyRange : std::uint8_t { Any, ZeroOrOne, NotZero, TopicName };

/// Where properties stand: the packet types, and the will of a CONNECT, which has a block of its own.
enum class PropertyPlace : std::uint8_t { Will = 0 };
constexpr PropertyPlace place_of(PacketType type) {
  return static_cast<PropertyPlace>(type);
}

/// A set of places, bit n for place n.
using PropertyPlaces = std::uint16_t;
constexpr PropertyPlaces bit_of(PropertyPlace place) {
  return static_cast<PropertyPlaces>(1U << static_cast<unsigned>(place));
}

/// A set of properties, bit n for identifier n.
using PropertySet = std::uint64_t;
constexpr PropertySet bit_of(PropertyId id) {
  return PropertySet{1} << static_cast<unsigned>(id);
}

struct PropertyRule {
  PropertyId id{};
  PropertyType type = PropertyType::None;
  PropertyRange range = PropertyRange::Any;
  PropertyPlaces allowed = 0;
  PropertyPlaces may_repeat = 0;
};

namespace places {
constexpr PropertyPlaces of(PacketType type) {
  return bit_of(place_of(type));
}
inline constexpr PropertyPlaces kWill = bit_of(PropertyPlace::Will);
inline constexpr PropertyPlaces kConnect = of(PacketType::Connect);
inline constexpr PropertyPlaces kConnack = of(PacketType::Connack);
inline constexpr PropertyPlaces kPublish = of(PacketType::Publish);
inline constexpr PropertyPlaces kSubscribe = of(PacketType::Subscribe);
inline constexpr PropertyPlaces kDisconnect = of(PacketType::Disconnect);
inline constexpr PropertyPlaces kAuth = of(PacketType::Auth);
inline constexpr PropertyPlaces kAcks = of(PacketType::Puback) | of(PacketType::Pubrec) |
                                        of(PacketType::Pubrel) | of(PacketType::Pubcomp) |
                                        of(PacketType::Suback) | of(PacketType::Unsuback);
inline constexpr PropertyPlaces kEverywhere = kWill | kConnect | kConnack | kPublish | kSubscribe |
                                              of(PacketType::Unsubscribe) | kDisconnect | kAuth | kAcks;
}  // namespace places

/// Table 2-4 of MQTT 5.0: every property, its type, where it may stand and where more than once.
inline constexpr PropertyRule kPropertyRules[] = {
    {PropertyId::PayloadFormatIndicator, PropertyType::Byte, PropertyRange::ZeroOrOne,
     places::kPublish | places::kWill, 0},
    {PropertyId::MessageExpiryInterval, PropertyType::FourByteInteger, PropertyRange::Any,
     places::kPublish | places::kWill, 0},
    {PropertyId::ContentType, PropertyType::Utf8String, PropertyRange::Any, places::kPublish | places::kWill,
     0},
    {PropertyId::ResponseTopic, PropertyType::Utf8String, PropertyRange::TopicName,
     places::kPublish | places::kWill, 0},
    {PropertyId::CorrelationData, PropertyType::BinaryData, PropertyRange::Any,
     places::kPublish | places::kWill, 0},
    {PropertyId::SubscriptionIdentifier, PropertyType::VariableByteInteger, PropertyRange::NotZero,
     places::kPublish | places::kSubscribe, places::kPublish},
    {PropertyId::SessionExpiryInterval, PropertyType::FourByteInteger, PropertyRange::Any,
     places::kConnect | places::kConnack | places::kDisconnect, 0},
    {PropertyId::AssignedClientIdentifier, PropertyType::Utf8String, PropertyRange::Any, places::kConnack, 0},
    {PropertyId::ServerKeepAlive, PropertyType::TwoByteInteger, PropertyRange::Any, places::kConnack, 0},
    {PropertyId::AuthenticationMethod, PropertyType::Utf8String, PropertyRange::Any,
     places::kConnect | places::kConnack | places::kAuth, 0},
    {PropertyId::AuthenticationData, PropertyType::BinaryData, PropertyRange::Any,
     places::kConnect | places::kConnack | places::kAuth, 0},
    {PropertyId::RequestProblemInformation, PropertyType::Byte, PropertyRange::ZeroOrOne, places::kConnect,
     0},
    {PropertyId::WillDelayInterval, PropertyType::FourByteInteger, PropertyRange::Any, places::kWill, 0},
    {PropertyId::RequestResponseInformation, PropertyType::Byte, PropertyRange::ZeroOrOne, places::kConnect,
     0},
    {PropertyId::ResponseInformation, PropertyType::Utf8String, PropertyRange::Any, places::kConnack, 0},
    {PropertyId::ServerReference, PropertyType::Utf8String, PropertyRange::Any,
     places::kConnack | places::kDisconnect, 0},
    {PropertyId::ReasonString, PropertyType::Utf8String, PropertyRange::Any,
     places::kConnack | places::kAcks | places::kDisconnect | places::kAuth, 0},
    {PropertyId::ReceiveMaximum, PropertyType::TwoByteInteger, PropertyRange::NotZero,
     places::kConnect | places::kConnack, 0},
    {PropertyId::TopicAliasMaximum, PropertyType::TwoByteInteger, PropertyRange::Any,
     places::kConnect | places::kConnack, 0},
    {PropertyId::TopicAlias, PropertyType::TwoByteInteger, PropertyRange::NotZero, places::kPublish, 0},
    {PropertyId::MaximumQoS, PropertyType::Byte, PropertyRange::ZeroOrOne, places::kConnack, 0},
    {PropertyId::RetainAvailable, PropertyType::Byte, PropertyRange::ZeroOrOne, places::kConnack, 0},
    {PropertyId::UserProperty, PropertyType::Utf8StringPair, PropertyRange::Any, places::kEverywhere,
     places::kEverywhere},
    {PropertyId::MaximumPacketSize, PropertyType::FourByteInteger, PropertyRange::NotZero,
     places::kConnect | places::kConnack, 0},
    {PropertyId::WildcardSubscriptionAvailable, PropertyType::Byte, PropertyRange::ZeroOrOne,
     places::kConnack, 0},
    {PropertyId::SubscriptionIdentifierAvailable, PropertyType::Byte, PropertyRange::ZeroOrOne,
     places::kConnack, 0},
    {PropertyId::SharedSubscriptionAvailable, PropertyType::Byte, PropertyRange::ZeroOrOne, places::kConnack,
     0},
};

/// Past the last identifier.
inline constexpr std::size_t kPropertyIdEnd = 0x2B;

namespace detail {
constexpr std::array<PropertyRule, kPropertyIdEnd> rules_by_id() {
  std::array<PropertyRule, kPropertyIdEnd> rules{};
  for (const PropertyRule& rule : kPropertyRules) rules[static_cast<std::size_t>(rule.id)] = rule;
  return rules;
}
inline constexpr std::array<PropertyRule, kPropertyIdEnd> kRulesById = rules_by_id();

constexpr std::array<PropertySet, 16> allowed_by_place() {
  std::array<PropertySet, 16> allowed{};
  for (const PropertyRule& rule : kPropertyRules) {
    for (std::size_t place = 0; place < allowed.size(); ++place) {
      if ((rule.allowed >> place & 1) != 0) allowed[place] |= bit_of(rule.id);
    }
  }
  return allowed;
}
inline constexpr std::array<PropertySet, 16> kAllowedByPlace = allowed_by_place();
}  // namespace detail

/// The rule for the number `id`; its type is None when the specification knows no such property.
constexpr const PropertyRule& rule_for(std::uint8_t id) {
  return detail::kRulesById[id < kPropertyIdEnd ? id : 0];
}
constexpr const PropertyRule& rule_for(PropertyId id) {
  return rule_for(static_cast<std::uint8_t>(id));
}

/// Every property that may stand in `place`.
constexpr PropertySet allowed_in(PropertyPlace place) {
  return detail::kAllowedByPlace[static_cast<std::size_t>(place)];
}

/// The properties of a PUBLISH or a will that a server passes on unaltered [MQTT-3.3.2-4], [MQTT-3.3.2-15],
/// [MQTT-3.3.2-16], [MQTT-3.3.2-17], [MQTT-3.3.2-20].
inline constexpr PropertySet kForwarded =
    bit_of(PropertyId::PayloadFormatIndicator) | bit_of(PropertyId::ContentType) |
    bit_of(PropertyId::ResponseTopic) | bit_of(PropertyId::CorrelationData) |
    bit_of(PropertyId::UserProperty);

}  // namespace hermod::wire
