#include <map>

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
  start_tls({}, {{"admin.sys_interval", "1s"}});
  const TlsSession session = [&] {
    RawClient raw = raw_over_tls();
    raw.send(connect_bytes({.client_id = "first"}));
    raw.next();
    return raw.tls().session();
  }();
  EXPECT_TRUE(raw_over_tls({.session = session}).tls().resumed());
  EXPECT_NE(refusal({.only_version = 11}), "");
  MqttClient reader = client("reader");
  reader.subscribe("$SYS/broker/tls/#", 0);
  std::map<std::string, std::string> seen;
  const auto deadline = Clock::now() + kPatience;
  while ((seen["handshakes/full"] != "1" || seen["handshakes/resumed"] != "1" ||
          seen["handshakes/failed/version"] != "1") &&
         Clock::now() < deadline) {
    const auto message = reader.receive();
    seen[message.topic.substr(std::string("$SYS/broker/tls/").size())] = message.payload;
  }
  EXPECT_EQ(seen["handshakes/full"], "1");
  EXPECT_EQ(seen["handshakes/resumed"], "1");
  EXPECT_EQ(seen["handshakes/failed/version"], "1");
  EXPECT_EQ(seen["handshakes/refused"], "0");
  const int left = std::stoi(seen["cert_expiry_seconds"]);
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
