#include <algorithm>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using SubscriptionIdentifier = BrokerTest;

namespace {

Properties identifier(std::uint32_t number) {
  return Properties().add(property::kSubscriptionIdentifier, number);
}

std::vector<std::uint64_t> sorted_identifiers(const Message& message) {
  std::vector<std::uint64_t> found = message.properties.numbers(property::kSubscriptionIdentifier);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

// [MQTT-3.3.4-3]
TEST_F(SubscriptionIdentifier, ComesWithEveryMessage) {
  MqttClient both = client("both");
  for (const std::uint32_t number : {1U, 127U, 128U, 16384U, 268435455U}) {
    both.subscribe("identifier/topic", 2, 0, identifier(number));
    for (std::uint8_t qos = 0; qos <= 2; ++qos) {
      both.publish("identifier/topic", "x", qos);
      EXPECT_EQ(sorted_identifiers(both.receive()), std::vector<std::uint64_t>{number});
    }
  }
}

// [MQTT-3.3.4-2], [MQTT-3.3.4-4]: hermod sends one copy with the highest QoS and all identifiers.
TEST_F(SubscriptionIdentifier, OverlappingSubscriptionsGiveOneCopyWithAllIdentifiers) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("overlap/#", 0, 0, identifier(1));
  subscriber.subscribe("overlap/+", 2, 0, identifier(2));
  subscriber.subscribe("overlap/topic", 1, 0, identifier(3));
  subscriber.subscribe("+/topic", 1);
  MqttClient publisher = client("publisher");
  publisher.publish("overlap/topic", "once", 2);
  const Message message = subscriber.receive();
  EXPECT_EQ(message.qos, 2);
  EXPECT_EQ(sorted_identifiers(message), (std::vector<std::uint64_t>{1, 2, 3}));
  publisher.publish("overlap/other", "next", 2);
  const Message next = subscriber.receive();
  EXPECT_EQ(next.payload, "next");
  EXPECT_EQ(sorted_identifiers(next), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(SubscriptionIdentifier, OneIdentifierMayStandForSeveralSubscriptions) {
  MqttClient both = client("both");
  both.subscribe_all({{"same/+", 1}, {"same/topic", 1}}, identifier(9));
  both.publish("same/topic", "x", 1);
  const std::vector<std::uint64_t> found = sorted_identifiers(both.receive());
  // 3.3.4: whether an identifier of two matching subscriptions comes once or twice is not laid down.
  ASSERT_FALSE(found.empty());
  for (const std::uint64_t number : found) EXPECT_EQ(number, 9U);
}

TEST_F(SubscriptionIdentifier, SubscribingAgainReplacesIt) {
  MqttClient both = client("both");
  both.subscribe("replace/topic", 1, 0, identifier(5));
  both.subscribe("replace/topic", 1, 0, identifier(6));
  both.publish("replace/topic", "1", 1);
  EXPECT_EQ(sorted_identifiers(both.receive()), std::vector<std::uint64_t>{6});
  both.subscribe("replace/topic", 1);
  both.publish("replace/topic", "2", 1);
  EXPECT_TRUE(sorted_identifiers(both.receive()).empty());
}

TEST_F(SubscriptionIdentifier, ComesWithRetainedMessages) {
  MqttClient both = client("both");
  both.publish({.topic = "identifier/kept", .payload = "kept", .qos = 1, .retain = true});
  both.subscribe("identifier/kept", 1, 0, identifier(77));
  EXPECT_EQ(sorted_identifiers(both.receive()), std::vector<std::uint64_t>{77});
}

TEST_F(SubscriptionIdentifier, ZeroIsAProtocolError) {
  MqttClient confused = client("confused");
  confused.raw().send(subscribe_bytes(Version::V5, 1, {{"a", 0}}, identifier(0)));
  confused.expect_ended({reason::kProtocolError});
}

TEST_F(SubscriptionIdentifier, TwoInOneSubscribeAreAProtocolError) {
  MqttClient confused = client("confused");
  confused.raw().send(subscribe_bytes(
      Version::V5, 1, {{"a", 0}},
      Properties().add(property::kSubscriptionIdentifier, 1).add(property::kSubscriptionIdentifier, 2)));
  confused.expect_ended({reason::kProtocolError});
}

// [MQTT-3.3.4-6]
TEST_F(SubscriptionIdentifier, ClientMayNotPublishOne) {
  MqttClient confused = client("confused");
  PublishOptions publish{.topic = "identifier/topic", .payload = "x"};
  publish.properties = identifier(1);
  confused.send_publish(publish);
  confused.expect_ended({reason::kProtocolError});
}

}  // namespace hermod::integration
