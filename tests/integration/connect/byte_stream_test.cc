#include "tests/support/broker_test.h"

namespace hermod::integration {

using ByteStream = VersionedBrokerTest;

TEST_P(ByteStream, PacketsMayArriveByteByByte) {
  RawClient raw(port());
  const std::string bytes = connect_bytes({.client_id = "slow", .version = GetParam()}) +
                            subscribe_bytes(GetParam(), 1, {{"slow/topic", 1}}) + pingreq_bytes();
  for (char byte : bytes) raw.send(std::string(1, byte));
  EXPECT_EQ(parse_connack(GetParam(), raw.next()).reason, 0);
  EXPECT_EQ(parse_ack(GetParam(), Type::Suback, raw.next()).reasons.at(0), 1);
  raw.expect_bytes(hex("D0 00"));
}

// 3.1.4: clients may send packets before they got the CONNACK.
TEST_P(ByteStream, ManyPacketsMayArriveAtOnce) {
  std::string bytes = connect_bytes({.client_id = "eager", .version = GetParam()}) +
                      subscribe_bytes(GetParam(), 1, {{"eager/topic", 0}});
  for (int i = 0; i < 50; ++i) {
    bytes += publish_bytes(GetParam(), {.topic = "eager/topic", .payload = std::to_string(i)});
  }
  RawClient raw(port());
  raw.send(bytes);
  EXPECT_EQ(parse_connack(GetParam(), raw.next()).reason, 0);
  EXPECT_EQ(parse_ack(GetParam(), Type::Suback, raw.next()).packet_id, 1);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(parse_publish(GetParam(), raw.next()).payload, std::to_string(i));
}

// [MQTT-3.1.4-6]: what follows a refused CONNECT must not be processed.
TEST_P(ByteStream, PacketsBehindARefusedConnectAreNotProcessed) {
  MqttClient observer = client("observer");
  observer.subscribe("behind/refused", 0);
  const std::string refused =
      packet_bytes(0x10, BodyBuilder().text("MQTT").u8(0x7F).u8(2).u16(60).text("refused").bytes());
  RawClient raw(port());
  raw.try_send(refused + publish_bytes(GetParam(), {.topic = "behind/refused", .payload = "smuggled"}));
  EXPECT_TRUE(raw.drain_until_closed());
  observer.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(Main, ByteStream, main_versions());

}  // namespace hermod::integration
