#include "tests/support/broker_test.h"

namespace hermod::integration {

using Unsubscribe = VersionedBrokerTest;

TEST_P(Unsubscribe, NothingArrivesAfterUnsuback) {
  MqttClient both = client("both", GetParam());
  both.subscribe("leave/topic", 1);
  both.publish("leave/topic", "1", 1);
  both.receive();
  both.unsubscribe({"leave/topic"});
  both.publish("leave/topic", "2", 1);
  both.expect_quiet(50ms);
}

// [MQTT-3.10.4-1]: filters are compared character by character, they do not match each other.
TEST_P(Unsubscribe, OnlyTheSameFilterIsRemoved) {
  MqttClient both = client("both", GetParam());
  both.subscribe("leave/topic", 1);
  both.unsubscribe({"leave/+", "leave/#", "#", "leave", "leave/topic/", "Leave/topic"});
  both.publish("leave/topic", "still", 1);
  EXPECT_EQ(both.receive().payload, "still");
}

TEST_P(Unsubscribe, SeveralFiltersAtOnce) {
  MqttClient both = client("both", GetParam());
  both.subscribe_all({{"leave/a", 1}, {"leave/b", 1}, {"leave/c", 1}});
  both.unsubscribe({"leave/a", "leave/c"});
  for (const char* topic : {"leave/a", "leave/b", "leave/c"}) both.publish(topic, topic, 1);
  EXPECT_EQ(both.receive().topic, "leave/b");
  both.expect_quiet(50ms);
}

// [MQTT-3.10.4-3]: what was sent already is finished.
TEST_P(Unsubscribe, MessagesUnderWayAreFinished) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("leave/topic", 2);
  client("publisher").publish("leave/topic", "x", 2);
  const Message message = subscriber.receive_unacknowledged();
  subscriber.unsubscribe({"leave/topic"});
  subscriber.acknowledge(message);
  subscriber.ping();
}

TEST_P(Unsubscribe, AnswerHasTheRightForm) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.raw().send(unsubscribe_bytes(GetParam(), 258, {"never/subscribed"}));
  subscriber.raw().expect_bytes(is_v5() ? hex("B0 04 01 02 00 11") : hex("B0 02 01 02"));
}

INSTANTIATE_TEST_SUITE_P(Main, Unsubscribe, main_versions());

using UnsubscribeOf5 = BrokerTest;

TEST_F(UnsubscribeOf5, ReasonsTellWhatWasThere) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe_all({{"leave/a", 1}, {"leave/b", 1}});
  const Ack ack = subscriber.unsubscribe({"leave/a", "leave/x", "leave/b", "leave/a"});
  EXPECT_EQ(ack.reasons, (std::vector<std::uint8_t>{0, reason::kNoSubscriptionExisted, 0,
                                                    reason::kNoSubscriptionExisted}));
}

}  // namespace hermod::integration
