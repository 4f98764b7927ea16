#include "net/socket_address.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::net {
namespace {

TEST(SocketAddress, NumericAddressesSurviveParsingAndShowing) {
  for (const std::string text : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::17"}) {
    const auto address = SocketAddress::parse(text, 1883);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->host(), text);
    EXPECT_EQ(address->port(), 1883);
  }
}

TEST(SocketAddress, IsTheSameAfterAPassThroughTheSystemsForm) {
  for (const std::string text : {"192.0.2.7", "2001:db8::17", "::"}) {
    const SocketAddress address = SocketAddress::parse(text, 8883).value();
    sockaddr_storage raw;
    EXPECT_GT(address.fill(raw), 0U);
    EXPECT_EQ(SocketAddress::from(raw), address) << text;
  }
}

TEST(SocketAddress, ScopeNamesAnInterface) {
  EXPECT_TRUE(SocketAddress::parse("fe80::1%lo", 1));
  const auto unknown = SocketAddress::parse("fe80::1%nowhere0", 1);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().detail.find("no network interface 'nowhere0'"), std::string::npos);
}

TEST(SocketAddress, MappedIpv4IsShownAsIpv4) {
  EXPECT_EQ(SocketAddress::parse("::ffff:192.0.2.7", 1883)->to_string(), "192.0.2.7:1883");
}

TEST(SocketAddress, Ipv6IsShownInBrackets) {
  EXPECT_EQ(SocketAddress::parse("::1", 1883)->to_string(), "[::1]:1883");
}

TEST(SocketAddress, LocalhostIsTheLoopbackAddress) {
  EXPECT_EQ(SocketAddress::parse("localhost", 1)->host(), "127.0.0.1");
}

TEST(SocketAddress, NamesAndHalfAddressesAreRefusedByName) {
  for (const std::string text :
       {"broker.example", "127.1", "1883", "", "1.2.3.4.5", "::1::", "127.0.0.1 ", "[::1]"}) {
    const auto address = SocketAddress::parse(text, 1883);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::Invalid);
    EXPECT_NE(address.error().detail.find("'" + text + "'"), std::string::npos) << address.error().detail;
  }
}

TEST(SocketAddress, UnknownFamilyIsNoAddress) {
  sockaddr_storage raw{};
  raw.ss_family = AF_UNIX;
  EXPECT_EQ(SocketAddress::from(raw), SocketAddress());
}

TEST(SocketAddress, IsSmall) {
  EXPECT_LE(sizeof(SocketAddress), 24U);
}

TEST(ListenAddress, IsReadAndWrittenTheSameWay) {
  for (const std::string text :
       {"127.0.0.1:1883", "[::1]:1883", "*:0", "localhost:65535", "[fe80::1%lo]:1"}) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address) << text << ": " << address.error().detail;
    EXPECT_EQ(to_string(*address), text);
  }
}

TEST(ListenAddress, EmptyHostMeansEveryAddress) {
  EXPECT_EQ(parse_listen_address(":1883").value(), (ListenAddress{.host = "*", .port = 1883}));
}

struct BadAddress {
  std::string text;
  std::string reason;
};

TEST(ListenAddress, MistakesAreNamed) {
  const BadAddress bad_addresses[] = {
      {"127.0.0.1", "no port in '127.0.0.1'"},
      {"127.0.0.1:", "not a port"},
      {"127.0.0.1:65536", "not a port from 0 to 65535: '65536'"},
      {"127.0.0.1:-1", "not a port"},
      {"127.0.0.1:1883x", "not a port"},
      {"::1:1883", "without brackets"},
      {"[::1:1883", "without brackets"},
      {"broker.example:1883", "not an IP address: 'broker.example'"},
  };
  for (const BadAddress& bad : bad_addresses) {
    const auto address = parse_listen_address(bad.text);
    ASSERT_FALSE(address) << bad.text;
    EXPECT_EQ(address.error().code, Errc::Invalid);
    EXPECT_NE(address.error().detail.find(bad.reason), std::string::npos) << address.error().detail;
  }
}

}  // namespace
}  // namespace hermod::net
