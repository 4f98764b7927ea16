#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

/// What -t and $SYS tell about TLS.
class TlsNumbers : public Tls {
 protected:
  Finished checked(const Settings& listener) {
    std::vector<std::string> words{broker_binary(), "-t"};
    Settings all = files_.settings(tls_port_.number());
    for (const auto& [key, value] : listener) all.emplace_back("listeners.secure." + key, value);
    for (const auto& [key, value] : all) words.insert(words.end(), {"--set", key + "=" + value});
    return run(words);
  }
};

TEST_F(TlsNumbers, ACheckOfTheConfigurationOpensTheFiles) {
  const Finished good = checked({});
  EXPECT_EQ(good.exit_code, 0) << good.errors;
  EXPECT_THAT(good.errors, HasSubstr("warning: listener secure: " + files_.path("server.pem") +
                                     ": the certificate ends on"));
  const Finished bad = checked({{"key", files_.path("missing.key")}});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.errors, HasSubstr("listener secure: " + files_.path("missing.key") + ": No such file"));
  EXPECT_EQ(bad.output, "");
}

TEST_F(TlsNumbers, AreBelowSys) {
  start_tls();
  MqttClient reader = client("reader");
  reader.subscribe("$SYS/broker/tls/cert_expiry_seconds", 0);
  const int left = std::stoi(reader.receive().payload);
  EXPECT_GT(left, 23 * 3600);
  EXPECT_LE(left, 24 * 3600);
}

TEST_F(TlsNumbers, ACertificateThatEndsSoonIsWarnedOf) {
  files_.write_pair("server", files_.authority().issue({.common_name = "localhost",
                                                        .valid_for = std::chrono::hours{13 * 24 + 1}}));
  start_tls();
  expect_logged("server.pem: the certificate ends on");
  expect_logged("in 13 days");
}

}  // namespace hermod::integration
