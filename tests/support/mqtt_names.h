#pragma once
#include <cstdint>
#include <ostream>

/// The numbers of the MQTT specifications, written down a second time: the tests must not share a
/// mistake with the broker's own tables.
namespace hermod::support {

enum class Version : std::uint8_t { V31 = 3, V311 = 4, V5 = 5 };

/// Names parameterised tests.
inline std::ostream& operator<<(std::ostream& out, Version version) {
  return out << (version == Version::V5 ? "Mqtt5" : version == Version::V311 ? "Mqtt311" : "Mqtt31");
}

enum class Type : std::uint8_t {
  Reserved = 0,
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

/// MQTT 5.0, 2.2.2.2.
namespace property {
constexpr std::uint8_t kPayloadFormatIndicator = 0x01;
constexpr std::uint8_t kMessageExpiryInterval = 0x02;
constexpr std::uint8_t kContentType = 0x03;
constexpr std::uint8_t kResponseTopic = 0x08;
constexpr std::uint8_t kCorrelationData = 0x09;
constexpr std::uint8_t kSubscriptionIdentifier = 0x0B;
constexpr std::uint8_t kSessionExpiryInterval = 0x11;
constexpr std::uint8_t kAssignedClientIdentifier = 0x12;
constexpr std::uint8_t kServerKeepAlive = 0x13;
constexpr std::uint8_t kAuthenticationMethod = 0x15;
constexpr std::uint8_t kAuthenticationData = 0x16;
constexpr std::uint8_t kRequestProblemInformation = 0x17;
constexpr std::uint8_t kWillDelayInterval = 0x18;
constexpr std::uint8_t kRequestResponseInformation = 0x19;
constexpr std::uint8_t kResponseInformation = 0x1A;
constexpr std::uint8_t kServerReference = 0x1C;
constexpr std::uint8_t kReasonString = 0x1F;
constexpr std::uint8_t kReceiveMaximum = 0x21;
constexpr std::uint8_t kTopicAliasMaximum = 0x22;
constexpr std::uint8_t kTopicAlias = 0x23;
constexpr std::uint8_t kMaximumQoS = 0x24;
constexpr std::uint8_t kRetainAvailable = 0x25;
constexpr std::uint8_t kUserProperty = 0x26;
constexpr std::uint8_t kMaximumPacketSize = 0x27;
constexpr std::uint8_t kWildcardSubscriptionAvailable = 0x28;
constexpr std::uint8_t kSubscriptionIdentifierAvailable = 0x29;
constexpr std::uint8_t kSharedSubscriptionAvailable = 0x2A;
}  // namespace property

/// MQTT 5.0, 2.4.
namespace reason {
constexpr std::uint8_t kSuccess = 0x00;
constexpr std::uint8_t kGrantedQoS1 = 0x01;
constexpr std::uint8_t kGrantedQoS2 = 0x02;
constexpr std::uint8_t kDisconnectWithWill = 0x04;
constexpr std::uint8_t kNoMatchingSubscribers = 0x10;
constexpr std::uint8_t kNoSubscriptionExisted = 0x11;
constexpr std::uint8_t kUnspecifiedError = 0x80;
constexpr std::uint8_t kMalformedPacket = 0x81;
constexpr std::uint8_t kProtocolError = 0x82;
constexpr std::uint8_t kImplementationSpecificError = 0x83;
constexpr std::uint8_t kUnsupportedProtocolVersion = 0x84;
constexpr std::uint8_t kClientIdentifierNotValid = 0x85;
constexpr std::uint8_t kNotAuthorized = 0x87;
constexpr std::uint8_t kServerBusy = 0x89;
constexpr std::uint8_t kServerShuttingDown = 0x8B;
constexpr std::uint8_t kBadAuthenticationMethod = 0x8C;
constexpr std::uint8_t kKeepAliveTimeout = 0x8D;
constexpr std::uint8_t kSessionTakenOver = 0x8E;
constexpr std::uint8_t kTopicFilterInvalid = 0x8F;
constexpr std::uint8_t kTopicNameInvalid = 0x90;
constexpr std::uint8_t kPacketIdentifierNotFound = 0x92;
constexpr std::uint8_t kReceiveMaximumExceeded = 0x93;
constexpr std::uint8_t kTopicAliasInvalid = 0x94;
constexpr std::uint8_t kPacketTooLarge = 0x95;
constexpr std::uint8_t kQuotaExceeded = 0x97;
constexpr std::uint8_t kPayloadFormatInvalid = 0x99;
}  // namespace reason

/// MQTT 3.1.1, table 3.1.
namespace return_code {
constexpr std::uint8_t kAccepted = 0;
constexpr std::uint8_t kUnacceptableProtocolVersion = 1;
constexpr std::uint8_t kIdentifierRejected = 2;
constexpr std::uint8_t kServerUnavailable = 3;
}  // namespace return_code

}  // namespace hermod::support
