#include "tests/support/broker_test.h"

namespace hermod::integration {

using QosOneReceiver = VersionedBrokerTest;

TEST_P(QosOneReceiver, PubackCarriesThePacketIdentifier) {
  MqttClient publisher = client("publisher", GetParam());
  publisher.subscribe("one/topic", 0);
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{1, 2, 255, 256, 32767, 65535}) {
    publisher.send_publish({.topic = "one/topic", .payload = "x", .qos = 1, .packet_id = id});
    publisher.await_ack(Type::Puback, id);
  }
}

// [MQTT-4.3.2-5]: behind its PUBACK the identifier is free and means a new message.
TEST_P(QosOneReceiver, SameIdentifierBehindPubackIsANewMessage) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("one/topic", 1);
  MqttClient publisher = client("publisher", GetParam());
  for (const char* payload : {"first", "second"}) {
    publisher.publish({.topic = "one/topic", .payload = payload, .qos = 1, .packet_id = 7});
    EXPECT_EQ(subscriber.receive().payload, payload);
  }
}

TEST_P(QosOneReceiver, DupFromThePublisherIsNotPassedOn) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("one/topic", 1);
  client("publisher", GetParam()).publish({.topic = "one/topic", .payload = "again", .qos = 1, .dup = true});
  const Message message = subscriber.receive();
  EXPECT_EQ(message.payload, "again");
  EXPECT_FALSE(message.dup);  // [MQTT-3.3.1-3]
}

TEST_P(QosOneReceiver, AcksComeInTheOrderOfThePublishes) {
  MqttClient publisher = client("publisher", GetParam());
  std::string bytes;
  for (std::uint16_t id = 1; id <= 90; ++id) {
    bytes += publish_bytes(GetParam(), {.topic = "one/topic", .payload = "x", .qos = 1, .packet_id = id});
  }
  publisher.raw().send(bytes);
  for (std::uint16_t id = 1; id <= 90; ++id) publisher.await_ack(Type::Puback, id);  // [MQTT-4.6.0-2]
}

INSTANTIATE_TEST_SUITE_P(Main, QosOneReceiver, main_versions());

}  // namespace hermod::integration
