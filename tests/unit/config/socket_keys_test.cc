#include "config/socket_keys.h"

#include <gtest/gtest.h>

#include "config/address_range.h"
#include "config/configuration.h"
#include "config/toml_file.h"

namespace hermod::config {
namespace {

using net::ProxyUse;

/// Builds from a file with one listener `a`, and everybody may connect.
struct WithListener {
  explicit WithListener(const std::string& lines, const std::string& others = "") {
    const Assignments read =
        parse_toml("[auth]\nallow_anonymous = true\n" + others + "[listeners.a]\n" + lines, "h.toml");
    problems = read.problems;
    configuration = Configuration::build(read.values, problems);
  }
  const net::ListenerOptions& options() const { return configuration.settings().broker.net.listeners.at(0); }
  std::string told() const {
    std::string out;
    for (const Problem& problem : problems) out += problem.text + "\n";
    return out;
  }

  std::vector<Problem> problems;
  Configuration configuration;
};

const std::string kIp = "url = \"mqtt://127.0.0.1\"\n";
const std::string kUnix = "url = \"unix:///run/x.sock\"\n";
const std::string kWeb = "url = \"ws://127.0.0.1\"\n";
const std::string kSecureWeb = "url = \"wss://127.0.0.1\"\ncertificate = \"c.pem\"\nkey = \"c.key\"\n";
const std::string kProxy = "proxy_protocol = \"required\"\n";
const std::string kProxies = "proxies = [\"10.0.0.0/8\", \"::1\"]\n";

TEST(SocketKeys, EveryOneReachesTheOptions) {
  const WithListener ip(kIp + kProxy + kProxies +
                        "proxy_timeout = \"1s\"\nproxy_max_size = \"4KiB\"\nmax_connections = 7\n"
                        "max_connections_per_address = 5\nbacklog = 8\n"
                        "no_delay = false\ntcp_keep_alive = \"60s\"\ntcp_keep_alive_interval = \"5s\"\n"
                        "tcp_keep_alive_probes = 2\nsend_buffer = \"64KiB\"\nreceive_buffer = \"32KiB\"\n"
                        "identity = \"cn\"\n");
  EXPECT_EQ(ip.told(), "");
  const net::ListenerOptions& options = ip.options();
  EXPECT_EQ(options.proxy.use, ProxyUse::Required);
  EXPECT_EQ(options.proxy.proxies,
            (std::vector{*parse_address_range("10.0.0.0/8"), *parse_address_range("::1")}));
  EXPECT_EQ(options.proxy.timeout, std::chrono::seconds{1});
  EXPECT_EQ(options.proxy.max_size, 4096U);
  EXPECT_EQ(options.max_connections, 7U);
  EXPECT_EQ(options.max_connections_per_address, 5U);
  EXPECT_EQ(options.socket.backlog, 8);
  EXPECT_FALSE(options.socket.no_delay);
  EXPECT_EQ(options.socket.keep_alive_idle, std::chrono::seconds{60});
  EXPECT_EQ(options.socket.keep_alive_interval, std::chrono::seconds{5});
  EXPECT_EQ(options.socket.keep_alive_probes, 2);
  EXPECT_EQ(options.socket.send_buffer, 64 << 10);
  EXPECT_EQ(options.socket.receive_buffer, 32 << 10);
  EXPECT_EQ(options.identity, net::TlsIdentity::CommonName);

  const WithListener local(kUnix + "mode = \"0620\"\nowner = \":mqtt\"\nidentity = \"user\"\n");
  EXPECT_EQ(local.told(), "");
  EXPECT_EQ(local.options().addresses.front().path, "/run/x.sock");
  EXPECT_EQ(local.options().file.mode, 0620U);
  EXPECT_EQ(local.options().file.owner, ":mqtt");
  EXPECT_EQ(local.options().identity, net::TlsIdentity::SystemUser);
}

TEST(SocketKeys, AWebSocketHasItsOwnAndTheProxiesWithoutTheirProtocol) {
  const WithListener web(
      kWeb + kProxies +
      "subprotocol = \"optional\"\norigins = [\"https://a.test\", \"absent\"]\ncompression = true\n");
  EXPECT_EQ(web.told(), "");
  const net::ListenerOptions& options = web.options();
  ASSERT_TRUE(options.websocket);
  EXPECT_EQ(*options.websocket, (net::WebSocketOptions{.path = "/mqtt",
                                                       .requires_subprotocol = false,
                                                       .compresses = true,
                                                       .origins = {"https://a.test", "absent"}}));
  EXPECT_EQ(options.proxy.use, ProxyUse::Off);
  EXPECT_EQ(options.proxy.proxies.size(), 2U);
  EXPECT_FALSE(options.tls);

  const WithListener secure(
      "url = [\"wss://127.0.0.1/a\", \"wss://[::1]/a\"]\ncertificate = \"c.pem\"\nkey = \"c.key\"\n");
  EXPECT_EQ(secure.told(), "");
  EXPECT_EQ(secure.options().websocket->path, "/a");
  EXPECT_FALSE(secure.options().websocket->compresses);
  EXPECT_EQ(secure.options().tls->application_protocol, "http/1.1");
}

TEST(SocketKeys, WhatAListenerDoesNotSayIsAsInNet) {
  const WithListener built(kIp + "backlog = 8\n", "[net]\nbacklog = 100\nno_delay = false\n");
  EXPECT_EQ(built.told(), "");
  EXPECT_EQ(built.options().socket.backlog, 8);
  EXPECT_FALSE(built.options().socket.no_delay);
  std::string origin;
  for (const Effective& one : built.configuration.effective())
    if (one.key == "listeners.a.no_delay") origin = one.origin.text();
  EXPECT_EQ(origin, "h.toml:5");
}

TEST(SocketKeys, SeveralUrlsAreAListOrStandBetweenCommas) {
  for (const char* url :
       {"[\"mqtt://127.0.0.1:1\", \"mqtt://[::]:2\"]", "\"mqtt://127.0.0.1:1, mqtt://[::]:2\""}) {
    const WithListener built(std::string("url = ") + url + "\nv6only = false\n");
    EXPECT_EQ(built.told(), "");
    EXPECT_EQ(built.options().addresses,
              (std::vector<net::ListenAddress>{{"127.0.0.1", 1}, {"::", 2, "", true}}));
  }
}

struct Refused {
  std::string lines;
  std::string why;
};

TEST(SocketKeys, WhatContradictsItselfIsToldWhy) {
  const Refused refused[] = {
      {kIp + kProxy, "proxy_protocol needs proxies"},
      {kIp + kProxies, "proxies does nothing while proxy_protocol is off"},
      {kUnix + kProxy + kProxies, "proxies says nothing on a Unix socket"},
      {kUnix + "proxy_protocol = \"from-proxies\"\n", "on a Unix socket proxy_protocol is off or required"},
      {kUnix + "no_delay = false\n", "no_delay says nothing on a Unix socket"},
      {kIp + "mode = \"0600\"\n", "mode is for a url with unix://"},
      {kIp + "owner = \"root\"\n", "owner is for a url with unix://"},
      {kUnix + "mode = \"660x\"\n", "three octal digits"},
      {kUnix + "mode = \"4660\"\n", "three octal digits"},
      {kIp + "proxies = [\"10.0.0.1/8\"]\n", "begins at 10.0.0.0/8"},
      {kIp + "proxy_max_size = \"535B\"\n", "is outside of 536B to"},
      {kIp + "identity = \"cn\"\n", "identity is for a url with mqtts://"},
      {kIp + kProxy + kProxies + "identity = \"san\"\n", "a proxy tells the common name only"},
      {kIp + "identity = \"user\"\n", "is for a url with unix://"},
      {kUnix + kProxy + "identity = \"user\"\n", "behind a proxy every client would be the proxy's user"},
      {kUnix + "certificate = \"a.pem\"\n", "certificate is for a url with mqtts://"},
      {"url = \"mqtts://127.0.0.1\"\ncertificate = \"a\"\nkey = \"b\"\nidentity = \"user\"\n", "unix://"},
      {"url = [\"mqtt://127.0.0.1\", \"mqtts://127.0.0.1\"]\n", "all urls of a listener begin alike"},
      {"url = [\"mqtt://127.0.0.1\", \"unix:///run/x.sock\"]\n", "all urls of a listener begin alike"},
      {"url = [\"mqtt://127.0.0.1\", \"mqtt://127.0.0.1:1883\"]\n", "stands there twice"},
      {"url = [\"mqtt://127.0.0.1\", \"mqtt://nowhere\"]\n", "mqtt://nowhere: the host must be"},
      {"url = []\n", "such as mqtt://"},
      {"url = [1883]\n", "a list has texts"},
      {"url = [\"mqtt://127.0.0.1,mqtt://[::1]\"]\n", "a list has texts"},
      {kIp + "backlog = [\"1\"]\n", "one value and no list"},
      {kUnix + "owner = [\"root\", \"mqtt\"]\n", "one value and no list"},
      {kIp + "max_connections = \"many\"\n", "a whole number"},
      {kIp + "origins = \"https://a.test\"\n", "origins is for a url with ws:// or wss://"},
      {kUnix + "subprotocol = \"required\"\n", "subprotocol is for a url with ws:// or wss://"},
      {kWeb + "mode = \"0600\"\n", "mode is for a url with unix://"},
      {kWeb + "certificate = \"a.pem\"\n", "certificate is for a url with mqtts:// or wss://"},
      {kWeb + "subprotocol = \"maybe\"\n", "required"},
      {"url = [\"ws://127.0.0.1/a\", \"ws://127.0.0.2/b\"]\n", "all urls of a listener have the same path"},
      {"url = [\"mqtt://127.0.0.1\", \"ws://127.0.0.1\"]\n", "all urls of a listener begin alike"},
      {kSecureWeb + kProxies + "client_certificate = \"required\"\nca = \"ca.pem\"\nidentity = \"cn\"\n",
       "every client would have the name of the proxy's certificate"},
  };
  for (const Refused& one : refused) {
    const WithListener built(one.lines);
    EXPECT_NE(built.told().find(one.why), std::string::npos) << one.lines << built.told();
  }
}

TEST(SocketKeys, AListWhereNoneIsExpectedIsRefusedEverywhere) {
  const WithListener built(kIp, "[log]\nlevel = [\"info\"]\n");
  EXPECT_EQ(built.told(), "log.level: one value and no list is expected\n");
}

TEST(SocketKeys, ClientsOfAProxyComeFromOtherMachinesAndNeedAWord) {
  const auto problems_of = [](const std::string& listener) {
    const Assignments read = parse_toml("[listeners.a]\n" + listener, "h.toml");
    std::vector<Problem> problems = read.problems;
    (void)Configuration::build(read.values, problems);
    return problems;
  };
  const auto problems = problems_of(kIp + kProxy + kProxies);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].text.find("from other machines, through a proxy"), std::string::npos)
      << problems[0].text;
  EXPECT_EQ(problems_of(kUnix + kProxy).size(), 1U);
  EXPECT_EQ(problems_of(kWeb + kProxies).size(), 1U);
  EXPECT_TRUE(problems_of(kWeb).empty());
  const std::string named = "client_certificate = \"required\"\nca = \"ca.pem\"\nidentity = \"cn\"\n";
  EXPECT_TRUE(problems_of(kSecureWeb + named).empty());
  EXPECT_EQ(problems_of(kSecureWeb + named + kProxy + kProxies).size(), 1U)
      << "whom a proxy behind that one names by X-Forwarded-For has no certificate";
  EXPECT_TRUE(problems_of(kUnix).empty()) << "a Unix socket is of this machine";
  EXPECT_EQ(problems_of("url = [\"mqtt://127.0.0.1\", \"mqtt://0.0.0.0\"]\n").size(), 1U);
}

TEST(SocketKeys, AChangeNeedsARestartAlsoOfTheIdentityWithoutTls) {
  const WithListener before(kIp + kProxy + kProxies + "identity = \"cn\"\n");
  const WithListener after(kIp + kProxy + "proxies = \"::1\"\n");
  const auto found = differences(before.configuration, after.configuration);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key, "listeners.a.identity");
  EXPECT_FALSE(found[0].live);
  EXPECT_EQ(found[1].key, "listeners.a.proxies");
  EXPECT_EQ(found[1].before, "10.0.0.0/8, ::1");
  EXPECT_FALSE(found[1].live);
}

}  // namespace
}  // namespace hermod::config
