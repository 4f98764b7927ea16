#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

class HostileAcknowledgement : public Hostile {
 protected:
  /// A durable subscriber that holds one message of that QoS, answers it with the wrong packet and comes
  /// back: the message must still be there.
  void expect_not_lost(std::uint8_t qos, Type wrong) {
    for (const Version version : kMainVersions) expect_not_lost(version, qos, wrong);
  }

  void expect_not_lost(Version version, std::uint8_t qos, Type wrong) {
    const std::string id = "subscriber-" + std::to_string(qos);
    MqttClient subscriber = durable_client(id, version);
    subscriber.subscribe("wrong/topic", qos);
    client("publisher").publish("wrong/topic", "kept", qos);
    const Message held = subscriber.receive_unacknowledged();
    ASSERT_EQ(held.qos, qos);
    subscriber.send_ack(wrong, held.packet_id);
    subscriber.expect_ended({reason::kProtocolError});
    MqttClient again = durable_client(id, version);
    const Message message = again.receive();
    EXPECT_EQ(message.payload, "kept");
    EXPECT_EQ(message.qos, qos);
    again.unsubscribe({"wrong/topic"});
    again.disconnect();
  }
};

TEST_F(HostileAcknowledgement, T27_PubackForQosTwoIsAProtocolError) {
  expect_not_lost(2, Type::Puback);
}
TEST_F(HostileAcknowledgement, T27_PubrecForQosOneIsAProtocolError) {
  expect_not_lost(1, Type::Pubrec);
}
TEST_F(HostileAcknowledgement, T27_PubcompBeforePubrecIsAProtocolError) {
  expect_not_lost(2, Type::Pubcomp);
}

// 4.3.3: an identifier nobody knows is answered, or the connection ends; other messages are not touched.
TEST_F(HostileAcknowledgement, T27_UnknownIdentifiersDoNotDisturbOthers) {
  for (const Type type : {Type::Puback, Type::Pubrec, Type::Pubrel, Type::Pubcomp}) {
    MqttClient subscriber = durable_client("subscriber");
    subscriber.subscribe("wrong/topic", 1);
    client("publisher").publish("wrong/topic", "kept", 1);
    const Message held = subscriber.receive_unacknowledged();
    subscriber.send_ack(type, static_cast<std::uint16_t>(held.packet_id + 1000));
    subscriber.raw().try_send(disconnect_bytes(Version::V5));
    EXPECT_TRUE(subscriber.raw().drain_until_closed());
    MqttClient again = durable_client("subscriber");
    EXPECT_EQ(again.receive().payload, "kept");
    again.disconnect();
  }
}

// MQTT 3 has no reason to say it with, but the exchange has to end.
TEST_F(HostileAcknowledgement, T27_UnknownIdentifierIsAnsweredInVersionThree) {
  MqttClient both = client("both", Version::V311);
  both.send_ack(Type::Pubrec, 4242);
  both.await_ack(Type::Pubrel, 4242);
  both.send_ack(Type::Pubrel, 4243);
  both.await_ack(Type::Pubcomp, 4243);
  both.send_ack(Type::Puback, 4244);
  both.send_ack(Type::Pubcomp, 4245);
  both.ping();
}

TEST_F(HostileAcknowledgement, T27_UnknownIdentifierIsToldInPubrelAndPubcomp) {
  MqttClient both = client("both");
  both.send_ack(Type::Pubrec, 4242);
  EXPECT_EQ(both.await_ack(Type::Pubrel, 4242).reason, reason::kPacketIdentifierNotFound);
  both.send_ack(Type::Pubrel, 4243);
  EXPECT_EQ(both.await_ack(Type::Pubcomp, 4243).reason, reason::kPacketIdentifierNotFound);
}

}  // namespace hermod::integration
