#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T39_TakeoverAppliesTheNewConnectionsLimits) {
  MqttClient first = durable_client("subscriber");
  first.subscribe("limits/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 6; ++i) publisher.publish("limits/topic", std::string(i == 3 ? 500 : 5, 'x'), 1);
  for (int i = 0; i < 4; ++i) first.receive_unacknowledged();

  ConnectOptions options = durable("subscriber");
  options.properties.add(property::kReceiveMaximum, 1).add(property::kMaximumPacketSize, 100);
  MqttClient second = connect(options);
  first.expect_ended({reason::kSessionTakenOver});
  for (int i = 0; i < 5; ++i) {
    const Message message = second.receive_unacknowledged();
    EXPECT_EQ(message.payload.size(), 5U);
    second.expect_quiet(30ms);
    second.acknowledge(message);
  }
  second.expect_quiet(50ms);
}

// However identifiers are looked up, each finds its own session and no other.
TEST_F(Hostile, T39_AmongManyIdentifiersEachFindsItsOwnSession) {
  constexpr int kSessions = 400;
  const auto name = [](int i) {
    return std::string("session-") + static_cast<char>('a' + i % 26) + std::to_string(i);
  };
  for (int i = 0; i < kSessions; ++i) {
    MqttClient fresh = durable_client(name(i));
    ASSERT_FALSE(fresh.connack().session_present) << name(i);
    fresh.subscribe("own/" + name(i), 1);
    fresh.disconnect();
  }
  MqttClient publisher = client("publisher");
  for (int i = 0; i < kSessions; ++i) publisher.publish("own/" + name(i), name(i), 1);
  for (int i = 0; i < kSessions; ++i) {
    MqttClient back = durable_client(name(i));
    ASSERT_TRUE(back.connack().session_present);
    ASSERT_EQ(back.receive().payload, name(i));
    back.disconnect();
  }
}

}  // namespace hermod::integration
