#include "config/address_range.h"

#include <gtest/gtest.h>

namespace hermod::config {
namespace {

TEST(AddressRange, AddressesAndNetworksAreWrittenAsTheyAreRead) {
  for (const char* text : {"192.0.2.7", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.128/25", "::1", "2001:db8::/32",
                           "::/0", "2001:db8::8000/113"})
    EXPECT_EQ(range_text(*parse_address_range(text)), text);
  EXPECT_EQ(range_text(*parse_address_range("192.0.2.7/32")), "192.0.2.7");
}

TEST(AddressRange, Ipv4IsHeldAsMappedIpv6) {
  EXPECT_EQ(*parse_address_range("10.0.0.0/8"), *parse_address_range("::ffff:10.0.0.0/104"));
}

TEST(AddressRange, WhatIsNoNetworkIsRefused) {
  for (const char* text : {"", "localhost", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129",
                           "fe80::1%lo", "[::1]", "10.0.0.0/8/8", "*"})
    EXPECT_FALSE(parse_address_range(text)) << text;
}

TEST(AddressRange, BitsBehindTheNetworkAreToldWhereItBegins) {
  const auto range = parse_address_range("10.1.2.3/8");
  ASSERT_FALSE(range);
  EXPECT_EQ(range.error().detail, "'10.1.2.3/8': this network begins at 10.0.0.0/8");
}

}  // namespace
}  // namespace hermod::config
