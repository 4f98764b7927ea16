#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"
#include "tests/support/tls_files.h"

namespace hermod::integration {

/// What a connection costs that has said its CONNECT and is silent from then on, over what is not plain TCP.
class IdleTransports : public Hostile {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }

  /// A broker with a listener of this scheme, whose clients `introduce` makes of a port.
  template <class Introduce>
  std::size_t bytes_per_client(const Settings& listener, Introduce introduce) {
    constexpr int kBefore = 100;
    constexpr int kIdle = 800;
    Settings settings = listener;
    settings.emplace_back(setting::kAllowAnonymous, "true");
    start_with(settings);
    std::vector<MqttClient> idle;
    idle.reserve(kBefore + kIdle);
    const auto connect_some = [&](int count) {
      for (int i = 0; i < count; ++i) {
        const std::string id = "idle-" + std::to_string(idle.size());
        idle.emplace_back(introduce(), ConnectOptions{.client_id = id, .keep_alive = 0});
      }
    };
    connect_some(kBefore);  // what all share exists now
    const std::size_t before = broker().process().resident_bytes();
    connect_some(kIdle);
    const std::size_t after = broker().process().resident_bytes();
    const std::size_t each = (after - std::min(before, after)) / kIdle;
    RecordProperty("bytes_per_client", std::to_string(each));
    std::printf("%zu bytes per idle client\n", each);
    return kSanitized ? 0 : each;
  }

  LeasedPort port_;
  support::TlsFiles files_;
};

// Most of it is OpenSSL's, which has 9 to 14 KB more where it keeps its buffers (SSL_MODE_RELEASE_BUFFERS).
TEST_F(IdleTransports, T41_OneOverTlsKeepsNoBuffers) {
  EXPECT_LT(bytes_per_client(files_.settings(port_.number()),
                             [&] { return RawClient(port_.number(), support::TlsClient{}); }),
            22'000U);
}

TEST_F(IdleTransports, T41_OneOverWebSocketKeepsNoRequest) {
  const std::string url = "ws://127.0.0.1:" + std::to_string(port_.number()) + "/mqtt";
  EXPECT_LT(bytes_per_client({{"listeners.web.url", url}},
                             [&] {
                               RawClient raw(port_.number());
                               raw.upgrade();
                               return raw;
                             }),
            4'000U);
}

TEST_F(IdleTransports, T41_OneOverWebSocketAndTlsKeepsNeither) {
  EXPECT_LT(bytes_per_client(files_.settings(port_.number(), "wss"),
                             [&] {
                               RawClient raw(port_.number(), support::TlsClient{});
                               raw.upgrade();
                               return raw;
                             }),
            22'000U);
}

}  // namespace hermod::integration
