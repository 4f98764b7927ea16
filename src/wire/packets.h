#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "wire/filters.h"
#include "wire/properties.h"
#include "wire/types.h"

/// One struct per packet, for all versions: a field the version does not have keeps its default. Every
/// string_view, Bytes and Properties is a view: of the read buffer when a packet was decoded, of the
/// caller's memory when it is to be encoded.
namespace hermod::wire {

struct Will {
  std::string_view topic{};  ///< a valid topic name
  Bytes payload{};
  QoS qos = QoS::AtMostOnce;
  bool retain = false;
  Properties properties{};
};

struct Connect {
  Version version = Version::Mqtt5;
  std::string_view client_id{};  ///< empty: the server chooses one
  bool clean_start = true;       ///< 3.x: Clean Session
  std::uint16_t keep_alive = 0;  ///< seconds; 0 = none
  std::optional<Will> will{};
  std::optional<std::string_view> username{};
  std::optional<Bytes> password{};
  Properties properties{};
};

struct Connack {
  bool session_present = false;
  ReasonCode reason = ReasonCode::Success;  ///< 3.x return codes are translated both ways
  Properties properties{};
};

struct Publish {
  bool dup = false;
  QoS qos = QoS::AtMostOnce;
  bool retain = false;
  PacketId id{};             ///< 0 on QoS 0
  std::string_view topic{};  ///< a valid topic name; empty when a topic alias stands for it
  Bytes payload{};
  Properties properties{};
};

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
struct Ack {
  PacketType type = PacketType::Puback;
  PacketId id{};
  ReasonCode reason = ReasonCode::Success;
  Properties properties{};
};

struct Subscribe {
  PacketId id{};
  SubscribeFilters filters{};  ///< at least one
  Properties properties{};     ///< subscription_identifier(), user_properties()
};

struct Suback {
  PacketId id{};
  ReasonCodes reasons{};  ///< one per filter, in order
  Properties properties{};
};

struct Unsubscribe {
  PacketId id{};
  UnsubscribeFilters filters{};  ///< at least one
  Properties properties{};
};

struct Unsuback {
  PacketId id{};
  ReasonCodes reasons{};  ///< one per filter, in order; none on 3.x
  Properties properties{};
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
  ReasonCode reason = kNormalDisconnection;
  Properties properties{};
};

struct Auth {
  ReasonCode reason = ReasonCode::Success;
  Properties properties{};
};

using Packet = std::variant<Publish, Ack, Connect, Connack, Subscribe, Suback, Unsubscribe, Unsuback, Pingreq,
                            Pingresp, Disconnect, Auth>;

PacketType type_of(const Packet& packet);

}  // namespace hermod::wire
