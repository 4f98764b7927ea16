#include "tests/integration/websocket/websocket_test.h"

namespace hermod::integration {

/// The listener `secure` is one for wss.
class SecureWebSocket : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }
  void start_secure(const Settings& listener = {}) {
    BrokerSetup setup{.settings = files_.settings(web_port_.number(), "wss"), .threads = 1};
    for (const auto& [key, value] : listener) setup.settings.emplace_back("listeners.secure." + key, value);
    start_broker(std::move(setup));
  }
  RawClient raw_over_tls(const TlsClient& client = {}) { return {web_port_.number(), client}; }
  MqttClient over_wss(const std::string& id, const TlsClient& client = {}) {
    RawClient raw = raw_over_tls(client);
    raw.upgrade();
    return {std::move(raw), {.client_id = id}};
  }

  TlsFiles files_;
  LeasedPort web_port_;
};

TEST_F(SecureWebSocket, TlsIsThatOfMqtts) {
  files_.write_pair("other", files_.authority().issue({.common_name = "other", .names = {"DNS:other.test"}}));
  start_secure({{"certificate", files_.path("server.pem") + "," + files_.path("other.pem")},
                {"key", files_.path("server.key") + "," + files_.path("other.key")},
                {"minimum_tls_version", "1.3"}});
  MqttClient one = over_wss("one", {.ca = files_.path("ca.pem"), .protocols = {"http/1.1"}});
  EXPECT_EQ(one.raw().tls().version(), "TLSv1.3");
  EXPECT_EQ(one.raw().tls().protocol(), "http/1.1");
  one.subscribe("a/b", 2);
  one.publish("a/b", std::string(100'000, 'x'), 2);
  EXPECT_EQ(one.receive().payload.size(), 100'000U);
  EXPECT_EQ(raw_over_tls({.host = "other.test"}).tls().server(), "other");
  EXPECT_THROW(raw_over_tls({.only_version = 12}), Unexpected);
  EXPECT_THROW(raw_over_tls({.protocols = {"mqtt"}}), Unexpected);
  const TlsSession session = one.raw().tls().session();
  one.disconnect();
  EXPECT_TRUE(raw_over_tls({.session = session}).tls().resumed());
}

TEST_F(SecureWebSocket, T48_ARequiredCertificateIsRequiredHereToo) {
  start_secure({{"client_certificate", "required"}, {"ca", files_.path("ca.pem")}, {"identity", "cn"}});
  TlsClient stranger;
  stranger.certificate = Authority("somebody else").issue({.common_name = "stranger"});
  const auto comes_in = [&](const TlsClient& client) {
    try {
      raw_over_tls(client).upgrade();
      return true;
    } catch (const Unexpected&) {  // TLS 1.3 tells it behind the handshake
      return false;
    }
  };
  EXPECT_FALSE(comes_in({}));
  EXPECT_FALSE(comes_in(stranger));
  MqttClient known =
      over_wss("known", {.certificate = files_.authority().issue({.common_name = "known-device"})});
  known.ping();
}

TEST_F(SecureWebSocket, AReloadChangesTheCertificateAndDropsNobody) {
  start_secure();
  MqttClient stays = over_wss("stays");
  files_.write_pair("server", files_.authority().issue({.common_name = "second"}));
  const std::size_t before = broker().log().size();
  broker().process().signal(SIGHUP);
  const auto deadline = Clock::now() + kPatience;
  while (broker().log().find("config.reloaded", before) == std::string::npos && Clock::now() < deadline)
    std::this_thread::sleep_for(Millis(5));
  EXPECT_EQ(raw_over_tls().tls().server(), "second");
  stays.ping();
}

TEST_F(SecureWebSocket, AtShutdownClientsAreToldThatTheBrokerGoesAway) {
  start_secure();
  MqttClient one = over_wss("one");
  broker().process().signal(SIGTERM);
  EXPECT_TRUE(one.raw().drain_until_closed());
  EXPECT_EQ(one.raw().close_code(), 1001);
  one.raw().close();
  EXPECT_EQ(broker().stop(), 0);
  broker().start();
}

}  // namespace hermod::integration
