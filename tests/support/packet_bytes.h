#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/mqtt_names.h"
#include "tests/support/properties.h"

/// Packets to bytes and back for the tests, written from the specification and independent of src/wire.
namespace hermod::support {

/// The broker did something else than the test demands. GoogleTest reports it as a failure.
class Unexpected : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Appends wire types to a growing string.
class BodyBuilder {
 public:
  BodyBuilder& u8(std::uint64_t v);
  BodyBuilder& u16(std::uint64_t v);
  BodyBuilder& u32(std::uint64_t v);
  BodyBuilder& variable_integer(std::uint64_t v);
  BodyBuilder& text(std::string_view s);  ///< two-byte length and the bytes
  BodyBuilder& raw(std::string_view s);
  const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

/// Bytes from hexadecimal digits; blanks are ignored.
std::string hex(std::string_view digits);
std::string to_hex(std::string_view bytes);

/// A whole packet: first byte, remaining length, body.
std::string packet_bytes(std::uint8_t first, std::string_view body);

struct Will {
  std::string topic;
  std::string payload;
  std::uint8_t qos = 0;
  bool retain = false;
  Properties properties{};
};

struct ConnectOptions {
  std::string client_id{};
  Version version = Version::V5;
  bool clean = true;
  std::uint16_t keep_alive = 60;
  std::optional<Will> will{};
  std::optional<std::string> username{};
  std::optional<std::string> password{};
  Properties properties{};
};

struct PublishOptions {
  std::string topic{};
  std::string payload{};
  std::uint8_t qos = 0;
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;  ///< written when qos > 0, even when it is 0
  Properties properties{};
};

/// One filter of a SUBSCRIBE. `options` holds the upper bits in MQTT 5.0.
struct Subscription {
  std::string filter;
  std::uint8_t qos = 0;
  std::uint8_t options = 0;
};
constexpr std::uint8_t kNoLocal = 0x04;
constexpr std::uint8_t kRetainAsPublished = 0x08;
constexpr std::uint8_t kRetainOnlyIfNew = 0x10;
constexpr std::uint8_t kRetainNever = 0x20;

std::string connect_bytes(const ConnectOptions& options);
std::string publish_bytes(Version version, const PublishOptions& publish);
std::string subscribe_bytes(Version version, std::uint16_t packet_id,
                            const std::vector<Subscription>& subscriptions,
                            const Properties& properties = {});
std::string unsubscribe_bytes(Version version, std::uint16_t packet_id,
                              const std::vector<std::string>& filters);
/// PUBACK, PUBREC, PUBREL or PUBCOMP; the reason is left out when it is 0x00 without properties.
std::string ack_bytes(Type type, std::uint16_t packet_id, std::uint8_t reason = 0,
                      const Properties& properties = {});
std::string disconnect_bytes(Version version, std::uint8_t reason = 0, const Properties& properties = {});
std::string pingreq_bytes();

/// A packet as received.
struct Packet {
  Type type = Type::Reserved;
  std::uint8_t flags = 0;
  std::string body;
  std::size_t wire_size = 0;  ///< with fixed header, as Maximum Packet Size counts
};
std::string describe(const Packet& packet);

struct Connack {
  bool session_present = false;
  std::uint8_t reason = 0;
  Properties properties{};
};

struct Message {
  std::string topic{};
  std::string payload{};
  std::uint8_t qos = 0;
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;
  Properties properties{};
};

/// PUBACK, PUBREC, PUBREL, PUBCOMP; SUBACK and UNSUBACK carry one reason per filter.
struct Ack {
  std::uint16_t packet_id = 0;
  std::uint8_t reason = 0;
  std::vector<std::uint8_t> reasons{};
  Properties properties{};
};

struct Disconnect {
  std::uint8_t reason = 0;
  Properties properties{};
};

/// Each throws Unexpected when the packet is another one or not well formed for that version.
Connack parse_connack(Version version, const Packet& packet);
Message parse_publish(Version version, const Packet& packet);
Ack parse_ack(Version version, Type type, const Packet& packet);
Disconnect parse_disconnect(const Packet& packet);

}  // namespace hermod::support
