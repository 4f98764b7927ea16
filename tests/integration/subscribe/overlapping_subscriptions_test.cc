#include "tests/support/broker_test.h"

namespace hermod::integration {

using OverlappingSubscriptions = VersionedBrokerTest;

// [MQTT-3.3.5-1] of 3.1.1, [MQTT-3.3.4-2] of 5.0: the highest QoS of all that match. The specification lets a
// server send one copy or several; hermod sends one.
TEST_P(OverlappingSubscriptions, OneCopyAtTheHighestQos) {
  MqttClient both = client("both", GetParam());
  both.subscribe("overlap/#", 0);
  both.subscribe("overlap/+/x", 2);
  both.subscribe("overlap/a/x", 1);
  both.publish("overlap/a/x", "once", 2);
  const Message message = both.receive();
  EXPECT_EQ(message.payload, "once");
  EXPECT_EQ(message.qos, 2);
  both.publish("overlap/a/y", "next", 2);
  const Message next = both.receive();
  EXPECT_EQ(next.payload, "next");
  EXPECT_EQ(next.qos, 0);
}

TEST_P(OverlappingSubscriptions, RemovingOneLeavesTheOther) {
  MqttClient both = client("both", GetParam());
  both.subscribe("overlap/#", 1);
  both.subscribe("overlap/a", 2);
  both.unsubscribe({"overlap/a"});
  both.publish("overlap/a", "still", 2);
  EXPECT_EQ(both.receive().qos, 1);
  both.unsubscribe({"overlap/#"});
  both.publish("overlap/a", "nothing", 2);
  both.expect_quiet(50ms);
}

INSTANTIATE_TEST_SUITE_P(Main, OverlappingSubscriptions, main_versions());

}  // namespace hermod::integration
