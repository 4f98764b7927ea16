#include "net/socket_address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
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

AddressRange range_of(std::string_view first, std::uint8_t bits) {
  sockaddr_storage raw;
  const SocketAddress address = SocketAddress::parse(first, 0).value();
  address.fill(raw);
  AddressRange range{.bits = bits};
  if (address.is_ipv4()) {
    range.first[10] = range.first[11] = 0xFF;
    std::memcpy(&range.first[12], &reinterpret_cast<const sockaddr_in&>(raw).sin_addr, 4);
  } else {
    std::memcpy(range.first.data(), &reinterpret_cast<const sockaddr_in6&>(raw).sin6_addr, 16);
  }
  return range;
}

bool is_in(std::string_view address, const AddressRange& range) {
  return SocketAddress::parse(address, 1).value().is_in(range);
}

TEST(SocketAddress, IsInARangeWhoseFirstBitsItHas) {
  const AddressRange odd = range_of("192.0.2.128", 96 + 25);
  EXPECT_TRUE(is_in("192.0.2.128", odd));
  EXPECT_TRUE(is_in("192.0.2.255", odd));
  EXPECT_FALSE(is_in("192.0.2.127", odd));
  EXPECT_FALSE(is_in("192.0.3.128", odd));
  EXPECT_TRUE(is_in("2001:db8:1::9", range_of("2001:db8::", 32)));
  EXPECT_FALSE(is_in("2001:db9::", range_of("2001:db8::", 32)));
  EXPECT_TRUE(is_in("::1", range_of("::1", 128)));
  EXPECT_FALSE(is_in("::2", range_of("::1", 128)));
}

TEST(SocketAddress, Ipv4IsInRangesOfIpv4OnlyHoweverItCame) {
  for (const char* address : {"10.1.2.3", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(is_in(address, range_of("10.0.0.0", 104)));
    EXPECT_TRUE(is_in(address, range_of("0.0.0.0", 96)));
    EXPECT_FALSE(is_in(address, range_of("::", 0)));
  }
  EXPECT_FALSE(is_in("::1", range_of("0.0.0.0", 96)));
  EXPECT_TRUE(is_in("::1", range_of("::", 0)));
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
