#include "tests/support/broker_test.h"

namespace hermod::integration {

using ProtocolVersion = VersionedBrokerTest;

TEST_P(ProtocolVersion, SupportedVersionIsAccepted) {
  const Connack connack = connack_of({.client_id = "versions", .version = GetParam()});
  EXPECT_EQ(connack.reason, 0);
  EXPECT_FALSE(connack.session_present);
}

TEST_P(ProtocolVersion, ConnackOfVersionThreeIsTwoBytes) {
  if (is_v5()) GTEST_SKIP() << "CONNACK has properties in 5.0";
  RawClient raw(port());
  raw.send(connect_bytes({.client_id = "versions", .version = GetParam()}));
  raw.expect_bytes(hex("20 02 00 00"));
}

INSTANTIATE_TEST_SUITE_P(All, ProtocolVersion, all_versions());

using ProtocolName = BrokerTest;

// [MQTT-3.1.2-1]: a wrong name may be answered, and the connection must be closed.
TEST_F(ProtocolName, WrongNameIsNotServed) {
  for (const char* name : {"MQTS", "mqtt", "MQIsdq", "HTTP", ""}) {
    const std::string body = BodyBuilder().text(name).u8(4).u8(2).u16(60).text("name").bytes();
    RawClient raw(port());
    raw.send(packet_bytes(0x10, body));
    if (const auto answer = raw.poll(kPatience)) {
      EXPECT_NE(parse_connack(Version::V311, *answer).reason, 0) << name;
    }
    EXPECT_TRUE(raw.drain_until_closed()) << name;
  }
  expect_service();
}

TEST_F(ProtocolName, NameOfTheOtherGenerationIsNotServed) {
  for (const auto& [name, level] : {std::pair("MQIsdp", 4), std::pair("MQIsdp", 5), std::pair("MQTT", 3)}) {
    BodyBuilder body;
    body.text(name).u8(static_cast<std::uint64_t>(level)).u8(2).u16(60);
    if (level == 5) body.u8(0);
    body.text("name");
    RawClient raw(port());
    raw.send(packet_bytes(0x10, body.bytes()));
    if (const auto answer = raw.poll(kPatience)) {
      EXPECT_NE(answer->body.at(1), 0) << name << level;
    }
    EXPECT_TRUE(raw.drain_until_closed()) << name << level;
  }
  expect_service();
}

}  // namespace hermod::integration
