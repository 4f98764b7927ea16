#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T16_UnknownLevelIsAnsweredInTheWordsOf311) {
  for (const int level : {0xFF, 0, 1, 6, 0x7F}) {
    const auto body =
        BodyBuilder().text("MQTT").u8(static_cast<std::uint64_t>(level)).u8(2).u16(60).text("x");
    RawClient raw(port());
    raw.send(packet_bytes(0x10, body.bytes()));
    raw.expect_bytes(hex("20 02 00 01"));
    raw.expect_close();
  }
}

}  // namespace hermod::integration
