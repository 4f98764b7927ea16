#include "net/websocket_forwarded.h"

#include <gtest/gtest.h>

namespace hermod::net {

ProxyList proxies(const std::vector<std::string>& elements) {
  auto made = ProxyList::from(elements);
  EXPECT_TRUE(made) << (made ? "" : made.error().detail);
  return *made;
}

TEST(ProxyList, OnlyAListedPeerIsBelieved) {
  EXPECT_EQ(proxies({}).client_behind("192.0.2.1", "198.51.100.7"), "");
  const ProxyList list = proxies({"192.0.2.1", "2001:db8::/32"});
  EXPECT_EQ(list.client_behind("192.0.2.1", "198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(list.client_behind("192.0.2.2", "198.51.100.7"), "");
  EXPECT_EQ(list.client_behind("2001:db8:1::1", "198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(list.client_behind("2001:db9::1", "198.51.100.7"), "");
  EXPECT_EQ(list.client_behind("192.0.2.1", ""), "");
  EXPECT_EQ(list.client_behind("/run/socket", "198.51.100.7"), "");
}

TEST(ProxyList, TheNearestThatIsNoProxyIsTheClient) {
  const ProxyList list = proxies({"10.0.0.0/8"});
  EXPECT_EQ(list.client_behind("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.1.2.3"), "198.51.100.7");
  EXPECT_EQ(list.client_behind("10.0.0.1", "10.0.0.3,10.0.0.2"), "10.0.0.3");
  // What cannot be read ends what is believed.
  EXPECT_EQ(list.client_behind("10.0.0.1", "198.51.100.7, unknown, 10.0.0.2"), "10.0.0.2");
  EXPECT_EQ(list.client_behind("10.0.0.1", "<script>"), "");
  EXPECT_EQ(list.client_behind("10.0.0.1", ","), "");
}

TEST(ProxyList, AddressesAreReadInEveryFormProxiesWrite) {
  const ProxyList list = proxies({"127.0.0.1"});
  EXPECT_EQ(list.client_behind("127.0.0.1", "198.51.100.7:4711"), "198.51.100.7");
  EXPECT_EQ(list.client_behind("127.0.0.1", "\"[2001:DB8::7]:4711\""), "2001:db8::7");
  EXPECT_EQ(list.client_behind("127.0.0.1", "2001:db8:0:0::7"), "2001:db8::7");
  EXPECT_EQ(list.client_behind("127.0.0.1", "::ffff:198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(list.client_behind("127.0.0.1", "["), "");
}

TEST(ProxyList, NetworksAreOfAnyLength) {
  EXPECT_EQ(proxies({"0.0.0.0/0"}).client_behind("192.0.2.1", "::1"), "::1");
  EXPECT_EQ(proxies({"0.0.0.0/0"}).client_behind("2001:db8::1", "::1"), "");
  EXPECT_EQ(proxies({"::/0"}).client_behind("192.0.2.1", "1.2.3.4"), "1.2.3.4");
  const ProxyList odd = proxies({"192.0.2.128/25", "2001:db8::8/125"});
  EXPECT_EQ(odd.client_behind("192.0.2.255", "1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(odd.client_behind("192.0.2.127", "1.2.3.4"), "");
  EXPECT_EQ(odd.client_behind("2001:db8::f", "1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(odd.client_behind("2001:db8::10", "1.2.3.4"), "");
}

TEST(ProxyList, WhatIsNoAddressIsRefused) {
  for (const char* element : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
                              "::/129", "10.0.0.0/1000", "/8"})
    EXPECT_FALSE(ProxyList::from({element})) << element;
}

}  // namespace hermod::net
