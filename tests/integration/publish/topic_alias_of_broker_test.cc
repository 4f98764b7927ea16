#include "tests/support/broker_test.h"

namespace hermod::integration {

class TopicAliasOfBroker : public BrokerTest {
 protected:
  /// A subscriber to alias/# that allows so many aliases.
  MqttClient subscriber_with(std::uint16_t maximum) {
    ConnectOptions options{.client_id = "subscriber"};
    if (maximum > 0) options.properties.add(property::kTopicAliasMaximum, maximum);
    MqttClient subscriber = connect(options);
    subscriber.subscribe("alias/#", 1);
    return subscriber;
  }
};

// [MQTT-3.1.2-26], [MQTT-3.1.2-27]
TEST_F(TopicAliasOfBroker, AliasesStayWithinTheMaximumAndResolve) {
  constexpr std::uint16_t kMaximum = 3;
  MqttClient subscriber = subscriber_with(kMaximum);
  MqttClient publisher = client("publisher");
  std::vector<std::string> known(kMaximum + 1);
  for (int i = 0; i < 60; ++i) {
    const std::string topic = "alias/" + std::to_string(i % 7);
    publisher.publish(topic, std::to_string(i), static_cast<std::uint8_t>(i % 2));
    const Message message = subscriber.receive();
    std::string resolved = message.topic;
    if (const auto alias = message.properties.number(property::kTopicAlias)) {
      ASSERT_GE(*alias, 1U);
      ASSERT_LE(*alias, kMaximum);
      if (message.topic.empty()) {
        resolved = known[*alias];
      } else {
        known[*alias] = message.topic;
      }
    }
    EXPECT_EQ(resolved, topic);
    EXPECT_EQ(message.payload, std::to_string(i));
  }
}

TEST_F(TopicAliasOfBroker, NoneIsUsedWithoutPermission) {
  MqttClient subscriber = subscriber_with(0);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 10; ++i) {
    publisher.publish("alias/same", std::to_string(i), 0);
    const Message message = subscriber.receive();
    EXPECT_EQ(message.topic, "alias/same");
    EXPECT_FALSE(message.properties.has(property::kTopicAlias));
  }
}

// A new connection starts with no aliases, also for messages that are sent again.
TEST_F(TopicAliasOfBroker, RedeliveryNamesTheTopicAgain) {
  ConnectOptions options = durable("subscriber");
  options.properties.add(property::kTopicAliasMaximum, 5);
  MqttClient publisher = client("publisher");
  {
    MqttClient first = connect(options);
    first.subscribe("alias/#", 1);
    publisher.publish("alias/same", "1", 1);
    publisher.publish("alias/same", "2", 1);
    first.receive_unacknowledged();
    first.receive_unacknowledged();
    first.drop();
  }
  MqttClient second = connect(options);
  EXPECT_EQ(second.receive().topic, "alias/same");
}

}  // namespace hermod::integration
