#include "net/entrance.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

SocketAddress address_of(std::string_view host, std::uint16_t port = 0) {
  return SocketAddress::parse(host, port).value();
}

/// What a proxy says of a client.
ProxyHeader header_for(std::string_view host, std::uint16_t port) {
  ProxyHeader header;
  header.names_client = true;
  header.client = address_of(host, port);
  return header;
}

AddressRange ipv4_range(std::uint8_t first, std::uint8_t bits) {
  AddressRange range;
  range.first = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, first, 0, 0, 0};
  range.bits = static_cast<std::uint8_t>(96 + bits);
  return range;
}

TEST(Entrance, WithoutALineOfProxiesNobodyIsBelieved) {
  const Entrance nobody{ListenerOptions{}};
  EXPECT_FALSE(nobody.is_proxy(address_of("127.0.0.1")));
  ListenerOptions options;
  options.proxy.proxies = {ipv4_range(10, 8), ipv4_range(127, 8)};
  const Entrance some(options);
  EXPECT_TRUE(some.is_proxy(address_of("10.255.0.1")));
  EXPECT_TRUE(some.is_proxy(address_of("127.0.0.1")));
  EXPECT_FALSE(some.is_proxy(address_of("11.0.0.1")));
  EXPECT_FALSE(some.is_proxy(address_of("::1")));
}

TEST(Entrance, AClientThatAProxyNamesIsCountedByItsOwnAddress) {
  const Entrance entrance{ListenerOptions{}};
  ProxyHeader header = header_for("203.0.113.9", 5555);
  header.tls_version = "TLSv1.3";
  header.tls_cipher = "cipher";
  const auto caller = entrance.introduce(header, address_of("10.0.0.1", 1000), "");
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->address, header.client);
  EXPECT_EQ(caller->introduced->address, "203.0.113.9");
  EXPECT_EQ(caller->introduced->port, 5555);
  EXPECT_EQ(caller->introduced->proxy, "10.0.0.1");
  EXPECT_EQ(caller->introduced->tls_version, "TLSv1.3");
  EXPECT_EQ(caller->introduced->tls_cipher, "cipher");
}

TEST(Entrance, AHeaderThatNamesNobodyLeavesTheProxyItself) {
  const Entrance entrance{ListenerOptions{}};
  const SocketAddress proxy = address_of("10.0.0.1", 1000);
  const auto caller = entrance.introduce(ProxyHeader{}, proxy, "");
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->address, proxy);
  EXPECT_EQ(caller->introduced->address, "10.0.0.1");
  EXPECT_EQ(caller->introduced->port, 1000);
  EXPECT_EQ(caller->introduced->proxy, "") << "it speaks for itself";
}

TEST(Entrance, AProxyOnAUnixSocketIsCalledByOurPath) {
  const Entrance entrance{ListenerOptions{}};
  const auto named = entrance.introduce(header_for("203.0.113.9", 1), SocketAddress(), "/run/x.sock");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->introduced->proxy, "/run/x.sock");
  EXPECT_FALSE(named->introduced->is_unix()) << "the client is none of this machine";
  const auto unnamed = entrance.introduce(ProxyHeader{}, SocketAddress(), "/run/x.sock");
  ASSERT_TRUE(unnamed);
  EXPECT_TRUE(unnamed->introduced->is_unix());
}

TEST(Entrance, TheCommonNameCountsWhereTheListenerAsksForItAndIsCheckedThere) {
  ProxyHeader header = header_for("203.0.113.9", 1);
  header.common_name = "sensor-7";
  ListenerOptions options;
  EXPECT_EQ(Entrance(options).introduce(header, SocketAddress(), "")->introduced->identity, "");
  options.identity = TlsIdentity::CommonName;
  EXPECT_EQ(Entrance(options).introduce(header, SocketAddress(), "")->introduced->identity, "sensor-7");
  for (const std::string& wrong : {std::string("a\0b", 3), std::string("a\nb"), std::string("\xff")}) {
    header.common_name = wrong;
    const auto caller = Entrance(options).introduce(header, SocketAddress(), "");
    ASSERT_FALSE(caller) << wrong;
    EXPECT_EQ(caller.error().code, Errc::Invalid);
    EXPECT_TRUE(caller.error().detail.starts_with("the client's certificate: ")) << caller.error().detail;
  }
  header.common_name.clear();
  EXPECT_EQ(Entrance(options).introduce(header, SocketAddress(), "")->introduced->identity, "");
}

TEST(Entrance, PlacesAreThoseOfTheListener) {
  ListenerOptions options;
  options.max_connections = 1;
  Entrance entrance(options);
  auto place = entrance.enter();
  ASSERT_TRUE(place);
  EXPECT_FALSE(entrance.enter());
  place.reset();
  EXPECT_TRUE(entrance.enter());
}

}  // namespace
}  // namespace hermod::net
