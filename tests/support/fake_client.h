#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "tests/support/fake_transport.h"
#include "wire/decoder.h"
#include "wire/encoder.h"
#include "wire/packets.h"
#include "wire/property_writer.h"
#include "wire/topic_alias.h"
#include "wire/types.h"

namespace hermod::test {

/// A packet from the broker, whatever its type, with memory of its own. A field the packet does not have
/// keeps its default.
struct Arrived {
  wire::PacketType type{};
  wire::PacketId id{};
  wire::QoS qos{};
  bool dup = false;
  bool retain = false;
  bool session_present = false;
  wire::ReasonCode reason{};
  std::vector<wire::ReasonCode> reasons;
  std::string topic;  ///< resolved, when a topic alias stood for it
  std::string payload;
  std::vector<std::uint32_t> identifiers;
  std::optional<std::uint32_t> message_expiry;
  std::string response_topic;
  std::string correlation_data;
  std::optional<std::uint32_t> session_expiry;
  std::optional<std::uint16_t> receive_maximum;
  std::optional<std::uint16_t> server_keep_alive;
  std::string assigned_client_id;
  std::string reason_string;
  std::map<std::string, std::string> said;  ///< user properties of a PUBLISH or an ack; of one name the last
  std::string server_reference;
  std::optional<std::string> response_information;
};

/// One client's end of one connection: turns packets into bytes and back, and knows no rule of the protocol
/// beyond that. Owns nothing of the broker's; one thread.
class FakeClient {
 public:
  FakeClient(std::shared_ptr<FakePeer> peer, wire::Version version, std::uint16_t topic_alias_maximum = 0);

  FakePeer& peer() { return *peer_; }
  wire::Version version() const { return version_; }
  bool is_v5() const { return version_ == wire::Version::Mqtt5; }

  void connect(const wire::Connect& packet);
  void publish(const wire::Publish& packet) { send(packet); }
  void subscribe(wire::PacketId id, const std::vector<wire::SubscribeFilter>& filters,
                 std::uint32_t identifier = 0);
  void unsubscribe(wire::PacketId id, const std::vector<std::string_view>& filters);
  void ack(wire::PacketType type, wire::PacketId id, wire::ReasonCode reason = wire::ReasonCode::Success) {
    send(wire::Ack{type, id, reason, {}});
  }
  void ping() { send(wire::Pingreq{}); }
  void disconnect(wire::ReasonCode reason = wire::kNormalDisconnection) {
    send(wire::Disconnect{reason, {}});
  }
  template <class P>
  void send(const P& packet) {
    WriteQueue out;
    wire::encode(out, version_, packet);
    send_queue(out);
  }

  /// Decodes up to `most` received bytes. Asserts that the broker keeps the grammar and the alias maximum.
  std::vector<Arrived> receive(std::size_t most = std::string::npos);

 private:
  void send_queue(WriteQueue& out);
  Arrived copy_of(const wire::Packet& packet);

  std::shared_ptr<FakePeer> peer_;
  wire::Version version_;
  wire::Decoder decoder_;
  wire::InboundTopicAliases aliases_;
  std::vector<std::uint8_t> buffered_;
};

}  // namespace hermod::test
