#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T33_SubscriptionChangedToQosZeroWithMessagesInFlight) {
  MqttClient publisher = client("publisher");
  for (const Version version : kMainVersions) {
    MqttClient subscriber = client("subscriber", version);
    for (int round = 0; round < 20; ++round) {
      subscriber.subscribe("change/topic", 2);
      publisher.publish("change/topic", "1", 1);
      publisher.publish("change/topic", "2", 2);
      const Message first = subscriber.receive_unacknowledged();
      const Message second = subscriber.receive_unacknowledged();
      subscriber.subscribe("change/topic", 0);
      publisher.publish("change/topic", "3", 2);
      EXPECT_EQ(subscriber.receive_unacknowledged().qos, 0);
      subscriber.acknowledge(second);
      subscriber.acknowledge(first);
    }
    subscriber.ping();
    subscriber.expect_quiet(20ms);
    subscriber.disconnect();
  }
}

}  // namespace hermod::integration
