#include "tests/support/broker_test.h"

namespace hermod::integration {

class WillMessage : public VersionedBrokerTest {
 protected:
  ConnectOptions with_will(std::uint8_t qos = 1, bool retain = false, std::uint16_t keep_alive = 60) {
    return {.client_id = "mortal",
            .version = GetParam(),
            .keep_alive = keep_alive,
            .will = Will{.topic = "will/topic", .payload = "gone", .qos = qos, .retain = retain}};
  }
  MqttClient observer() {
    MqttClient observing = client("observer", GetParam());
    observing.subscribe("will/#", 2);
    return observing;
  }
};

// [MQTT-3.1.2-8]
TEST_P(WillMessage, LostConnectionPublishesItAtItsQos) {
  MqttClient observing = observer();
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    connect(with_will(qos)).drop();
    const Message message = observing.receive();
    EXPECT_EQ(message.topic, "will/topic");
    EXPECT_EQ(message.payload, "gone");
    EXPECT_EQ(message.qos, qos);
    EXPECT_FALSE(message.retain);
  }
}

TEST_P(WillMessage, ResetConnectionPublishesIt) {
  MqttClient observing = observer();
  connect(with_will()).raw().reset();
  EXPECT_EQ(observing.receive().payload, "gone");
}

TEST_P(WillMessage, KeepAliveTimeoutPublishesIt) {
  MqttClient observing = observer();
  const auto start = Clock::now();
  const MqttClient silent = connect(with_will(1, false, 1));
  EXPECT_EQ(observing.receive().payload, "gone");
  EXPECT_GE(since(start), 1400ms);
}

TEST_P(WillMessage, ProtocolErrorPublishesIt) {
  MqttClient observing = observer();
  MqttClient broken = connect(with_will());
  broken.raw().send(hex("00 00"));
  EXPECT_EQ(observing.receive().payload, "gone");
}

TEST_P(WillMessage, TakeoverPublishesIt) {
  MqttClient observing = observer();
  const MqttClient first = connect(with_will());
  const MqttClient second = client("mortal", GetParam());
  EXPECT_EQ(observing.receive().payload, "gone");
}

// [MQTT-3.1.2-10]
TEST_P(WillMessage, DisconnectRemovesIt) {
  MqttClient observing = observer();
  connect(with_will()).disconnect();
  observing.expect_quiet();
}

// The packet counts, even when the connection is lost right behind it.
TEST_P(WillMessage, DisconnectFollowedByAResetRemovesIt) {
  MqttClient observing = observer();
  for (int i = 0; i < 20; ++i) {
    MqttClient leaving = connect(with_will());
    leaving.raw().send(disconnect_bytes(GetParam()));
    leaving.raw().finish_sending();
    leaving.drop();
  }
  observing.expect_quiet();
}

// [MQTT-3.1.2-14], [MQTT-3.1.2-15]
TEST_P(WillMessage, RetainFlagStoresIt) {
  MqttClient observing = observer();
  connect(with_will(1, true)).drop();
  EXPECT_FALSE(observing.receive().retain);
  MqttClient later = client("later", GetParam());
  later.subscribe("will/topic", 1);
  const Message message = later.receive();
  EXPECT_EQ(message.payload, "gone");
  EXPECT_TRUE(message.retain);
}

TEST_P(WillMessage, EmptyPayloadIsAMessage) {
  MqttClient observing = observer();
  ConnectOptions options = with_will();
  options.will->payload.clear();
  connect(options).drop();
  EXPECT_EQ(observing.receive().payload, "");
}

TEST_P(WillMessage, IsPublishedOnlyOnce) {
  MqttClient observing = observer();
  connect(with_will()).drop();
  EXPECT_EQ(observing.receive().payload, "gone");
  client("mortal", GetParam()).drop();
  observing.expect_quiet();
}

TEST_P(WillMessage, ReachesOfflineSessions) {
  {
    MqttClient sleeper = durable_client("sleeper", GetParam());
    sleeper.subscribe("will/topic", 1);
    sleeper.disconnect();
  }
  MqttClient observing = observer();
  connect(with_will()).drop();
  observing.receive();
  EXPECT_EQ(durable_client("sleeper", GetParam()).receive().payload, "gone");
}

INSTANTIATE_TEST_SUITE_P(Main, WillMessage, main_versions());

}  // namespace hermod::integration
