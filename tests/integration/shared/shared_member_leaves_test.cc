#include "tests/support/broker_test.h"

namespace hermod::integration {

class SharedMemberLeaves : public VersionedBrokerTest {
 protected:
  /// The group's two members, the first of which holds one unacknowledged message.
  struct Scene {
    MqttClient holder;
    MqttClient other;
    Message held;
  };
  Scene hold_one(std::uint8_t qos) {
    MqttClient holder = durable_client("holder", GetParam());
    holder.subscribe("$share/workers/job", qos);
    client("publisher").publish("job", "held", qos);
    Message held = holder.receive_unacknowledged();
    MqttClient other = client("other", GetParam());
    other.subscribe("$share/workers/job", qos);
    return {std::move(holder), std::move(other), std::move(held)};
  }
};

// Section 2 of the queue core: a QoS 1 message of a member that goes away goes to a live one at once.
TEST_P(SharedMemberLeaves, UnacknowledgedQosOneGoesToAnotherMember) {
  Scene scene = hold_one(1);
  scene.holder.drop();
  EXPECT_EQ(scene.other.receive().payload, "held");
  MqttClient back = durable_client("holder", GetParam());
  back.expect_quiet(100ms);
}

TEST_P(SharedMemberLeaves, DisconnectHandsItOnToo) {
  Scene scene = hold_one(1);
  scene.holder.disconnect();
  EXPECT_EQ(scene.other.receive().payload, "held");
}

// [MQTT-4.8.2-4]: QoS 2 in flight stays with its member while the session lives.
TEST_P(SharedMemberLeaves, QosTwoStaysWithItsMember) {
  Scene scene = hold_one(2);
  scene.holder.drop();
  scene.other.expect_quiet();
  MqttClient back = durable_client("holder", GetParam());
  const Message again = back.receive();
  EXPECT_EQ(again.payload, "held");
  EXPECT_EQ(again.packet_id, scene.held.packet_id);
  EXPECT_TRUE(again.dup);
}

// [MQTT-4.8.2-5] forbids to send it to another client when the session ends.
TEST_P(SharedMemberLeaves, QosTwoIsDiscardedWithTheSession) {
  MqttClient holder = client("holder", GetParam());
  holder.subscribe("$share/workers/job", 2);
  client("publisher").publish("job", "held", 2);
  holder.receive_unacknowledged();
  MqttClient other = client("other", GetParam());
  other.subscribe("$share/workers/job", 2);
  holder.disconnect();
  other.expect_quiet();
  client("publisher").publish("job", "next", 2);
  EXPECT_EQ(other.receive().payload, "next");
}

TEST_P(SharedMemberLeaves, UnacknowledgedQosOneOfACleanMemberGoesToAnotherMember) {
  MqttClient holder = client("holder", GetParam());
  holder.subscribe("$share/workers/job", 1);
  client("publisher").publish("job", "held", 1);
  holder.receive_unacknowledged();
  MqttClient other = client("other", GetParam());
  other.subscribe("$share/workers/job", 1);
  holder.drop();
  EXPECT_EQ(other.receive().payload, "held");
}

INSTANTIATE_TEST_SUITE_P(Main, SharedMemberLeaves, main_versions());

}  // namespace hermod::integration
