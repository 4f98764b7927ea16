#include "net/tls_failure.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

TEST(TlsFailure, OtherProtocolsAreKnownByTheirFirstBytes) {
  EXPECT_NE(plain_protocol(as_bytes("\x10\x0C")), nullptr);
  EXPECT_NE(plain_protocol(as_bytes("GET / HTTP/1.1\r\n")), nullptr);
  EXPECT_EQ(plain_protocol(as_bytes("\x16\x03\x01")), nullptr);
  EXPECT_EQ(plain_protocol(as_bytes("GETAWAY")), nullptr);
  EXPECT_EQ(plain_protocol({}), nullptr);
}

}  // namespace
}  // namespace hermod::net
