#include "tests/support/broker_test.h"

namespace hermod::integration {

using Takeover = VersionedBrokerTest;

// [MQTT-3.1.4-3]
TEST_P(Takeover, OlderConnectionIsEnded) {
  MqttClient first = client("taken", GetParam());
  MqttClient second = client("taken", GetParam());
  first.expect_ended({reason::kSessionTakenOver});
  second.ping();
}

// The kernel spreads connections over the shards, so many identifiers meet both cases: the same shard and
// another.
TEST_P(Takeover, SessionFollowsItsClientAcrossShards) {
  constexpr int kClients = 24;
  std::vector<MqttClient> first;
  first.reserve(kClients);
  for (int i = 0; i < kClients; ++i) {
    first.push_back(durable_client("moving-" + std::to_string(i), GetParam()));
    first.back().subscribe("moving/" + std::to_string(i), 1);
  }
  MqttClient publisher = client("publisher");
  for (int i = 0; i < kClients; ++i) {
    MqttClient second = durable_client("moving-" + std::to_string(i), GetParam());
    EXPECT_TRUE(second.connack().session_present);
    first[static_cast<std::size_t>(i)].expect_ended({reason::kSessionTakenOver});
    publisher.publish("moving/" + std::to_string(i), "after " + std::to_string(i), 1);
    EXPECT_EQ(second.receive().payload, "after " + std::to_string(i));
    second.disconnect();
  }
}

TEST_P(Takeover, UnacknowledgedMessageIsSentAgainToTheNewConnection) {
  MqttClient first = durable_client("unfinished", GetParam());
  first.subscribe("unfinished/topic", 1);
  client("publisher").publish("unfinished/topic", "once more", 1);
  const Message before = first.receive_unacknowledged();
  EXPECT_FALSE(before.dup);

  MqttClient second = durable_client("unfinished", GetParam());
  first.expect_ended({reason::kSessionTakenOver});
  const Message after = second.receive();
  EXPECT_EQ(after.payload, "once more");
  EXPECT_TRUE(after.dup);
  EXPECT_EQ(after.packet_id, before.packet_id);
}

TEST_P(Takeover, CleanTakeoverForgetsTheSession) {
  MqttClient first = durable_client("wiped", GetParam());
  first.subscribe("wiped/topic", 1);
  MqttClient second = client("wiped", GetParam());
  EXPECT_FALSE(second.connack().session_present);
  first.expect_ended({reason::kSessionTakenOver});
  client("publisher").publish("wiped/topic", "gone", 1);
  second.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(Main, Takeover, main_versions());

using TakeoverBetweenVersions = BrokerTest;

TEST_F(TakeoverBetweenVersions, EachLearnsInItsOwnWords) {
  MqttClient old_device = durable_client("mixed", Version::V311);
  old_device.subscribe("mixed/topic", 1);
  MqttClient new_device = durable_client("mixed", Version::V5);
  old_device.expect_ended({});
  EXPECT_TRUE(new_device.connack().session_present);
  MqttClient old_again = durable_client("mixed", Version::V311);
  new_device.expect_ended({reason::kSessionTakenOver});
  client("publisher").publish("mixed/topic", "still subscribed", 1);
  EXPECT_EQ(old_again.receive().payload, "still subscribed");
}

}  // namespace hermod::integration
