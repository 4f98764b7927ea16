#include <algorithm>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using QosLevels = VersionedBrokerTest;

// 4.3: a message goes out at the lower of what it was published with and what was granted.
TEST_P(QosLevels, MessageArrivesOnceAtTheLowerQos) {
  MqttClient publisher = client("publisher", GetParam());
  for (std::uint8_t granted = 0; granted <= 2; ++granted) {
    MqttClient subscriber = client("subscriber", GetParam());
    EXPECT_EQ(subscriber.subscribe("levels/topic", granted).reasons.at(0), granted);
    for (std::uint8_t sent = 0; sent <= 2; ++sent) {
      const std::string payload = std::to_string(sent) + " to " + std::to_string(granted);
      publisher.publish("levels/topic", payload, sent);
      const Message message = subscriber.receive();
      EXPECT_EQ(message.payload, payload);
      EXPECT_EQ(message.topic, "levels/topic");
      EXPECT_EQ(message.qos, std::min(sent, granted));
      EXPECT_FALSE(message.dup);
      EXPECT_FALSE(message.retain);
    }
    subscriber.expect_quiet(50ms);
    subscriber.disconnect();
  }
}

TEST_P(QosLevels, PublisherMayBeItsOwnSubscriber) {
  MqttClient both = client("both", GetParam());
  both.subscribe("own/topic", 2);
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    both.publish("own/topic", std::to_string(qos), qos);
    EXPECT_EQ(both.receive().payload, std::to_string(qos));
  }
}

INSTANTIATE_TEST_SUITE_P(All, QosLevels, all_versions());

using QosBetweenVersions = BrokerTest;

TEST_F(QosBetweenVersions, EveryVersionReachesEveryOther) {
  for (const Version from : {Version::V31, Version::V311, Version::V5}) {
    MqttClient publisher = client("publisher", from);
    for (const Version to : {Version::V31, Version::V311, Version::V5}) {
      MqttClient subscriber = client("subscriber", to);
      subscriber.subscribe("versions/#", 2);
      for (std::uint8_t qos = 0; qos <= 2; ++qos) {
        publisher.publish("versions/topic", "hello", qos);
        const Message message = subscriber.receive();
        EXPECT_EQ(message.payload, "hello");
        EXPECT_EQ(message.qos, qos);
      }
      subscriber.disconnect();
    }
  }
}

}  // namespace hermod::integration
