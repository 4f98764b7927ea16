#include "tests/support/broker_test.h"

namespace hermod::integration {

class Redelivery : public VersionedBrokerTest {
 protected:
  void publish(int from, int to, std::uint8_t qos) {
    MqttClient publisher = client("publisher");
    for (int i = from; i < to; ++i) publisher.publish("redelivery/topic", std::to_string(i), qos);
  }
};

// [MQTT-4.4.0-1], [MQTT-4.6.0-1]: on reconnect, with the same identifiers, DUP and in the old order.
TEST_P(Redelivery, UnacknowledgedMessagesComeAgainInOrder) {
  for (std::uint8_t qos = 1; qos <= 2; ++qos) {
    const std::string id = "subscriber-" + std::to_string(qos);
    std::vector<Message> before;
    {
      MqttClient first = durable_client(id, GetParam());
      first.subscribe("redelivery/topic", qos);
      publish(0, 8, qos);
      for (int i = 0; i < 8; ++i) before.push_back(first.receive_unacknowledged());
      first.drop();
    }
    publish(8, 10, qos);
    MqttClient second = durable_client(id, GetParam());
    ASSERT_TRUE(second.connack().session_present);
    std::vector<Message> after;
    for (int i = 0; i < 10; ++i) after.push_back(second.receive_unacknowledged());
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_EQ(after[i].payload, std::to_string(i));
      if (i >= 8) continue;
      EXPECT_TRUE(after[i].dup);
      EXPECT_EQ(after[i].packet_id, before[i].packet_id);
    }
    for (const Message& message : after) second.acknowledge(message);
    second.expect_quiet(50ms);
    second.unsubscribe({"redelivery/topic"});
  }
}

TEST_P(Redelivery, AcknowledgedMessagesDoNotComeAgain) {
  {
    MqttClient first = durable_client("subscriber", GetParam());
    first.subscribe("redelivery/topic", 1);
    publish(0, 4, 1);
    std::vector<Message> messages;
    for (int i = 0; i < 4; ++i) messages.push_back(first.receive_unacknowledged());
    first.acknowledge(messages[1]);
    first.acknowledge(messages[3]);
    first.disconnect();
  }
  MqttClient second = durable_client("subscriber", GetParam());
  EXPECT_EQ(second.receive_payloads(2), (std::vector<std::string>{"0", "2"}));
  second.expect_quiet(100ms);
}

// [MQTT-4.4.0-1]: only a reconnect repeats messages, time does not.
TEST_P(Redelivery, NothingIsRepeatedOnALivingConnection) {
  MqttClient subscriber = durable_client("subscriber", GetParam());
  subscriber.subscribe("redelivery/topic", 1);
  publish(0, 1, 1);
  const Message message = subscriber.receive_unacknowledged();
  subscriber.expect_quiet(1500ms);
  subscriber.acknowledge(message);
}

// A session without its state starts afresh: nothing of the old one is repeated.
TEST_P(Redelivery, CleanSessionGetsNothingAgain) {
  MqttClient first = client("subscriber", GetParam());
  first.subscribe("redelivery/topic", 1);
  publish(0, 3, 1);
  first.receive_unacknowledged();
  first.drop();
  MqttClient second = client("subscriber", GetParam());
  second.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(Main, Redelivery, main_versions());

}  // namespace hermod::integration
