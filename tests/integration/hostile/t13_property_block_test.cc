#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

std::string publish_with(const std::string& block) {
  return packet_bytes(0x30, BodyBuilder().text("t").raw(block).raw("payload").bytes());
}

}  // namespace

TEST_F(Hostile, T13_PropertiesThatDoNotFillTheirBlockAreMalformed) {
  for (const char* block : {
           "05 26 00 01 61 00",              // the pair's second length is cut
           "06 26 00 01 61 00 09",           // the pair's value reaches beyond the block
           "04 26 00 09 61",                 // the pair's name reaches beyond the block
           "01 26",                          // a pair without anything
           "03 02 00 00",                    // a four-byte integer of two bytes
           "01 01",                          // a byte without the byte
           "02 03 00",                       // half a length
           "7F 26 00 01 61 00 01 62",        // a block longer than the packet
           "FF FF FF 7F 26 00 01 61 00 01",  // much longer
       }) {
    expect_ended(Version::V5, publish_with(hex(block)), {reason::kMalformedPacket});
  }
}

TEST_F(Hostile, T13_CutUserPropertiesOfOtherPacketsAreMalformed) {
  for (const char* block : {"05 26 00 01 61 00", "06 26 00 01 61 00 09", "04 26 00 09 61", "01 26"}) {
    const std::string cut = hex(block);
    const auto malformed = {reason::kMalformedPacket};
    expect_connect_refused(
        Version::V5,
        packet_bytes(0x10, BodyBuilder().text("MQTT").u8(5).u8(2).u16(60).raw(cut).text("x").bytes()),
        malformed);
    BodyBuilder with_will;
    with_will.text("MQTT").u8(5).u8(6).u16(60).u8(0).text("x").raw(cut).text("will/topic").text("gone");
    expect_connect_refused(Version::V5, packet_bytes(0x10, with_will.bytes()), malformed);
    expect_ended(Version::V5, packet_bytes(0x82, BodyBuilder().u16(1).raw(cut).text("t").u8(0).bytes()),
                 malformed);
    expect_ended(Version::V5, packet_bytes(0xA2, BodyBuilder().u16(1).raw(cut).text("t").bytes()), malformed);
    expect_ended(Version::V5, packet_bytes(0x62, BodyBuilder().u16(1).u8(0).raw(cut).bytes()), malformed);
    expect_ended(Version::V5, packet_bytes(0xE0, BodyBuilder().u8(0).raw(cut).bytes()), malformed);
  }
}

TEST_F(Hostile, T13_UnknownPropertyIsMalformed) {
  for (const char* block : {"02 00 00", "02 04 00", "02 7F 00", "03 80 01 00"}) {
    expect_ended(Version::V5, publish_with(hex(block)), {reason::kMalformedPacket});
  }
}

// 2.2.2.2. The one that some PUBLISH may have, and no client's, is wrong for another reason.
TEST_F(Hostile, T13_PropertyOfAnotherPacketIsMalformed) {
  const auto malformed = {reason::kMalformedPacket};
  const Properties expiry = Properties().add(property::kSessionExpiryInterval, 5);
  const Properties delay = Properties().add(property::kWillDelayInterval, 5);
  const Properties alias = Properties().add(property::kTopicAlias, 1);
  const Properties assigned = Properties().add(property::kAssignedClientIdentifier, "x");
  for (const Properties& properties : {expiry, delay, assigned}) {
    expect_ended(Version::V5,
                 publish_bytes(Version::V5, {.topic = "t", .payload = "x", .properties = properties}),
                 malformed);
  }
  const Properties identifier = Properties().add(property::kSubscriptionIdentifier, 1);
  expect_ended(Version::V5,
               publish_bytes(Version::V5, {.topic = "t", .payload = "x", .properties = identifier}),
               {reason::kProtocolError});  // [MQTT-3.3.4-6]
  for (const Properties& properties : {expiry, alias}) {
    expect_ended(Version::V5, subscribe_bytes(Version::V5, 1, {{"t", 0}}, properties), malformed);
    for (const Type type : {Type::Puback, Type::Pubrec, Type::Pubrel, Type::Pubcomp})
      expect_ended(Version::V5, ack_bytes(type, 1, 0, properties), malformed);
    const Will will{.topic = "will/topic", .payload = "gone", .properties = properties};
    expect_connect_refused(Version::V5, connect_bytes({.client_id = "x", .will = will}), malformed);
  }
  expect_ended(Version::V5, disconnect_bytes(Version::V5, 0, alias), malformed);
  for (const Properties& properties : {delay, alias, assigned}) {
    expect_connect_refused(Version::V5, connect_bytes({.client_id = "x", .properties = properties}),
                           malformed);
  }
}

}  // namespace hermod::integration
