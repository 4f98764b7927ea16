#include "tests/integration/listeners/listeners_test.h"
#include "tests/support/tls_files.h"

namespace hermod::integration {

class Proxied : public LanListener {
 protected:
  void start_proxied(Settings listener = {}, const Settings& others = {}) {
    Settings all{{"url", url()}, {"proxy_protocol", "required"}, {"proxies", "127.0.0.0/8, ::1"}};
    for (auto& setting : listener) all.push_back(std::move(setting));
    start_with(lan(all, others));
  }
  /// A client that this header brings.
  MqttClient behind(const std::string& header, const std::string& id, Where where = Where::current()) {
    RawClient raw(lan_port_.number());
    raw.send(header, where);
    return {std::move(raw), {.client_id = id}, where};
  }
  /// The broker closes when it gets this, and answers nothing.
  void expect_refused(const std::string& bytes, const std::string& logged, Where where = Where::current()) {
    RawClient raw(lan_port_.number());
    raw.try_send(bytes);
    EXPECT_TRUE(raw.drain_until_closed()) << where.line();
    expect_logged(logged, where);
  }
  static std::string header_for(const std::string& address) {
    return "PROXY TCP4 " + address + " 198.51.100.1 50000 1883\r\n";
  }
};

TEST_F(Proxied, TheAddressOfAClientIsTheOneInItsHeader) {
  start_proxied();
  behind(header_for("192.0.2.9"), "version-1").ping();
  expect_logged("client=version-1 address=192.0.2.9 version=5.0 session_present=0 proxy=127.0.0.1");
  behind(proxy::version2(0x21, 0x11, proxy::kIpv4Pair), "version-2").ping();
  expect_logged("client=version-2 address=192.0.2.7 ");
  behind(proxy::version2(0x21, 0x21, proxy::kIpv6Pair), "ipv6").ping();
  expect_logged("client=ipv6 address=2001:db8::7 ");
  const std::string tls =
      proxy::tls_field(1, 0, proxy::field(0x21, "TLSv1.3") + proxy::field(0x23, "SOME_CIPHER"));
  behind(proxy::with_checksum(tls), "tls").ping();
  expect_logged(
      "client=tls address=192.0.2.7 version=5.0 session_present=0 proxy=127.0.0.1 tls_version=TLSv1.3 "
      "tls_cipher=SOME_CIPHER");
  behind(proxy::version2(0x20, 0x00, ""), "health-check").ping();
  expect_logged("client=health-check address=127.0.0.1 ");
  behind("PROXY UNKNOWN\r\n", "unknown").ping();
  expect_logged("client=unknown address=127.0.0.1 ");
}

TEST_F(Proxied, HeaderAndPacketsMayComeInAnyPieces) {
  start_proxied();
  const std::string bytes =
      proxy::version2(0x21, 0x11, proxy::kIpv4Pair) + connect_bytes({.client_id = "pieces"});
  RawClient whole(lan_port_.number());
  whole.send(bytes);
  EXPECT_EQ(parse_connack(Version::V5, whole.next()).reason, 0);
  RawClient single(lan_port_.number());
  for (const char byte : bytes) single.send(std::string(1, byte));
  EXPECT_EQ(parse_connack(Version::V5, single.next()).reason, 0);
}

TEST_F(Proxied, T61_WhatIsNoGoodHeaderIsRefused) {
  start_proxied({{"proxy_timeout", "100ms"}});
  expect_refused("PROXY TCP4 ", "reason=timeout");
  expect_refused(connect_bytes({.client_id = "bare"}),
                 "proxy.refused listener=lan address=127.0.0.1 reason=missing");
  expect_refused("PROXY TCP4 1.2.3.4\r\n", "reason=malformed why=\"");
  const std::string overrun("\x02\xFF\xFFx", 4);
  expect_refused(proxy::version2(0x21, 0x11, proxy::kIpv4Pair + overrun), "a field reaches beyond its end");
  expect_refused(proxy::kSignature + "\x21\x11\xFF\xFF", "it is longer than proxy_max_size");
  behind(header_for("192.0.2.9"), "good").ping();
}

TEST_F(Proxied, T61_StrangersAreRefusedWhereAHeaderIsRequired) {
  start_proxied({{"proxies", "192.0.2.1"}});
  expect_refused(
      header_for("192.0.2.9") + connect_bytes({.client_id = "liar"}),
      "listener.refused listener=lan address=127.0.0.1 why=\"it is not among listeners.lan.proxies\"");
  EXPECT_EQ(broker().log().find("client=liar"), std::string::npos);
}

TEST_F(Proxied, T61_StrangersMayComeWithoutAHeaderAndOnlyWithout) {
  start_proxied({{"proxies", "192.0.2.1"}, {"proxy_protocol", "from-proxies"}});
  MqttClient(lan_port_.number(), {.client_id = "direct"}).ping();
  expect_logged("client=direct address=127.0.0.1 ");
  expect_refused(header_for("192.0.2.9") + connect_bytes({.client_id = "liar"}), "client.protocol_error");
  expect_refused(proxy::version2(0x21, 0x11, proxy::kIpv4Pair) + connect_bytes({.client_id = "liar"}), "");
  EXPECT_EQ(broker().log().find("client=liar"), std::string::npos);
  EXPECT_EQ(broker().log().find("192.0.2.9"), std::string::npos);
}

TEST_F(Proxied, T61_AHeaderOnAListenerWithoutProxiesIsRefused) {
  start_with(lan({{"url", url()}}));
  for (const std::string& header : {header_for("192.0.2.9"), proxy::version2(0x21, 0x11, proxy::kIpv4Pair)})
    expect_refused(header + connect_bytes({.client_id = "liar"}), "client.protocol_error");
  EXPECT_EQ(broker().log().find("client=liar"), std::string::npos);
  expect_service();
}

TEST_F(Proxied, T61_AHeaderOnATlsListenerWithoutProxiesIsNoTls) {
  support::TlsFiles files;
  start_with(files.settings(lan_port_.number()));
  for (const std::string& header : {header_for("192.0.2.9"), proxy::version2(0x21, 0x11, proxy::kIpv4Pair)})
    EXPECT_THROW(RawClient(lan_port_.number(), support::TlsClient{.in_front = header}), Unexpected);
  expect_logged("tls.handshake_failed listener=secure address=127.0.0.1 reason=not_tls");
  MqttClient(RawClient(lan_port_.number(), support::TlsClient{}), {.client_id = "good"}).ping();
  EXPECT_EQ(broker().log().find("192.0.2."), std::string::npos);
}

TEST_F(Proxied, TheLimitPerAddressCountsClientsAndNotTheirProxy) {
  start_proxied({}, {{setting::kMaxConnectionsPerAddress, "1"}});
  MqttClient first = behind(header_for("192.0.2.1"), "first");
  MqttClient second = behind(header_for("192.0.2.2"), "second");
  expect_refused(header_for("192.0.2.2") + connect_bytes({.client_id = "third"}),
                 "connection.refused address=192.0.2.2");
  behind(header_for("192.0.2.3"), "fourth").ping();
  first.ping();
  second.ping();
}

TEST_F(Proxied, TheLimitPerAddressCountsNetworksOfIpv6) {
  start_proxied({}, {{setting::kMaxConnectionsPerAddress, "1"}});
  const auto from = [](const std::string& address) {
    return "PROXY TCP6 " + address + " 2001:db8::1 50000 1883\r\n";
  };
  MqttClient first = behind(from("2001:db8:1:2::1"), "first");
  expect_refused(from("2001:db8:1:2:ffff::9") + connect_bytes({.client_id = "second"}),
                 "connection.refused address=2001:db8:1:2:ffff::9");
  behind(from("2001:db8:1:3::1"), "elsewhere").ping();
  first.ping();
}

TEST_F(Proxied, ANameThatTheProxyHasVerifiedIsTheUser) {
  start_proxied({{"identity", "cn"}});
  const auto header = [](unsigned bad, const std::string& name) {
    return proxy::with_checksum(proxy::tls_field(3, bad, proxy::field(0x22, name)));
  };
  behind(header(0, "sensor 7"), "verified").ping();
  expect_logged("proxy=127.0.0.1 user=\"sensor 7\"");
  behind(header(1, "admin"), "not-verified").ping();
  EXPECT_EQ(broker().log().find("user=admin"), std::string::npos);
}

TEST_F(Proxied, T49_OddNamesAreRefused) {
  start_proxied({{"identity", "cn"}});
  for (const std::string& odd :
       {std::string("admin\0.example.org", 18), std::string("new\nline"), std::string("\xFF")}) {
    const std::string field = proxy::tls_field(3, 0, proxy::field(0x22, odd));
    expect_refused(proxy::with_checksum(field) + connect_bytes({.client_id = "odd"}),
                   "the client's certificate: its name");
  }
}

TEST_F(Proxied, ANameIsEnoughWhereNobodyIsAnonymous) {
  Settings settings =
      lan({{"url", url()}, {"proxy_protocol", "required"}, {"proxies", "127.0.0.1"}, {"identity", "cn"}});
  settings.back().second = "false";  // auth.allow_anonymous
  start_with(settings);
  behind(proxy::with_checksum(proxy::tls_field(3, 0, proxy::field(0x22, "known"))), "known").ping();
  RawClient stranger(lan_port_.number());
  stranger.send(header_for("192.0.2.1") + connect_bytes({.client_id = "stranger"}));
  EXPECT_EQ(parse_connack(Version::V5, stranger.next()).reason, 0x87);
}

TEST_F(Proxied, TheHeaderStandsInFrontOfTls) {
  support::TlsFiles files;
  Settings settings = files.settings(lan_port_.number());
  settings.emplace_back("listeners.secure.proxy_protocol", "required");
  settings.emplace_back("listeners.secure.proxies", "127.0.0.1");
  settings.emplace_back(setting::kAllowAnonymous, "true");
  start_with(settings);
  RawClient raw(lan_port_.number(), support::TlsClient{.in_front = header_for("192.0.2.9")});
  MqttClient(std::move(raw), {.client_id = "sealed"}).ping();
  expect_logged(
      "client=sealed address=192.0.2.9 version=5.0 session_present=0 proxy=127.0.0.1 tls_version=TLSv1.3");
  EXPECT_THROW(RawClient(lan_port_.number(), support::TlsClient{}), Unexpected) << "without a header";
}

/// Those whose header is not there yet do not hold up the end; the fixture looks at the exit code.
TEST_F(Proxied, TheBrokerEndsAlsoWhileHeadersAreAwaited) {
  start_proxied({{"proxy_timeout", "1m"}});
  RawClient waiting(lan_port_.number());
  waiting.send("PROXY ");
  behind(header_for("192.0.2.1"), "later").ping();
}

}  // namespace hermod::integration
