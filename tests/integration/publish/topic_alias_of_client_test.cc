#include "tests/support/broker_test.h"

namespace hermod::integration {

using TopicAliasOfClient = BrokerTest;

namespace {

PublishOptions aliased(const std::string& topic, std::uint16_t alias, const std::string& payload,
                       std::uint8_t qos = 0) {
  PublishOptions publish{.topic = topic, .payload = payload, .qos = qos};
  publish.properties.add(property::kTopicAlias, alias);
  return publish;
}

}  // namespace

TEST_F(TopicAliasOfClient, StandsForItsTopicAtEveryQos) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("alias/#", 2);
  MqttClient publisher = client("publisher");
  ASSERT_GE(publisher.connack().properties.number(property::kTopicAliasMaximum).value_or(0), 2U);
  publisher.publish(aliased("alias/one", 1, "named"));
  EXPECT_EQ(subscriber.receive().topic, "alias/one");
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    publisher.publish(aliased("", 1, "by alias", qos));
    const Message message = subscriber.receive();
    EXPECT_EQ(message.topic, "alias/one");
    // 3.3.2.3.4: aliases of one connection mean nothing on another; ours allows the broker none.
    EXPECT_FALSE(message.properties.has(property::kTopicAlias));
  }
}

TEST_F(TopicAliasOfClient, MayBeGivenANewMeaning) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("alias/#", 0);
  MqttClient publisher = client("publisher");
  publisher.publish(aliased("alias/one", 1, "1"));
  publisher.publish(aliased("alias/two", 2, "2"));
  publisher.publish(aliased("alias/three", 1, "3"));
  publisher.publish(aliased("", 1, "4"));
  publisher.publish(aliased("", 2, "5"));
  std::vector<std::string> topics;
  for (int i = 0; i < 5; ++i) topics.push_back(subscriber.receive().topic);
  EXPECT_EQ(topics,
            (std::vector<std::string>{"alias/one", "alias/two", "alias/three", "alias/three", "alias/two"}));
}

// [MQTT-3.3.2-7]
TEST_F(TopicAliasOfClient, IsForgottenWithTheConnection) {
  durable_client("publisher").publish(aliased("alias/one", 1, "1"));
  MqttClient again = durable_client("publisher");
  again.send_publish(aliased("", 1, "2"));
  again.expect_ended({reason::kProtocolError, reason::kTopicAliasInvalid});
}

TEST_F(TopicAliasOfClient, LargestAnnouncedAliasWorks) {
  MqttClient both = client("both");
  both.subscribe("alias/last", 0);
  const auto maximum =
      static_cast<std::uint16_t>(*both.connack().properties.number(property::kTopicAliasMaximum));
  both.publish(aliased("alias/last", maximum, "1"));
  both.publish(aliased("", maximum, "2"));
  EXPECT_EQ(both.receive_payloads(2), (std::vector<std::string>{"1", "2"}));
}

}  // namespace hermod::integration
