#include "broker/address_counts.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::broker {
namespace {

net::SocketAddress counted(const std::string& host) {
  return *net::SocketAddress::parse(host, 0);
}

TEST(AddressCounts, AnAddressHasItsShareAndAPlaceIsFreeAgain) {
  AddressCounts counts(2);
  EXPECT_TRUE(counts.enter(counted("192.0.2.1")));
  EXPECT_TRUE(counts.enter(counted("192.0.2.1")));
  EXPECT_FALSE(counts.enter(counted("192.0.2.1")));
  EXPECT_TRUE(counts.enter(counted("192.0.2.2"))) << "every address of IPv4 for itself";
  counts.leave(counted("192.0.2.1"));
  EXPECT_TRUE(counts.enter(counted("192.0.2.1")));
}

TEST(AddressCounts, AnIpv6CustomerIsOneAddress) {
  AddressCounts counts(2);
  EXPECT_TRUE(counts.enter(counted("2001:db8:1:2::1")));
  EXPECT_TRUE(counts.enter(counted("2001:db8:1:2:ffff::1")));
  EXPECT_FALSE(counts.enter(counted("2001:db8:1:2::3")));
  EXPECT_TRUE(counts.enter(counted("2001:db8:1:3::1"))) << "another's network";
  counts.leave(counted("2001:db8:1:2::1"));
  EXPECT_TRUE(counts.enter(counted("2001:db8:1:2::3")));
}

TEST(AddressCounts, AnIpv4AddressIsTheSameOnASocketOfBothFamilies) {
  AddressCounts counts(1);
  EXPECT_TRUE(counts.enter(counted("::ffff:192.0.2.1")));
  EXPECT_FALSE(counts.enter(counted("192.0.2.1")));
  EXPECT_TRUE(counts.enter(counted("::ffff:192.0.2.2")));
}

}  // namespace
}  // namespace hermod::broker
