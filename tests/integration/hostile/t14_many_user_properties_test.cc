#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

Properties many(int count) {
  Properties properties;
  for (int i = 0; i < count; ++i) properties.user("k", "v");
  return properties;
}

}  // namespace

// Either the message passes whole, or it is refused by its size; and time is linear.
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
