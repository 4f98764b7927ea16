#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T01_FiveByteRemainingLengthIsMalformed) {
  expect_close_without_answer(hex("10 80 80 80 80 01"));
  expect_close_without_answer(hex("10 FF FF FF FF 7F"));
  for (const Version version : kMainVersions) {
    expect_ended(version, hex("30 80 80 80 80 01"), {reason::kMalformedPacket});
    expect_ended(version, hex("C0 80 80 80 80 00"), {reason::kMalformedPacket});
  }
}

TEST_F(Hostile, T01_FiveBytePropertyLengthIsMalformed) {
  const std::string length = hex("80 80 80 80 01");
  expect_connect_refused(
      Version::V5,
      packet_bytes(0x10, BodyBuilder().text("MQTT").u8(5).u8(2).u16(60).raw(length).text("x").bytes()),
      {reason::kMalformedPacket});
  // The same in the properties of a will.
  expect_connect_refused(Version::V5,
                         packet_bytes(0x10, BodyBuilder()
                                                .text("MQTT")
                                                .u8(5)
                                                .u8(6)
                                                .u16(60)
                                                .u8(0)
                                                .text("x")
                                                .raw(length)
                                                .text("will/topic")
                                                .text("gone")
                                                .bytes()),
                         {reason::kMalformedPacket});
  expect_ended(Version::V5, packet_bytes(0x30, BodyBuilder().text("t").raw(length).raw("payload").bytes()),
               {reason::kMalformedPacket});
  expect_ended(Version::V5, packet_bytes(0x82, BodyBuilder().u16(1).raw(length).text("t").u8(0).bytes()),
               {reason::kMalformedPacket});
  expect_ended(Version::V5, packet_bytes(0xA2, BodyBuilder().u16(1).raw(length).text("t").bytes()),
               {reason::kMalformedPacket});
  for (const std::uint8_t ack : std::initializer_list<std::uint8_t>{0x40, 0x50, 0x62, 0x70}) {
    expect_ended(Version::V5, packet_bytes(ack, BodyBuilder().u16(1).u8(0).raw(length).bytes()),
                 {reason::kMalformedPacket});
  }
  expect_ended(Version::V5, packet_bytes(0xE0, BodyBuilder().u8(0).raw(length).bytes()),
               {reason::kMalformedPacket});
  expect_ended(Version::V5, packet_bytes(0xF0, BodyBuilder().u8(0x18).raw(length).bytes()),
               {reason::kMalformedPacket});
}

TEST_F(Hostile, T01_FiveByteSubscriptionIdentifierIsMalformed) {
  const std::string properties = hex("06 0B 80 80 80 80 01");
  expect_ended(Version::V5, packet_bytes(0x82, BodyBuilder().u16(1).raw(properties).text("t").u8(0).bytes()),
               {reason::kMalformedPacket, reason::kProtocolError});
}

}  // namespace hermod::integration
