#include "tests/support/broker_test.h"

namespace hermod::integration {

using Suback = VersionedBrokerTest;

TEST_P(Suback, OneReasonPerFilterInTheirOrder) {
  MqttClient subscriber = client("subscriber", GetParam());
  const Ack ack = subscriber.subscribe_all({{"a", 2}, {"b", 0}, {"c/+", 1}, {"d/#", 2}, {"a", 1}});
  EXPECT_EQ(ack.reasons, (std::vector<std::uint8_t>{2, 0, 1, 2, 1}));
}

TEST_P(Suback, CarriesThePacketIdentifier) {
  MqttClient subscriber = client("subscriber", GetParam());
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{1, 256, 65535}) {
    subscriber.raw().send(subscribe_bytes(GetParam(), id, {{"a", 0}}));
    EXPECT_EQ(parse_ack(GetParam(), Type::Suback, subscriber.raw().next()).packet_id, id);
  }
}

TEST_P(Suback, ManyFiltersInOnePacket) {
  constexpr std::size_t kFilters = 500;
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < kFilters; ++i) {
    subscriptions.push_back({"many/" + std::to_string(i), static_cast<std::uint8_t>(i % 3)});
  }
  MqttClient both = client("both", GetParam());
  const Ack ack = both.subscribe_all(subscriptions);
  for (std::size_t i = 0; i < kFilters; ++i) ASSERT_EQ(ack.reasons[i], i % 3);
  both.publish("many/0", "first", 0);
  both.publish("many/499", "last", 0);
  EXPECT_EQ(both.receive_payloads(2), (std::vector<std::string>{"first", "last"}));
}

// [MQTT-3.8.4-3]: the second SUBSCRIBE replaces the first, and there is still one copy.
TEST_P(Suback, SubscribingAgainReplacesTheSubscription) {
  MqttClient both = client("both", GetParam());
  both.subscribe("replace/topic", 0);
  EXPECT_EQ(both.subscribe("replace/topic", 2).reasons.at(0), 2);
  both.publish("replace/topic", "1", 2);
  EXPECT_EQ(both.receive().qos, 2);
  EXPECT_EQ(both.subscribe("replace/topic", 0).reasons.at(0), 0);
  both.publish("replace/topic", "2", 2);
  const Message message = both.receive();
  EXPECT_EQ(message.payload, "2");
  EXPECT_EQ(message.qos, 0);
}

INSTANTIATE_TEST_SUITE_P(Main, Suback, main_versions());

}  // namespace hermod::integration
