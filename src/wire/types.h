#pragma once
#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace hermod::wire {

/// How surely a message arrives (4.3).
enum class QoS : std::uint8_t { AtMostOnce = 0, AtLeastOnce = 1, ExactlyOnce = 2 };

/// The protocol level of CONNECT. Ordered: `version >= Version::Mqtt5` asks for properties and reason codes.
enum class Version : std::uint8_t { Mqtt31 = 3, Mqtt311 = 4, Mqtt5 = 5 };

/// Names one unfinished exchange of a session in one direction, 1 .. 65535; 0 stands for "none" (2.2.1).
using PacketId = Id<struct PacketIdTag, std::uint16_t>;

/// The high four bits of the first byte (2.1.2).
enum class PacketType : std::uint8_t {
  Connect = 1,
  Connack = 2,
  Publish = 3,
  Puback = 4,
  Pubrec = 5,
  Pubrel = 6,
  Pubcomp = 7,
  Subscribe = 8,
  Suback = 9,
  Unsubscribe = 10,
  Unsuback = 11,
  Pingreq = 12,
  Pingresp = 13,
  Disconnect = 14,
  Auth = 15,
};

/// Every reason code of MQTT 5.0 (2.4). Where the specification gives one number several names, the names
/// of the other packets are aliases below. From 0x80 on a reason is a failure.
enum class ReasonCode : std::uint8_t {
  Success = 0x00,
  GrantedQoS1 = 0x01,
  GrantedQoS2 = 0x02,
  DisconnectWithWillMessage = 0x04,
  NoMatchingSubscribers = 0x10,
  NoSubscriptionExisted = 0x11,
  ContinueAuthentication = 0x18,
  ReAuthenticate = 0x19,
  UnspecifiedError = 0x80,
  MalformedPacket = 0x81,
  ProtocolError = 0x82,
  ImplementationSpecificError = 0x83,
  UnsupportedProtocolVersion = 0x84,
  ClientIdentifierNotValid = 0x85,
  BadUserNameOrPassword = 0x86,
  NotAuthorized = 0x87,
  ServerUnavailable = 0x88,
  ServerBusy = 0x89,
  Banned = 0x8A,
  ServerShuttingDown = 0x8B,
  BadAuthenticationMethod = 0x8C,
  KeepAliveTimeout = 0x8D,
  SessionTakenOver = 0x8E,
  TopicFilterInvalid = 0x8F,
  TopicNameInvalid = 0x90,
  PacketIdentifierInUse = 0x91,
  PacketIdentifierNotFound = 0x92,
  ReceiveMaximumExceeded = 0x93,
  TopicAliasInvalid = 0x94,
  PacketTooLarge = 0x95,
  MessageRateTooHigh = 0x96,
  QuotaExceeded = 0x97,
  AdministrativeAction = 0x98,
  PayloadFormatInvalid = 0x99,
  RetainNotSupported = 0x9A,
  QoSNotSupported = 0x9B,
  UseAnotherServer = 0x9C,
  ServerMoved = 0x9D,
  SharedSubscriptionsNotSupported = 0x9E,
  ConnectionRateExceeded = 0x9F,
  MaximumConnectTime = 0xA0,
  SubscriptionIdentifiersNotSupported = 0xA1,
  WildcardSubscriptionsNotSupported = 0xA2,
};

/// The name 0x00 has in DISCONNECT.
inline constexpr ReasonCode kNormalDisconnection = ReasonCode::Success;
/// The name 0x00 has in SUBACK.
inline constexpr ReasonCode kGrantedQoS0 = ReasonCode::Success;

constexpr bool is_failure(ReasonCode reason) {
  return static_cast<std::uint8_t>(reason) >= 0x80;
}
/// The SUBACK reason that grants `qos`.
constexpr ReasonCode granted(QoS qos) {
  return static_cast<ReasonCode>(qos);
}

/// "Not authorized", as section 2.4 of MQTT 5.0 spells it; "Unknown reason" for a number it does not list.
std::string_view name_of(ReasonCode reason);
/// "CONNECT", "PUBLISH", ...; "reserved" for type 0.
std::string_view name_of(PacketType type);
/// "3.1", "3.1.1", "5.0".
std::string_view name_of(Version version);

/// Who receives the packets; decides which of them may arrive at all.
enum class Role : std::uint8_t { Server, Client };

/// Whether `reason` is one of those the specification lists for a packet of this type that arrives at
/// `receiver`; for 5.0. Only DISCONNECT and AUTH depend on the receiver.
bool is_reason_for(PacketType type, ReasonCode reason, Role receiver);

/// The return codes of CONNACK in 3.1 and 3.1.1.
enum class ConnectReturnCode : std::uint8_t {
  Accepted = 0,
  UnacceptableProtocolVersion = 1,
  IdentifierRejected = 2,
  ServerUnavailable = 3,
  BadUserNameOrPassword = 4,
  NotAuthorized = 5,
};

/// The 3.x return code that says most nearly what `reason` says.
ConnectReturnCode return_code_for(ReasonCode reason);
/// The reason code of the same meaning.
ReasonCode reason_for(ConnectReturnCode code);

/// When a subscription is sent the retained messages (3.8.3.1).
enum class RetainHandling : std::uint8_t { SendAtSubscribe = 0, SendIfNewSubscription = 1, DoNotSend = 2 };

}  // namespace hermod::wire
