#include "tests/support/broker_test.h"

namespace hermod::integration {

using NoLocal = BrokerTest;

// [MQTT-3.8.3-3]
TEST_F(NoLocal, OwnMessagesStayAway) {
  MqttClient both = client("both");
  both.subscribe("local/topic", 1, kNoLocal);
  both.publish("local/topic", "own", 1);
  client("other").publish("local/topic", "foreign", 1);
  EXPECT_EQ(both.receive().payload, "foreign");
}

TEST_F(NoLocal, HoldsForEachSubscriptionAlone) {
  MqttClient both = client("both");
  both.subscribe("local/#", 0, kNoLocal);
  both.subscribe("local/topic", 1);
  both.publish("local/topic", "own", 1);
  const Message message = both.receive();
  EXPECT_EQ(message.payload, "own");
  EXPECT_EQ(message.qos, 1);
  both.publish("local/other", "own", 1);
  both.expect_quiet(50ms);
}

TEST_F(NoLocal, HoldsForTheSameClientBehindAReconnect) {
  {
    MqttClient both = durable_client("both");
    both.subscribe("local/topic", 1, kNoLocal);
    both.disconnect();
  }
  MqttClient again = durable_client("both");
  again.publish("local/topic", "own", 1);
  again.expect_quiet(50ms);
}

}  // namespace hermod::integration
