#include "tests/support/broker_test.h"

namespace hermod::integration {

using SlowAcknowledgements = VersionedBrokerTest;

// Acknowledgements out of order must not free the wrong message.
TEST_P(SlowAcknowledgements, AnyOrderOfAcknowledgementsIsFine) {
  MqttClient publisher = client("publisher");
  std::vector<Message> messages;
  {
    MqttClient first = durable_client("subscriber", GetParam());
    first.subscribe("slow/topic", 1);
    for (int i = 0; i < 10; ++i) publisher.publish("slow/topic", std::to_string(i), 1);
    for (int i = 0; i < 10; ++i) messages.push_back(first.receive_unacknowledged());
    for (const std::size_t i : {9U, 0U, 5U, 3U, 7U}) first.acknowledge(messages[i]);
    first.disconnect();
  }
  MqttClient second = durable_client("subscriber", GetParam());
  EXPECT_EQ(second.receive_payloads(5), (std::vector<std::string>{"1", "2", "4", "6", "8"}));
  second.expect_quiet(50ms);
}

// Many more messages than identifiers in use: they wrap, and never collide with a held one.
TEST_P(SlowAcknowledgements, HeldMessageKeepsItsIdentifierForItself) {
  MqttClient publisher = client("publisher");
  MqttClient subscriber = durable_client("subscriber", GetParam());
  subscriber.subscribe("slow/topic", 1);
  publisher.publish("slow/topic", "held", 1);
  const Message held = subscriber.receive_unacknowledged();
  for (int i = 0; i < 500; ++i) {
    publisher.publish("slow/topic", std::to_string(i), 1);
    const Message message = subscriber.receive();
    ASSERT_EQ(message.payload, std::to_string(i));
    ASSERT_NE(message.packet_id, held.packet_id);
  }
  subscriber.acknowledge(held);
}

INSTANTIATE_TEST_SUITE_P(Main, SlowAcknowledgements, main_versions());

}  // namespace hermod::integration
