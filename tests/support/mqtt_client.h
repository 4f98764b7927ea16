#pragma once
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.h"

namespace hermod::support {

/// One MQTT connection of a test: sends a request and waits for its answer, keeps what arrives meanwhile.
/// Owns its RawClient; used by one thread. Every call throws Unexpected, naming the test's line, when the
/// broker answers something else.
class MqttClient {
 public:
  /// Connects and requires a CONNACK of success.
  MqttClient(std::uint16_t port, ConnectOptions options, Where where = Where::current());
  /// The same over a connection that exists already.
  MqttClient(RawClient raw, ConnectOptions options, Where where = Where::current());

  const Connack& connack() const { return connack_; }
  Version version() const { return options_.version; }
  RawClient& raw() { return raw_; }

  /// SUBACK of one filter; anything but a granted QoS fails.
  Ack subscribe(std::string_view filter, std::uint8_t qos = 0, std::uint8_t options = 0,
                const Properties& properties = {}, Where where = Where::current());
  /// SUBACK, whatever it says.
  Ack subscribe_all(const std::vector<Subscription>& subscriptions, const Properties& properties = {},
                    Where where = Where::current());
  Ack unsubscribe(const std::vector<std::string>& filters, Where where = Where::current());

  /// Publishes and finishes the exchange. Returns PUBACK or PUBREC (its reason may be an error);
  /// an empty Ack for QoS 0.
  Ack publish(PublishOptions publish, Where where = Where::current());
  Ack publish(std::string_view topic, std::string_view payload, std::uint8_t qos = 0,
              Where where = Where::current());
  /// Sends a PUBLISH and waits for nothing; returns its packet identifier.
  std::uint16_t send_publish(PublishOptions publish, Where where = Where::current());

  /// The next message, acknowledged to the end.
  Message receive(Where where = Where::current());
  /// The same, or nothing when none comes within the limit.
  std::optional<Message> try_receive(Millis limit, Where where = Where::current());
  /// The next message, not acknowledged.
  Message receive_unacknowledged(Millis limit = kPatience, Where where = Where::current());
  /// The next `count` payloads, acknowledged, in order of arrival.
  std::vector<std::string> receive_payloads(std::size_t count, Where where = Where::current());
  /// PUBACK, or PUBREC, PUBREL, PUBCOMP.
  void acknowledge(const Message& message, Where where = Where::current());
  /// No message arrives for that long.
  void expect_quiet(Millis duration = kQuiet, Where where = Where::current());

  /// The next packet of that type; messages that come before it are kept for receive().
  Packet await(Type type, Millis limit = kPatience, Where where = Where::current());
  /// The next PUBACK, PUBREC, PUBREL or PUBCOMP, with its packet identifier checked.
  Ack await_ack(Type type, std::uint16_t packet_id, Where where = Where::current());
  void send_ack(Type type, std::uint16_t packet_id, std::uint8_t reason = 0,
                const Properties& properties = {}, Where where = Where::current());
  void ping(Where where = Where::current());

  /// DISCONNECT with the reason, and waits until the broker closed.
  void disconnect(std::uint8_t reason = 0, const Properties& properties = {}, Where where = Where::current());
  /// Closes the connection without DISCONNECT.
  void drop() { raw_.close(); }

  /// The broker ends the connection: in 5.0 by a DISCONNECT with one of the reasons, in 3.x without a word.
  void expect_ended(std::initializer_list<std::uint8_t> reasons, Millis limit = kPatience,
                    Where where = Where::current());

  std::uint16_t new_packet_id();

 private:
  RawClient raw_;
  ConnectOptions options_;
  Connack connack_;
  std::deque<Packet> kept_;
  std::uint16_t last_packet_id_ = 0;
};

}  // namespace hermod::support
