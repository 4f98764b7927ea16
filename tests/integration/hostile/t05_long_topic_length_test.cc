#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T05_TopicLengthBeyondThePacketIsMalformed) {
  for (const Version version : kMainVersions) {
    expect_ended(version, hex("30 05 00 09 61 62 63"), {reason::kMalformedPacket});
    expect_ended(version, hex("30 05 FF FF 61 62 63"), {reason::kMalformedPacket});
    expect_ended(version, hex("32 07 00 06 61 62 63 00 01"), {reason::kMalformedPacket});
    expect_ended(version,
                 packet_bytes(0x82, BodyBuilder()
                                        .u16(1)
                                        .raw(version == Version::V5 ? hex("00") : "")
                                        .raw(hex("00 FF 61 62 00"))
                                        .bytes()),
                 {reason::kMalformedPacket});
  }
}

}  // namespace hermod::integration
