#include "tests/support/broker_test.h"

namespace hermod::integration {

using QosTwoReceiver = VersionedBrokerTest;

// 4.3.3: PUBREC, PUBREL, PUBCOMP, one delivery.
TEST_P(QosTwoReceiver, StepsCarryThePacketIdentifier) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("two/topic", 2);
  MqttClient publisher = client("publisher", GetParam());
  publisher.send_publish({.topic = "two/topic", .payload = "once", .qos = 2, .packet_id = 4711});
  publisher.await_ack(Type::Pubrec, 4711);
  publisher.send_ack(Type::Pubrel, 4711);
  publisher.await_ack(Type::Pubcomp, 4711);
  EXPECT_EQ(subscriber.receive().payload, "once");
  subscriber.expect_quiet(50ms);
}

// [MQTT-4.3.3-10]: until PUBREL, the same identifier is the same message.
TEST_P(QosTwoReceiver, RepeatedPublishIsAnsweredAndNotDeliveredAgain) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("two/topic", 2);
  MqttClient publisher = client("publisher", GetParam());
  publisher.send_publish({.topic = "two/topic", .payload = "once", .qos = 2, .packet_id = 9});
  publisher.await_ack(Type::Pubrec, 9);
  for (int i = 0; i < 3; ++i) {
    publisher.send_publish({.topic = "two/topic", .payload = "once", .qos = 2, .dup = true, .packet_id = 9});
    publisher.await_ack(Type::Pubrec, 9);
  }
  publisher.send_ack(Type::Pubrel, 9);
  publisher.await_ack(Type::Pubcomp, 9);
  publisher.publish("two/topic", "next", 2);
  EXPECT_EQ(subscriber.receive_payloads(2), (std::vector<std::string>{"once", "next"}));
}

TEST_P(QosTwoReceiver, SameIdentifierBehindPubcompIsANewMessage) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("two/topic", 2);
  MqttClient publisher = client("publisher", GetParam());
  for (const char* payload : {"first", "second"}) {
    publisher.publish({.topic = "two/topic", .payload = payload, .qos = 2, .packet_id = 7});
    EXPECT_EQ(subscriber.receive().payload, payload);
  }
}

// [MQTT-4.3.3-11]
TEST_P(QosTwoReceiver, RepeatedPubrelIsAnswered) {
  MqttClient publisher = client("publisher", GetParam());
  publisher.publish({.topic = "two/topic", .payload = "x", .qos = 2, .packet_id = 3});
  publisher.send_ack(Type::Pubrel, 3);
  const Ack again = publisher.await_ack(Type::Pubcomp, 3);
  if (is_v5()) {
    EXPECT_EQ(again.reason, reason::kPacketIdentifierNotFound);
  }
}

TEST_P(QosTwoReceiver, HalfDoneExchangeGoesOnBehindAReconnect) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("two/topic", 2);
  MqttClient publisher = durable_client("publisher", GetParam());
  publisher.send_publish({.topic = "two/topic", .payload = "once", .qos = 2, .packet_id = 5});
  publisher.await_ack(Type::Pubrec, 5);
  publisher.drop();

  MqttClient again = durable_client("publisher", GetParam());
  ASSERT_TRUE(again.connack().session_present);
  again.send_publish({.topic = "two/topic", .payload = "once", .qos = 2, .dup = true, .packet_id = 5});
  again.await_ack(Type::Pubrec, 5);
  again.send_ack(Type::Pubrel, 5);
  EXPECT_EQ(again.await_ack(Type::Pubcomp, 5).reason, 0);
  again.publish("two/topic", "next", 2);
  EXPECT_EQ(subscriber.receive_payloads(2), (std::vector<std::string>{"once", "next"}));
}

INSTANTIATE_TEST_SUITE_P(Main, QosTwoReceiver, main_versions());

}  // namespace hermod::integration
