#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T04_PublishShorterThanTopicAndIdentifierIsMalformed) {
  for (const Version version : kMainVersions) {
    expect_ended(version, hex("30 00"), {reason::kMalformedPacket});
    expect_ended(version, hex("30 01 00"), {reason::kMalformedPacket});
    expect_ended(version, hex("32 03 00 01 74"), {reason::kMalformedPacket});
    expect_ended(version, hex("32 04 00 01 74 00"), {reason::kMalformedPacket});
    expect_ended(version, hex("34 02 00 00"), {reason::kMalformedPacket, reason::kProtocolError});
  }
  // A 5.0 PUBLISH without its property length.
  expect_ended(Version::V5, hex("30 03 00 01 74"), {reason::kMalformedPacket});
}

TEST_F(Hostile, T04_OtherPacketsThatEndEarlyAreMalformed) {
  for (const Version version : kMainVersions) {
    for (const char* packet :
         {"40 00", "40 01 00", "50 01 00", "62 01 00", "70 00", "82 00", "82 01 00", "A2 01 00"}) {
      expect_ended(version, hex(packet), {reason::kMalformedPacket, reason::kProtocolError});
    }
  }
}

TEST_F(Hostile, T04_ConnectCutAnywhereIsRefused) {
  const Will will{.topic = "will/topic", .payload = "gone", .qos = 1};
  for (const Version version : kMainVersions) {
    const std::string whole = connect_bytes(
        {.client_id = "id", .version = version, .will = will, .username = "u", .password = "p"});
    for (std::size_t cut = 2; cut < whole.size(); ++cut) {
      expect_connect_refused(version, packet_bytes(0x10, whole.substr(2, cut - 2)));
    }
  }
}

}  // namespace hermod::integration
