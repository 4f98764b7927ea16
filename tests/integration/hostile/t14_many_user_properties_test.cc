#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

Properties many(int count) {
  Properties properties;
  for (int i = 0; i < count; ++i) properties.user("k", "v");
  return properties;
}

}  // namespace

// Another broker may let the message pass, then whole; and time is linear.
TEST_F(Hostile, T14_ThousandsOfUserPropertiesAreHandledInLinearTime) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("many/topic", 1);
  MqttClient publisher = client("publisher");
  const auto start = Clock::now();
  publisher.send_publish({.topic = "many/topic", .payload = "x", .qos = 1, .properties = many(50000)});
  const Packet answer = publisher.raw().next(scaled(10s));
  if (answer.type == Type::Puback && parse_ack(Version::V5, Type::Puback, answer).reason == 0) {
    EXPECT_EQ(subscriber.receive_unacknowledged(scaled(10s)).properties.users().size(), 50000U);
  } else {
    const std::uint8_t given = answer.type == Type::Puback
                                   ? parse_ack(Version::V5, Type::Puback, answer).reason
                                   : parse_disconnect(answer).reason;
    EXPECT_TRUE(given == reason::kPacketTooLarge || given == reason::kQuotaExceeded) << int{given};
  }
  EXPECT_LT(since(start), scaled(2s));
}

class HostileUserProperties : public Hostile {
 protected:
  /// What the CONNACK says, which has to come in front of the close.
  std::uint8_t refusal_of(const std::string& connect) {
    RawClient raw(port());
    raw.try_send(connect);
    const std::uint8_t given = parse_connack(Version::V5, raw.next()).reason;
    EXPECT_TRUE(raw.drain_until_closed());
    return given;
  }
};

TEST_F(HostileUserProperties, T14_FiftyThousandAreRefusedInEveryPacket) {
  HERMOD_NEEDS_OWN_BROKER();
  const Properties properties = many(50000);
  const auto refused = {reason::kQuotaExceeded, reason::kPacketTooLarge};
  const auto start = Clock::now();
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    expect_ended(
        Version::V5,
        publish_bytes(Version::V5,
                      {.topic = "t", .payload = "x", .qos = qos, .packet_id = 1, .properties = properties}),
        refused);
  }
  expect_ended(Version::V5, subscribe_bytes(Version::V5, 1, {{"t", 0}}, properties), refused);
  // The length of such a CONNECT is too much for a stranger already; of less the parts are counted.
  expect_connect_refused(Version::V5, connect_bytes({.client_id = "many", .properties = properties}),
                         refused);
  Will will{.topic = "will/topic", .payload = "gone"};
  will.properties = many(8000);
  for (const ConnectOptions& options : {ConnectOptions{.client_id = "many", .properties = many(8000)},
                                        ConnectOptions{.client_id = "many", .will = will}})
    EXPECT_EQ(refusal_of(connect_bytes(options)), reason::kQuotaExceeded);
  EXPECT_LT(since(start), scaled(4s));
}

TEST_F(Hostile, T14_ThousandsOfUserPropertiesInConnectAndSubscribe) {
  const auto start = Clock::now();
  RawClient raw(port());
  raw.try_send(connect_bytes({.client_id = "many", .properties = many(8000)}));
  ASSERT_TRUE(raw.poll(kPatience).has_value());
  MqttClient subscriber = client("subscriber");
  subscriber.raw().send(subscribe_bytes(Version::V5, 1, {{"t", 0}}, many(20000)));
  const Packet answer = subscriber.raw().next();
  EXPECT_TRUE(answer.type == Type::Suback || answer.type == Type::Disconnect) << describe(answer);
  EXPECT_LT(since(start), scaled(2s));
}

}  // namespace hermod::integration
