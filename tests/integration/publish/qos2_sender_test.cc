#include "tests/support/broker_test.h"

namespace hermod::integration {

class QosTwoSender : public VersionedBrokerTest {
 protected:
  void publish(const std::string& payload) { client("publisher").publish("sender/topic", payload, 2); }
};

TEST_P(QosTwoSender, PubrelFollowsPubrec) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("sender/topic", 2);
  publish("x");
  const Message message = subscriber.receive_unacknowledged();
  EXPECT_EQ(message.qos, 2);
  subscriber.send_ack(Type::Pubrec, message.packet_id);
  subscriber.await_ack(Type::Pubrel, message.packet_id);
  subscriber.send_ack(Type::Pubcomp, message.packet_id);
  subscriber.expect_quiet(50ms);
}

// [MQTT-4.4.0-1]: what was released is not published again, only released again.
TEST_P(QosTwoSender, ReleasedMessageIsReleasedAgainBehindAReconnect) {
  Message message;
  {
    MqttClient first = durable_client("subscriber", GetParam());
    first.subscribe("sender/topic", 2);
    publish("x");
    message = first.receive_unacknowledged();
    first.send_ack(Type::Pubrec, message.packet_id);
    first.await_ack(Type::Pubrel, message.packet_id);
    first.drop();
  }
  MqttClient second = durable_client("subscriber", GetParam());
  ASSERT_TRUE(second.connack().session_present);
  second.await_ack(Type::Pubrel, message.packet_id);
  second.send_ack(Type::Pubcomp, message.packet_id);
  second.expect_quiet(100ms);
}

TEST_P(QosTwoSender, MessageWithoutPubrecIsSentAgainBehindAReconnect) {
  Message message;
  {
    MqttClient first = durable_client("subscriber", GetParam());
    first.subscribe("sender/topic", 2);
    publish("x");
    message = first.receive_unacknowledged();
    first.drop();
  }
  MqttClient second = durable_client("subscriber", GetParam());
  const Message again = second.receive();
  EXPECT_EQ(again.packet_id, message.packet_id);
  EXPECT_EQ(again.payload, "x");
  EXPECT_TRUE(again.dup);  // [MQTT-3.3.1-1]
  second.expect_quiet(100ms);
}

TEST_P(QosTwoSender, RepeatedPubrecIsAnsweredByPubrel) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("sender/topic", 2);
  publish("x");
  const Message message = subscriber.receive_unacknowledged();
  for (int i = 0; i < 3; ++i) {
    subscriber.send_ack(Type::Pubrec, message.packet_id);
    subscriber.await_ack(Type::Pubrel, message.packet_id);
  }
  subscriber.send_ack(Type::Pubcomp, message.packet_id);
  publish("next");
  EXPECT_EQ(subscriber.receive().payload, "next");
}

INSTANTIATE_TEST_SUITE_P(Main, QosTwoSender, main_versions());

using QosTwoSenderOf5 = BrokerTest;

// [MQTT-4.3.3-4]: a reason of 0x80 or more ends the exchange, without PUBREL.
TEST_F(QosTwoSenderOf5, ErrorInPubrecEndsTheExchange) {
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kReceiveMaximum, 1);
  MqttClient subscriber = connect(options);
  subscriber.subscribe("sender/topic", 2);
  MqttClient publisher = client("publisher");
  publisher.publish("sender/topic", "unwanted", 2);
  publisher.publish("sender/topic", "next", 2);
  const Message message = subscriber.receive_unacknowledged();
  EXPECT_EQ(message.payload, "unwanted");
  subscriber.send_ack(Type::Pubrec, message.packet_id, reason::kUnspecifiedError);
  const Packet packet = subscriber.raw().next();
  EXPECT_EQ(packet.type, Type::Publish) << "no PUBREL behind an error";
  EXPECT_EQ(parse_publish(Version::V5, packet).payload, "next");
}

}  // namespace hermod::integration
