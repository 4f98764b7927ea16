#include <array>

#include "wire/types.h"

namespace hermod::wire {
namespace {

/// A set of packet types, bit n for type n.
using PacketTypes = std::uint16_t;
constexpr PacketTypes bit_of(PacketType type) {
  return static_cast<PacketTypes>(1U << static_cast<unsigned>(type));
}

constexpr PacketTypes kConnack = bit_of(PacketType::Connack);
constexpr PacketTypes kPuback = bit_of(PacketType::Puback) | bit_of(PacketType::Pubrec);
constexpr PacketTypes kPubrel = bit_of(PacketType::Pubrel) | bit_of(PacketType::Pubcomp);
constexpr PacketTypes kSuback = bit_of(PacketType::Suback);
constexpr PacketTypes kUnsuback = bit_of(PacketType::Unsuback);
constexpr PacketTypes kDisconnect = bit_of(PacketType::Disconnect);
constexpr PacketTypes kAuth = bit_of(PacketType::Auth);

struct Reason {
  ReasonCode code;
  PacketTypes from_server;
  PacketTypes from_client;
  std::string_view name;
};

/// Table 2-6 and the tables of the single packets, which also say who may send a DISCONNECT or AUTH reason.
constexpr Reason kReasons[] = {
    {ReasonCode::Success, kConnack | kPuback | kPubrel | kSuback | kUnsuback | kAuth,
     kPuback | kPubrel | kDisconnect, "Success"},
    {ReasonCode::GrantedQoS1, kSuback, 0, "Granted QoS 1"},
    {ReasonCode::GrantedQoS2, kSuback, 0, "Granted QoS 2"},
    {ReasonCode::DisconnectWithWillMessage, 0, kDisconnect, "Disconnect with Will Message"},
    {ReasonCode::NoMatchingSubscribers, kPuback, kPuback, "No matching subscribers"},
    {ReasonCode::NoSubscriptionExisted, kUnsuback, 0, "No subscription existed"},
    {ReasonCode::ContinueAuthentication, kAuth, kAuth, "Continue authentication"},
    {ReasonCode::ReAuthenticate, 0, kAuth, "Re-authenticate"},
    {ReasonCode::UnspecifiedError, kConnack | kPuback | kSuback | kUnsuback | kDisconnect,
     kPuback | kDisconnect, "Unspecified error"},
    {ReasonCode::MalformedPacket, kConnack | kDisconnect, kDisconnect, "Malformed Packet"},
    {ReasonCode::ProtocolError, kConnack | kDisconnect, kDisconnect, "Protocol Error"},
    {ReasonCode::ImplementationSpecificError, kConnack | kPuback | kSuback | kUnsuback | kDisconnect,
     kPuback | kDisconnect, "Implementation specific error"},
    {ReasonCode::UnsupportedProtocolVersion, kConnack, 0, "Unsupported Protocol Version"},
    {ReasonCode::ClientIdentifierNotValid, kConnack, 0, "Client Identifier not valid"},
    {ReasonCode::BadUserNameOrPassword, kConnack, 0, "Bad User Name or Password"},
    {ReasonCode::NotAuthorized, kConnack | kPuback | kSuback | kUnsuback | kDisconnect, kPuback,
     "Not authorized"},
    {ReasonCode::ServerUnavailable, kConnack, 0, "Server unavailable"},
    {ReasonCode::ServerBusy, kConnack | kDisconnect, 0, "Server busy"},
    {ReasonCode::Banned, kConnack, 0, "Banned"},
    {ReasonCode::ServerShuttingDown, kDisconnect, 0, "Server shutting down"},
    {ReasonCode::BadAuthenticationMethod, kConnack | kDisconnect, 0, "Bad authentication method"},
    {ReasonCode::KeepAliveTimeout, kDisconnect, 0, "Keep Alive timeout"},
    {ReasonCode::SessionTakenOver, kDisconnect, 0, "Session taken over"},
    {ReasonCode::TopicFilterInvalid, kSuback | kUnsuback | kDisconnect, 0, "Topic Filter invalid"},
    {ReasonCode::TopicNameInvalid, kConnack | kPuback | kDisconnect, kPuback | kDisconnect,
     "Topic Name invalid"},
    {ReasonCode::PacketIdentifierInUse, kPuback | kSuback | kUnsuback, kPuback, "Packet Identifier in use"},
    {ReasonCode::PacketIdentifierNotFound, kPubrel, kPubrel, "Packet Identifier not found"},
    {ReasonCode::ReceiveMaximumExceeded, kDisconnect, kDisconnect, "Receive Maximum exceeded"},
    {ReasonCode::TopicAliasInvalid, kDisconnect, kDisconnect, "Topic Alias invalid"},
    {ReasonCode::PacketTooLarge, kConnack | kDisconnect, kDisconnect, "Packet too large"},
    {ReasonCode::MessageRateTooHigh, kDisconnect, kDisconnect, "Message rate too high"},
    {ReasonCode::QuotaExceeded, kConnack | kPuback | kSuback | kDisconnect, kPuback | kDisconnect,
     "Quota exceeded"},
    {ReasonCode::AdministrativeAction, kDisconnect, kDisconnect, "Administrative action"},
    {ReasonCode::PayloadFormatInvalid, kConnack | kPuback | kDisconnect, kPuback | kDisconnect,
     "Payload format invalid"},
    {ReasonCode::RetainNotSupported, kConnack | kDisconnect, 0, "Retain not supported"},
    {ReasonCode::QoSNotSupported, kConnack | kDisconnect, 0, "QoS not supported"},
    {ReasonCode::UseAnotherServer, kConnack | kDisconnect, 0, "Use another server"},
    {ReasonCode::ServerMoved, kConnack | kDisconnect, 0, "Server moved"},
    {ReasonCode::SharedSubscriptionsNotSupported, kSuback | kDisconnect, 0,
     "Shared Subscriptions not supported"},
    {ReasonCode::ConnectionRateExceeded, kConnack | kDisconnect, 0, "Connection rate exceeded"},
    {ReasonCode::MaximumConnectTime, kDisconnect, 0, "Maximum connect time"},
    {ReasonCode::SubscriptionIdentifiersNotSupported, kSuback | kDisconnect, 0,
     "Subscription Identifiers not supported"},
    {ReasonCode::WildcardSubscriptionsNotSupported, kSuback | kDisconnect, 0,
     "Wildcard Subscriptions not supported"},
};

constexpr std::array<Reason, 256> reasons_by_code() {
  std::array<Reason, 256> reasons{};
  for (Reason& reason : reasons) reason.name = "Unknown reason";
  for (const Reason& reason : kReasons) reasons[static_cast<std::uint8_t>(reason.code)] = reason;
  return reasons;
}

constexpr std::array<Reason, 256> kReasonsByCode = reasons_by_code();

const Reason& row_for(ReasonCode code) {
  return kReasonsByCode[static_cast<std::uint8_t>(code)];
}

}  // namespace

std::string_view name_of(ReasonCode reason) {
  return row_for(reason).name;
}

bool is_reason_for(PacketType type, ReasonCode reason, Role receiver) {
  const Reason& row = row_for(reason);
  return ((receiver == Role::Server ? row.from_client : row.from_server) & bit_of(type)) != 0;
}

std::string_view name_of(PacketType type) {
  static constexpr std::string_view kNames[] = {
      "reserved",  "CONNECT", "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
      "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<std::uint8_t>(type) & 0x0F];
}

std::string_view name_of(Version version) {
  switch (version) {
    case Version::Mqtt31:
      return "3.1";
    case Version::Mqtt311:
      return "3.1.1";
    case Version::Mqtt5:
      break;
  }
  return "5.0";
}

ConnectReturnCode return_code_for(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::Success:
      return ConnectReturnCode::Accepted;
    case ReasonCode::UnsupportedProtocolVersion:
      return ConnectReturnCode::UnacceptableProtocolVersion;
    case ReasonCode::ClientIdentifierNotValid:
      return ConnectReturnCode::IdentifierRejected;
    case ReasonCode::BadUserNameOrPassword:
    case ReasonCode::BadAuthenticationMethod:
      return ConnectReturnCode::BadUserNameOrPassword;
    case ReasonCode::NotAuthorized:
    case ReasonCode::Banned:
      return ConnectReturnCode::NotAuthorized;
    default:
      return ConnectReturnCode::ServerUnavailable;
  }
}

ReasonCode reason_for(ConnectReturnCode code) {
  switch (code) {
    case ConnectReturnCode::Accepted:
      return ReasonCode::Success;
    case ConnectReturnCode::UnacceptableProtocolVersion:
      return ReasonCode::UnsupportedProtocolVersion;
    case ConnectReturnCode::IdentifierRejected:
      return ReasonCode::ClientIdentifierNotValid;
    case ConnectReturnCode::ServerUnavailable:
      return ReasonCode::ServerUnavailable;
    case ConnectReturnCode::BadUserNameOrPassword:
      return ReasonCode::BadUserNameOrPassword;
    case ConnectReturnCode::NotAuthorized:
      return ReasonCode::NotAuthorized;
  }
  return ReasonCode::UnspecifiedError;
}

}  // namespace hermod::wire
