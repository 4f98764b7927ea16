#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T08_FirstPacketOtherThanConnectIsNotAnswered) {
  for (const char* packet : {"C0 00", "30 04 00 01 74 00", "E0 00", "82 06 00 01 00 01 74 00", "40 02 00 01",
                             "F0 00", "A2 05 00 01 00 01 74", "62 02 00 01"}) {
    expect_close_without_answer(hex(packet));
  }
}

TEST_F(Hostile, T08_OtherProtocolsAreNotAnswered) {
  expect_close_without_answer("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect_close_without_answer(hex("16 03 01 02 00 01 00 01 FC 03 03"));
  expect_close_without_answer("SSH-2.0-OpenSSH_9.2\r\n");
}

}  // namespace hermod::integration
