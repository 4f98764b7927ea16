#include "tests/support/broker_test.h"

namespace hermod::integration {

using NoMatchingSubscribers = BrokerTest;

TEST_F(NoMatchingSubscribers, IsToldToPublishersOfVersionFive) {
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("nobody/listens", "x", 1).reason, reason::kNoMatchingSubscribers);
  EXPECT_EQ(publisher.publish("nobody/listens", "x", 2).reason, reason::kNoMatchingSubscribers);
}

TEST_F(NoMatchingSubscribers, IsNotToldWhenSomebodyGetsIt) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("somebody/listens", 0);
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("somebody/listens", "x", 1).reason, 0);
  EXPECT_EQ(publisher.publish("somebody/listens", "x", 2).reason, 0);
}

TEST_F(NoMatchingSubscribers, IsNotToldWhenAnOfflineSessionGetsIt) {
  MqttClient sleeper = durable_client("sleeper");
  sleeper.subscribe("asleep/topic", 1);
  sleeper.disconnect();
  EXPECT_EQ(client("publisher").publish("asleep/topic", "x", 1).reason, 0);
}

TEST_F(NoMatchingSubscribers, VersionThreeGetsAPlainPuback) {
  RawClient raw(port());
  raw.send(connect_bytes({.client_id = "old", .version = Version::V311}));
  raw.expect_bytes(hex("20 02 00 00"));
  raw.send(
      publish_bytes(Version::V311, {.topic = "nobody/listens", .payload = "x", .qos = 1, .packet_id = 1}));
  raw.expect_bytes(hex("40 02 00 01"));
  raw.send(
      publish_bytes(Version::V311, {.topic = "nobody/listens", .payload = "x", .qos = 2, .packet_id = 2}));
  raw.expect_bytes(hex("50 02 00 02"));
}

}  // namespace hermod::integration
