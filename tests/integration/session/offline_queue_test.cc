#include "tests/support/broker_test.h"

namespace hermod::integration {

using OfflineQueue = VersionedBrokerTest;

TEST_P(OfflineQueue, MessagesWaitInOrder) {
  {
    MqttClient sleeper = durable_client("sleeper", GetParam());
    sleeper.subscribe("queue/#", 2);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  std::vector<std::string> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    publisher.publish("queue/topic", sent.back(), static_cast<std::uint8_t>(1 + i % 2));
  }
  MqttClient sleeper = durable_client("sleeper", GetParam());
  ASSERT_EQ(sleeper.connack().session_present, GetParam() != Version::V31);
  EXPECT_EQ(sleeper.receive_payloads(50), sent);
  sleeper.expect_quiet(50ms);
}

// Whether QoS 0 messages wait is the server's choice (3.1.2.4 of 3.1.1); hermod does not keep them.
TEST_P(OfflineQueue, QosZeroDoesNotWait) {
  {
    MqttClient sleeper = durable_client("sleeper", GetParam());
    sleeper.subscribe_all({{"queue/granted-zero", 0}, {"queue/granted-one", 1}});
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  publisher.publish("queue/granted-one", "sent at 0", 0);
  publisher.publish("queue/granted-zero", "granted 0", 1);
  publisher.publish("queue/granted-one", "waits", 1);
  MqttClient sleeper = durable_client("sleeper", GetParam());
  EXPECT_EQ(sleeper.receive().payload, "waits");
  sleeper.expect_quiet(50ms);
}

TEST_P(OfflineQueue, SubscriptionsAreStillThere) {
  {
    MqttClient sleeper = durable_client("sleeper", GetParam());
    sleeper.subscribe_all({{"queue/a", 0}, {"queue/b", 1}, {"queue/c", 2}});
    sleeper.unsubscribe({"queue/b"});
    sleeper.disconnect();
  }
  MqttClient sleeper = durable_client("sleeper", GetParam());
  MqttClient publisher = client("publisher");
  for (const char* topic : {"queue/a", "queue/b", "queue/c"}) publisher.publish(topic, topic, 2);
  EXPECT_EQ(sleeper.receive().qos, 0);
  EXPECT_EQ(sleeper.receive().qos, 2);
  sleeper.expect_quiet(50ms);
}

TEST_P(OfflineQueue, NewMessagesComeBehindWaitingOnes) {
  {
    MqttClient sleeper = durable_client("sleeper", GetParam());
    sleeper.subscribe("queue/topic", 1);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(std::to_string(i));
    publisher.publish("queue/topic", sent.back(), 1);
  }
  MqttClient sleeper = durable_client("sleeper", GetParam());
  for (int i = 300; i < 320; ++i) {
    sent.push_back(std::to_string(i));
    publisher.publish("queue/topic", sent.back(), 1);
  }
  EXPECT_EQ(sleeper.receive_payloads(sent.size()), sent);
}

INSTANTIATE_TEST_SUITE_P(All, OfflineQueue, all_versions());

}  // namespace hermod::integration
