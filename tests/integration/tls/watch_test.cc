#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

namespace fs = std::filesystem;

class TlsWatchedFiles : public Tls {
 protected:
  std::string server() { return raw_over_tls().tls().server(); }
  void replace_by_rename(const std::string& name) {
    files_.write_pair("next", files_.authority().issue({.common_name = name}));
    for (const char* ending : {".pem", ".key"})
      fs::rename(files_.path(std::string("next") + ending), files_.path(std::string("server") + ending));
  }
  /// Waits for `answer` behind what the log says now, after `change`.
  template <class Change>
  void after(Change change, const std::string& answer, Where where = Where::current()) {
    const std::size_t before = broker().log().size();
    change();
    const auto deadline = Clock::now() + kPatience;
    while (broker().log().find(answer, before) == std::string::npos) {
      if (Clock::now() > deadline) fail(where, "not in the log: " + answer);
      std::this_thread::sleep_for(Millis(5));
    }
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
