#include "broker/address_limits.h"

#include <gtest/gtest.h>

namespace hermod::broker {
namespace {

const net::SocketAddress kSomebody = *net::SocketAddress::parse("192.0.2.1", 0);
const net::SocketAddress kAnother = *net::SocketAddress::parse("192.0.2.2", 0);

std::vector<net::ListenerOptions> two_listeners() {
  std::vector<net::ListenerOptions> listeners(2);
  listeners[0].name = "open";
  listeners[1].name = "narrow";
  listeners[1].max_connections_per_address = 1;
  return listeners;
}

TEST(AddressLimits, AListenersOwnLimitIsAboutItsConnectionsOnly) {
  AddressLimits limits(0, two_listeners());
  EXPECT_EQ(limits.of_listener("open"), nullptr);
  EXPECT_FALSE(limits.is_limited(nullptr));
  AddressLimits::Own* narrow = limits.of_listener("narrow");
  ASSERT_NE(narrow, nullptr);
  EXPECT_TRUE(limits.is_limited(narrow));
  EXPECT_EQ(limits.enter(kSomebody, nullptr), "");
  EXPECT_EQ(limits.enter(kSomebody, narrow), "");
  EXPECT_EQ(limits.enter(kSomebody, narrow), "listeners.narrow.max_connections_per_address");
  EXPECT_EQ(limits.enter(kAnother, narrow), "");
  limits.leave(kSomebody, narrow);
  EXPECT_EQ(limits.enter(kSomebody, narrow), "");
}

TEST(AddressLimits, BothLimitsCountAndNeitherCountsWhoIsRefused) {
  AddressLimits limits(2, two_listeners());
  AddressLimits::Own* narrow = limits.of_listener("narrow");
  EXPECT_TRUE(limits.is_limited(nullptr));
  EXPECT_EQ(limits.enter(kSomebody, narrow), "");
  EXPECT_EQ(limits.enter(kSomebody, narrow), "listeners.narrow.max_connections_per_address");
  EXPECT_EQ(limits.enter(kSomebody, nullptr), "") << "who was refused is not counted for all";
  EXPECT_EQ(limits.enter(kSomebody, nullptr), "limits.max_connections_per_address");
  limits.leave(kSomebody, narrow);
  EXPECT_EQ(limits.enter(kSomebody, narrow), "") << "nor is who was refused by all counted for the listener";
}

}  // namespace
}  // namespace hermod::broker
