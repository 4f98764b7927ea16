#include "net/handshake_limit.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

using namespace std::chrono_literals;
using What = HandshakeLimit::Answer::What;

class HandshakeLimits : public testing::Test {
 protected:
  static SocketAddress from(std::string_view host) { return SocketAddress::parse(host, 1).value(); }
  /// How many of `count` handshakes may begin at once.
  static int admitted(HandshakeLimit& limit, int count, MonotonicTime now, const char* host = "192.0.2.1") {
    int out = 0;
    for (int i = 0; i < count; ++i) out += limit.ask(now, now + 20s, from(host)).what == What::Now ? 1 : 0;
    return out;
  }
  const MonotonicTime start_{1h};
};

TEST_F(HandshakeLimits, WithoutNumbersThereIsNone) {
  HandshakeLimit limit({}, 1);
  EXPECT_EQ(admitted(limit, 10'000, start_), 10'000);
}

TEST_F(HandshakeLimits, AboveTheTotalEveryoneGetsAPlaceInTheLine) {
  HandshakeLimit limit({.max_handshakes_per_second = 10}, 1);
  EXPECT_EQ(admitted(limit, 10, start_), 10);
  for (int i = 1; i <= 100; ++i) {
    const auto answer = limit.ask(start_, start_ + 20s, from("192.0.2.1"));
    ASSERT_EQ(answer.what, What::Later);
    EXPECT_EQ(answer.at, start_ + i * 100ms);
  }
}

TEST_F(HandshakeLimits, WhoWouldWaitForTooLongIsRefusedAndTakesNoPlace) {
  HandshakeLimit limit({.max_handshakes_per_second = 10}, 1);
  const auto ask = [&](MonotonicTime now) { return limit.ask(now, now + 2s, from("192.0.2.1")); };
  for (int i = 0; i < 20; ++i) EXPECT_NE(ask(start_).what, What::Refused);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(start_).what, What::Refused);
  EXPECT_EQ(ask(start_ + 100ms).at, start_ + 1100ms);
}

TEST_F(HandshakeLimits, AFullLineStillLeavesHalfOfTheTimeForTheHandshake) {
  HandshakeLimit limit({.max_handshakes_per_second = 100}, 1);
  int served = 0;
  for (MonotonicTime now = start_; now < start_ + 60s; now += 1ms) {  // ten times what is served
    const MonotonicTime end = now + 10s;
    const auto answer = limit.ask(now, end, from("192.0.2.1"));
    if (answer.what == What::Refused) continue;
    ++served;
    if (answer.what == What::Later) {
      EXPECT_GE(end - answer.at, 5s);
    }
  }
  EXPECT_NEAR(served, 100 * 65, 100);
}

TEST_F(HandshakeLimits, WhoSendsItsFirstBytesLateWaitsForLess) {
  HandshakeLimit limit({.max_handshakes_per_second = 10}, 1);
  admitted(limit, 20, start_);
  EXPECT_EQ(limit.ask(start_, start_ + 1s, from("192.0.2.1")).what, What::Refused);
  EXPECT_EQ(limit.ask(start_, start_ - 1s, from("192.0.2.1")).what, What::Refused);
}

TEST_F(HandshakeLimits, UnusedPlacesOfTheLastSecondAreKept) {
  HandshakeLimit limit({.max_handshakes_per_second = 10}, 1);
  EXPECT_EQ(admitted(limit, 10, start_), 10);
  EXPECT_EQ(admitted(limit, 100, start_ + 1min), 10);
}

TEST_F(HandshakeLimits, AnAddressAboveItsShareIsRefusedAndOthersAreNot) {
  HandshakeLimit limit({.max_handshakes_per_second_per_address = 3}, 1);
  EXPECT_EQ(admitted(limit, 100, start_), 3);
  EXPECT_EQ(admitted(limit, 100, start_, "192.0.2.2"), 3);
  EXPECT_EQ(admitted(limit, 100, start_ + 1s), 3);
}

TEST_F(HandshakeLimits, AnIpv6CustomerIsOneAddress) {
  HandshakeLimit limit({.max_handshakes_per_second_per_address = 3}, 1);
  EXPECT_EQ(admitted(limit, 100, start_, "2001:db8:1:2::1"), 3);
  EXPECT_EQ(admitted(limit, 100, start_, "2001:db8:1:2::ffff"), 0);
  EXPECT_EQ(admitted(limit, 100, start_, "2001:db8:1:3::1"), 3);
}

TEST_F(HandshakeLimits, WhoIsRefusedForItsAddressTakesNoPlaceOfTheTotal) {
  HandshakeLimit limit({.max_handshakes_per_second = 10, .max_handshakes_per_second_per_address = 1}, 1);
  admitted(limit, 100, start_);
  EXPECT_EQ(limit.ask(start_, start_ + 10s, from("192.0.2.2")).what, What::Now);
}

}  // namespace
}  // namespace hermod::net
