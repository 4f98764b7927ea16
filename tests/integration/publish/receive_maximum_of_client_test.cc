#include "tests/support/broker_test.h"

namespace hermod::integration {

namespace {

ConnectOptions with_receive_maximum(std::uint16_t maximum) {
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kReceiveMaximum, maximum);
  return options;
}

}  // namespace

using ReceiveMaximumOfClient = BrokerTest;

// [MQTT-3.3.4-9]
TEST_F(ReceiveMaximumOfClient, OnlySoManyMessagesAreUnderWay) {
  MqttClient subscriber = connect(with_receive_maximum(3));
  subscriber.subscribe("window/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 8; ++i) publisher.publish("window/topic", std::to_string(i), 1);

  std::vector<Message> open;
  for (int i = 0; i < 3; ++i) open.push_back(subscriber.receive_unacknowledged());
  subscriber.expect_quiet(100ms);
  for (int i = 3; i < 8; ++i) {
    subscriber.acknowledge(open.front());
    open.erase(open.begin());
    open.push_back(subscriber.receive_unacknowledged());
    EXPECT_EQ(open.back().payload, std::to_string(i));
    subscriber.expect_quiet(20ms);
  }
}

// 4.9: for QoS 2 the window opens with PUBCOMP, not with PUBREC.
TEST_F(ReceiveMaximumOfClient, QosTwoCountsUntilPubcomp) {
  MqttClient subscriber = connect(with_receive_maximum(1));
  subscriber.subscribe("window/topic", 2);
  MqttClient publisher = client("publisher");
  publisher.publish("window/topic", "first", 2);
  publisher.publish("window/topic", "second", 2);
  const Message first = subscriber.receive_unacknowledged();
  subscriber.send_ack(Type::Pubrec, first.packet_id);
  subscriber.await_ack(Type::Pubrel, first.packet_id);
  subscriber.expect_quiet(100ms);
  subscriber.send_ack(Type::Pubcomp, first.packet_id);
  EXPECT_EQ(subscriber.receive().payload, "second");
}

// [MQTT-4.9.0-3]: QoS 0 is not held back.
TEST_F(ReceiveMaximumOfClient, QosZeroPassesAFullWindow) {
  MqttClient subscriber = connect(with_receive_maximum(1));
  subscriber.subscribe("window/topic", 1);
  MqttClient publisher = client("publisher");
  publisher.publish("window/topic", "held", 1);
  const Message held = subscriber.receive_unacknowledged();
  publisher.publish("window/topic", "free", 0);
  EXPECT_EQ(subscriber.receive().payload, "free");
  subscriber.acknowledge(held);
}

TEST_F(ReceiveMaximumOfClient, PubackWithAnErrorOpensTheWindow) {
  MqttClient subscriber = connect(with_receive_maximum(1));
  subscriber.subscribe("window/topic", 1);
  MqttClient publisher = client("publisher");
  publisher.publish("window/topic", "unwanted", 1);
  publisher.publish("window/topic", "next", 1);
  subscriber.send_ack(Type::Puback, subscriber.receive_unacknowledged().packet_id, reason::kUnspecifiedError);
  EXPECT_EQ(subscriber.receive().payload, "next");
}

}  // namespace hermod::integration
