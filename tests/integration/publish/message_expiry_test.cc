#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

class MessageExpiry : public BrokerTest {
 protected:
  static PublishOptions expiring(const std::string& payload, std::uint32_t seconds, bool retain = false) {
    PublishOptions publish{.topic = "expiry/topic", .payload = payload, .qos = 1, .retain = retain};
    publish.properties.add(property::kMessageExpiryInterval, seconds);
    return publish;
  }
};

TEST_F(MessageExpiry, OnlineSubscriberGetsTheInterval) {
  MqttClient both = client("both");
  both.subscribe("expiry/topic", 1);
  both.publish(expiring("fresh", 100));
  const auto interval = both.receive().properties.number(property::kMessageExpiryInterval);
  ASSERT_TRUE(interval.has_value());
  EXPECT_LE(*interval, 100U);
  EXPECT_GE(*interval, 98U);
}

// [MQTT-3.3.2-5]
TEST_F(MessageExpiry, ExpiredMessageIsNotDelivered) {
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("expiry/topic", 1);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  publisher.publish(expiring("too late", 1));
  publisher.publish("expiry/topic", "for ever", 1);
  std::this_thread::sleep_for(2100ms);
  MqttClient sleeper = durable_client("sleeper");
  EXPECT_EQ(sleeper.receive().payload, "for ever");
}

// [MQTT-3.3.2-6]
TEST_F(MessageExpiry, QueuedMessageCarriesTheRemainingInterval) {
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("expiry/topic", 1);
    sleeper.disconnect();
  }
  client("publisher").publish(expiring("waiting", 100));
  std::this_thread::sleep_for(2100ms);
  MqttClient sleeper = durable_client("sleeper");
  const Message message = sleeper.receive();
  const auto interval = message.properties.number(property::kMessageExpiryInterval);
  ASSERT_TRUE(interval.has_value());
  EXPECT_LE(*interval, 98U);
  EXPECT_GE(*interval, 90U);
}

TEST_F(MessageExpiry, RetainedMessageCarriesTheRemainingInterval) {
  client("publisher").publish(expiring("kept", 100, true));
  std::this_thread::sleep_for(2100ms);
  MqttClient reader = client("reader");
  reader.subscribe("expiry/topic", 1);
  const auto interval = reader.receive().properties.number(property::kMessageExpiryInterval);
  ASSERT_TRUE(interval.has_value());
  EXPECT_LE(*interval, 98U);
  EXPECT_GE(*interval, 90U);
}

TEST_F(MessageExpiry, ExpiredRetainedMessageIsGone) {
  client("publisher").publish(expiring("gone", 1, true));
  std::this_thread::sleep_for(2100ms);
  MqttClient reader = client("reader");
  reader.subscribe("expiry/topic", 1);
  reader.expect_quiet();
}

TEST_F(MessageExpiry, SubscriberOfVersionThreeDoesNotGetExpiredMessagesEither) {
  {
    MqttClient sleeper = durable_client("sleeper", Version::V311);
    sleeper.subscribe("expiry/topic", 1);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  publisher.publish(expiring("too late", 1));
  publisher.publish(expiring("in time", 100));
  std::this_thread::sleep_for(2100ms);
  MqttClient sleeper = durable_client("sleeper", Version::V311);
  EXPECT_EQ(sleeper.receive().payload, "in time");
}

TEST_F(MessageExpiry, MessageWithoutIntervalHasNone) {
  MqttClient both = client("both");
  both.subscribe("expiry/topic", 1);
  both.publish("expiry/topic", "x", 1);
  EXPECT_FALSE(both.receive().properties.has(property::kMessageExpiryInterval));
}

}  // namespace hermod::integration
