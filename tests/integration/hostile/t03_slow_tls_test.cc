#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"
#include "tests/support/tls_files.h"

namespace hermod::integration {

namespace {

constexpr int kSealedClients = 1000;

}  // namespace

/// Half of them over mqtts with the beginning of a CONNECT, half over wss with that of a request.
TEST_F(Hostile, T03_ManySlowClientsOverTlsCostLittleAndTimeOut) {
  HERMOD_NEEDS_OWN_BROKER();
  const support::TlsFiles files;
  const LeasedPort plain_port;
  const LeasedPort web_port;
  Settings settings = files.settings(plain_port.number());
  for (const auto& [key, value] : files.settings(web_port.number(), "wss"))
    settings.emplace_back("listeners.web" + key.substr(key.rfind('.')), value);
  settings.emplace_back(setting::kConnectTimeout, "3s");
  settings.emplace_back("websocket.request_timeout", "3s");
  settings.emplace_back(setting::kAllowAnonymous, "true");
  start_with(settings);
  const std::string beginning =
      connect_bytes({.client_id = "x", .username = std::string(29'900, 'u')}).substr(0, 8'000);
  const std::string request = "GET /mqtt HTTP/1.1\r\nCookie: " + std::string(4'000, 'c');
  const std::size_t before = broker().process().resident_bytes();
  std::vector<RawClient> slow;
  slow.reserve(kSealedClients);
  for (int i = 0; i < kSealedClients; ++i) {
    slow.emplace_back(i % 2 == 0 ? plain_port.number() : web_port.number(), support::TlsClient{});
    slow.back().try_send(i % 2 == 0 ? beginning : request);
  }
  // What each has sent, and what OpenSSL has of it.
  if (!kSanitized) {
    EXPECT_LT(broker().process().resident_bytes(), before + kSealedClients * 50'000U);
  }
  for (RawClient& raw : slow) EXPECT_TRUE(raw.drain_until_closed(3s + kPatience));
}

}  // namespace hermod::integration
