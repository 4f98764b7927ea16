#include "net/websocket_forwarded.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "net/socket_address.h"

namespace hermod::net {

/// An element of a list of proxies; `bits` as it is written behind an address of its family.
AddressRange proxies_at(const std::string& address, unsigned bits) {
  AddressRange range;
  range.first = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  const bool is_ipv4 = inet_pton(AF_INET, address.c_str(), &range.first[12]) == 1;
  if (!is_ipv4) {
    EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), range.first.data()), 1) << address;
  }
  range.bits = static_cast<std::uint8_t>(is_ipv4 ? 96 + bits : bits);
  return range;
}

using Proxies = std::vector<AddressRange>;

TEST(ForwardedAddress, OnlyAListedPeerIsBelieved) {
  EXPECT_EQ(client_behind({}, "192.0.2.1", "198.51.100.7"), "");
  const Proxies list{proxies_at("192.0.2.1", 32), proxies_at("2001:db8::", 32)};
  EXPECT_EQ(client_behind(list, "192.0.2.1", "198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(client_behind(list, "192.0.2.2", "198.51.100.7"), "");
  EXPECT_EQ(client_behind(list, "2001:db8:1::1", "198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(client_behind(list, "2001:db9::1", "198.51.100.7"), "");
  EXPECT_EQ(client_behind(list, "192.0.2.1", ""), "");
  EXPECT_EQ(client_behind(list, "/run/socket", "198.51.100.7"), "");
}

TEST(ForwardedAddress, TheNearestThatIsNoProxyIsTheClient) {
  const Proxies list{proxies_at("10.0.0.0", 8)};
  EXPECT_EQ(client_behind(list, "10.0.0.1", "203.0.113.9, 198.51.100.7, 10.1.2.3"), "198.51.100.7");
  EXPECT_EQ(client_behind(list, "10.0.0.1", "10.0.0.3,10.0.0.2"), "10.0.0.3");
  // What cannot be read ends what is believed.
  EXPECT_EQ(client_behind(list, "10.0.0.1", "198.51.100.7, unknown, 10.0.0.2"), "10.0.0.2");
  EXPECT_EQ(client_behind(list, "10.0.0.1", "<script>"), "");
  EXPECT_EQ(client_behind(list, "10.0.0.1", ","), "");
}

TEST(ForwardedAddress, AddressesAreReadInEveryFormProxiesWrite) {
  const Proxies list{proxies_at("127.0.0.1", 32)};
  EXPECT_EQ(client_behind(list, "127.0.0.1", "198.51.100.7:4711"), "198.51.100.7");
  EXPECT_EQ(client_behind(list, "127.0.0.1", "\"[2001:DB8::7]:4711\""), "2001:db8::7");
  EXPECT_EQ(client_behind(list, "127.0.0.1", "2001:db8:0:0::7"), "2001:db8::7");
  EXPECT_EQ(client_behind(list, "127.0.0.1", "::ffff:198.51.100.7"), "198.51.100.7");
  for (const char* entry : {"[", "localhost", "fe80::1%lo"})
    EXPECT_EQ(client_behind(list, "127.0.0.1", entry), "") << entry;
}

TEST(ForwardedAddress, NetworksAreOfAnyLengthAndOfOneFamily) {
  EXPECT_EQ(client_behind({proxies_at("0.0.0.0", 0)}, "192.0.2.1", "::1"), "::1");
  EXPECT_EQ(client_behind({proxies_at("0.0.0.0", 0)}, "2001:db8::1", "::1"), "");
  EXPECT_EQ(client_behind({proxies_at("::", 0)}, "2001:db8::1", "1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(client_behind({proxies_at("::", 0)}, "192.0.2.1", "1.2.3.4"), "");
  const Proxies odd{proxies_at("192.0.2.128", 25), proxies_at("2001:db8::8", 125)};
  EXPECT_EQ(client_behind(odd, "192.0.2.255", "1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(client_behind(odd, "192.0.2.127", "1.2.3.4"), "");
  EXPECT_EQ(client_behind(odd, "2001:db8::f", "1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(client_behind(odd, "2001:db8::10", "1.2.3.4"), "");
}

TEST(ForwardedAddress, AProxyIsKnownByItsAddress) {
  const Proxies list{proxies_at("10.0.0.0", 8)};
  EXPECT_TRUE(is_in_any(list, "10.1.2.3"));
  EXPECT_FALSE(is_in_any(list, "11.1.2.3"));
  EXPECT_FALSE(is_in_any(list, "/run/x.sock"));
  EXPECT_FALSE(is_in_any({}, "10.1.2.3"));
}

}  // namespace hermod::net
