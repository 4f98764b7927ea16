#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

namespace fs = std::filesystem;

class TlsWatchedFiles : public Tls {
 protected:
  void replace_by_rename(const std::string& name) {
    files_.write_pair("next", files_.authority().issue({.common_name = name}));
    for (const char* ending : {".pem", ".key"})
      fs::rename(files_.path(std::string("next") + ending), files_.path(std::string("server") + ending));
  }
};

TEST_F(TlsWatchedFiles, AreReadAgainWhenTheyChangeAndNobodyIsDropped) {
  start_tls();
  std::vector<MqttClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(over_tls("client-" + std::to_string(i)));
  after([&] { replace_by_rename("second"); }, "tls.files_reloaded");
  EXPECT_EQ(server(), "second");
  after([&] { files_.write("server.key", "no key\n"); }, "tls.files_refused");
  expect_logged("server.key: there is no private key (PEM) in it");
  EXPECT_EQ(server(), "second");
  after([&] { files_.write_pair("server", files_.authority().issue({.common_name = "third"})); },
        "tls.files_reloaded");
  EXPECT_EQ(server(), "third");
  for (MqttClient& client : clients) client.ping();
}

TEST_F(TlsWatchedFiles, AreTheAuthoritiesOfClientsToo) {
  start_with_client_certificates("required");
  const TlsClient old{.certificate = files_.authority().issue({.common_name = "device"})};
  MqttClient connected = over_tls("connected", old);
  Authority next("the next authority");
  after([&] { files_.write("ca.pem", certificate_pem(next.own())); }, "tls.files_reloaded");
  EXPECT_THAT(refusal(old), HasSubstr("unknown ca"));
  EXPECT_EQ(refusal({.certificate = next.issue({.common_name = "device"})}), "");
  connected.ping();
}

TEST_F(TlsWatchedFiles, ArePreSharedKeysToo) {
  const auto write = [&](const std::string& key) { files_.write("psk.txt", "sensor:" + key + "\n"); };
  write(std::string(32, '1'));
  start_tls({{"psk_file", files_.path("psk.txt")}});
  const TlsClient old{
      .only_version = 12, .ciphers = "PSK", .psk_identity = "sensor", .psk = std::string(16, '\x11')};
  MqttClient connected = over_tls("connected", old);
  after([&] { write(std::string(32, '2')); }, "tls.files_reloaded");
  EXPECT_NE(refusal(old), "");
  TlsClient now = old;
  now.psk = std::string(16, '\x22');
  EXPECT_EQ(refusal(now), "");
  connected.ping();
}

TEST_F(TlsWatchedFiles, MayBeLinksThatComeToLeadElsewhere) {
  for (const std::string version : {"1", "2"}) {
    fs::create_directories(files_.path(version));
    files_.write_pair(version + "/server", files_.authority().issue({.common_name = "version " + version}));
  }
  fs::create_symlink("1", files_.path("current"));
  start_tls({{"certificate", files_.path("current/server.pem")}, {"key", files_.path("current/server.key")}});
  EXPECT_EQ(server(), "version 1");
  after(
      [&] {
        fs::create_symlink("2", files_.path("next"));
        fs::rename(files_.path("next"), files_.path("current"));
      },
      "tls.files_reloaded");
  EXPECT_EQ(server(), "version 2");
}

TEST_F(TlsWatchedFiles, AreLeftAloneWhereTheOperatorWantsIt) {
  start_tls({}, {{"tls.watch_files", "false"}});
  replace_by_rename("second");
  EXPECT_EQ(server(), "localhost");
  reload("config.reloaded");
  EXPECT_EQ(server(), "second");
  EXPECT_EQ(broker().log().find("tls.files_reloaded"), std::string::npos);
}

}  // namespace hermod::integration
