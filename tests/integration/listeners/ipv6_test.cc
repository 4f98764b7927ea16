#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/listeners/listeners_test.h"
#include "tests/support/loopback.h"

namespace hermod::integration {

/// Skipped only where the system has no IPv6.
class Ipv6 : public LanListener {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    if (!system_has_it()) GTEST_SKIP() << "this system has no IPv6";
  }
  static bool system_has_it() {
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const sockaddr_in6 any_port = support::loopback_address_of_ipv6(0);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port) == 0;
    ::close(fd);
    return bound;
  }
  std::string url_at(const std::string& host, const std::string& scheme = "mqtt") const {
    return scheme + "://" + host + ":" + std::to_string(lan_port_.number());
  }
  MqttClient by_ipv4(const std::string& id, Where where = Where::current()) {
    return {RawClient(lan_port_.number()), {.client_id = id}, where};
  }
  MqttClient by_ipv6(const std::string& id, Where where = Where::current()) {
    return {RawClient::over_ipv6(lan_port_.number()), {.client_id = id}, where};
  }
  void expect_both_served() {
    MqttClient four = by_ipv4("four");
    four.subscribe("families", 2);
    by_ipv6("six").publish("families", "across", 2);
    EXPECT_EQ(four.receive().payload, "across");
    expect_logged("client.connected client=four address=127.0.0.1 ");
    expect_logged("client.connected client=six address=::1 ");
  }
};

TEST_F(Ipv6, AListenerMayHaveUrlsOfBothFamilies) {
  start_with(lan({{"url", url_at("127.0.0.1") + ", " + url_at("[::1]")}}));
  expect_logged("listener=lan address=::1 port=" + std::to_string(lan_port_.number()));
  expect_both_served();
}

TEST_F(Ipv6, AStarIsEveryAddressOfBothFamilies) {
  start_with(lan({{"url", url_at("*")}}));
  expect_both_served();
}

TEST_F(Ipv6, ASocketOfBothFamiliesShowsIpv4AsIpv4) {
  start_with(lan({{"url", url_at("[::]")}, {"v6only", "false"}}));
  expect_both_served();
}

TEST_F(Ipv6, EveryAddressOfIpv6LeavesIpv4Alone) {
  start_with(lan({{"url", url_at("[::]")}}));
  by_ipv6("six").ping();
  EXPECT_THROW(RawClient(lan_port_.number()), Unexpected);
}

TEST_F(Ipv6, CarriesWebSocketToo) {
  start_with(lan({{"url", url_at("[::1]", "ws") + "/mqtt"}}));
  RawClient raw = RawClient::over_ipv6(lan_port_.number());
  raw.upgrade({.more = "Origin: http://[::1]:8000\r\n"});
  MqttClient page(std::move(raw), {.client_id = "page"});
  page.ping();
  expect_logged("client.connected client=page address=::1 ");
}

}  // namespace hermod::integration
