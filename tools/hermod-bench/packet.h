#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// The load generator reads and writes MQTT with code of its own, so that it never shares a mistake with the
/// broker it judges, and so that its cost per message stays far below any broker's.
namespace hermod::bench {

enum class Version : std::uint8_t { V311 = 4, V5 = 5 };

/// Of the properties in table 2-4 of MQTT 5.0.
inline constexpr std::uint8_t kUserProperty = 0x26;

/// Packet types, MQTT 5.0 table 2-1.
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
  Pingreq = 12,
  Pingresp = 13,
  Disconnect = 14,
};

/// One packet inside the read buffer: the first byte, and what follows the remaining length.
struct Frame {
  std::uint8_t first = 0;
  Bytes body;
  PacketType type() const { return static_cast<PacketType>(first >> 4); }
};

enum class FrameState { Complete, NeedMore, Malformed };

/// Takes the first packet off `input`; `consumed` is its size when Complete.
FrameState next_frame(Bytes input, Frame& frame, std::size_t& consumed);

struct ConnectSpec {
  std::string client_id;
  std::string username;
  std::string password;
  Version version = Version::V5;
  bool clean_start = true;
  std::uint16_t keep_alive_seconds = 0;
  std::uint32_t session_expiry_seconds = 0;  ///< 5.0 only
  std::uint16_t receive_maximum = 65535;     ///< 5.0 only
};
void put_connect(std::string& out, const ConnectSpec& spec);
void put_subscribe(std::string& out, Version version, std::uint16_t packet_id, std::string_view filter,
                   int qos);
/// PUBACK, PUBREC, PUBREL or PUBCOMP. A reason other than 0 is written at 5.0 only.
void put_ack(std::string& out, PacketType type, std::uint16_t packet_id, Version version,
             std::uint8_t reason = 0);
void put_pingreq(std::string& out);
/// At 5.0 the session ends with the connection (Session Expiry Interval 0).
void put_disconnect(std::string& out, Version version);

struct Connack {
  bool session_present = false;
  std::uint8_t reason = 0;
  std::uint16_t receive_maximum = 65535;
  std::uint32_t maximum_packet_size = 0xffffffff;
};
std::optional<Connack> parse_connack(const Frame& frame, Version version);

struct Ack {
  std::uint16_t packet_id = 0;
  std::uint8_t reason = 0;
};
/// PUBACK, PUBREC, PUBREL, PUBCOMP.
std::optional<Ack> parse_ack(const Frame& frame);
/// The reason of a SUBACK's only filter: 0..2 granted, 0x80 and above refused.
std::optional<Ack> parse_suback(const Frame& frame, Version version);

struct Publish {
  int qos = 0;
  bool dup = false;
  bool retain = false;
  std::uint16_t packet_id = 0;
  Bytes topic;
  Bytes properties;
  Bytes payload;
};
std::optional<Publish> parse_publish(const Frame& frame, Version version);
/// The last user property of this name, as a number; nothing: there is none, or it is none.
std::optional<std::uint64_t> number_property(Bytes properties, std::string_view name);

}  // namespace hermod::bench
