#include <atomic>
#include <future>

#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

class TlsReload : public Tls {
 protected:
  void replace_server(const std::string& name) {
    files_.write_pair("server", files_.authority().issue({.common_name = name}));
  }
};

TEST_F(TlsReload, NewHandshakesGetTheNewCertificateAndNobodyIsDropped) {
  start_tls();
  std::vector<MqttClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(over_tls("client-" + std::to_string(i)));
  for (const char* name : {"second", "third"}) {
    replace_server(name);
    reload("config.reloaded");
    EXPECT_EQ(server(), name);
  }
  for (MqttClient& client : clients) client.ping();
}

TEST_F(TlsReload, MessagesFlowToTwoHundredClientsMeanwhile) {
  start_tls();
  std::vector<MqttClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(over_tls("client-" + std::to_string(i)));
    clients.back().subscribe("news", 1);
  }
  MqttClient publisher = over_tls("publisher");
  std::atomic<int> published{0};
  std::atomic<bool> is_over{false};
  std::future<void> flow = std::async(std::launch::async, [&] {
    while (!is_over) {
      publisher.publish("news", std::to_string(published), 1);
      ++published;
      std::this_thread::sleep_for(1ms);
    }
  });
  for (const char* name : {"second", "third", "fourth", "fifth"}) {
    replace_server(name);
    const int before = published;
    reload("config.reloaded");
    // One PUBLISH may have been on its way before the reload; the next one was sent after it or during it.
    while (published < before + 2 && flow.wait_for(1ms) == std::future_status::timeout) {
    }
  }
  is_over = true;
  flow.get();
  EXPECT_EQ(server(), "fifth");
  for (MqttClient& client : clients) {
    for (int i = 0; i < published; ++i) ASSERT_EQ(client.receive().payload, std::to_string(i));
  }
}

TEST_F(TlsReload, OneBadFileKeepsTheOldSet) {
  start_tls();
  MqttClient connected = over_tls("connected");
  files_.write_pair("server", files_.authority().issue({.common_name = "second"}));
  files_.write("server.key", "no key\n");
  reload("config.refused");
  expect_logged(files_.path("server.key") + ": there is no private key (PEM) in it");
  EXPECT_EQ(server(), "localhost");
  connected.ping();
  replace_server("third");
  reload("config.reloaded");
  EXPECT_EQ(server(), "third");
}

TEST_F(TlsReload, AListenerMayNameOtherFiles) {
  BrokerSetup setup{
      .settings = {{"listeners.secure.url", "mqtts://127.0.0.1:" + std::to_string(tls_port_.number())}},
      .arguments = {"-c", files_.path("hermod.toml")}};
  const auto write = [&](const std::string& name) {
    files_.write("hermod.toml", "[listeners.secure]\ncertificate = \"" + files_.path(name + ".pem") +
                                    "\"\nkey = \"" + files_.path(name + ".key") + "\"\n");
  };
  files_.write_pair("other", files_.authority().issue({.common_name = "other"}));
  write("server");
  start_broker(std::move(setup));
  EXPECT_EQ(server(), "localhost");
  write("other");
  reload("config.reloaded");
  expect_logged("config.changed key=listeners.secure.certificate");
  EXPECT_EQ(server(), "other");
}

TEST_F(TlsReload, ListenersAreNotLoosenedBeforeStrangersAreKeptOut) {
  BrokerSetup setup{.arguments = {"-c", files_.path("hermod.toml")}};
  const auto write = [&](const std::string& rules, const std::string& auth) {
    files_.write("hermod.toml", "[listeners.secure]\nurl = \"mqtts://0.0.0.0:" +
                                    std::to_string(tls_port_.number()) + "\"\ncertificate = \"" +
                                    files_.path("server.pem") + "\"\nkey = \"" + files_.path("server.key") +
                                    "\"\nca = \"" + files_.path("ca.pem") + "\"\n" + rules + auth);
  };
  const std::string named = "client_certificate = \"required\"\nidentity = \"cn\"\n";
  write(named, "");
  start_broker(std::move(setup));
  EXPECT_NE(refusal({}), "");
  write("client_certificate = \"optional\"\nidentity = \"cn\"\n", "[auth]\nallow_anonymous = false\n");
  for (int i = 0; i < 2; ++i) {
    reload("auth.allow_anonymous becomes false, which takes a restart");
    EXPECT_NE(refusal({}), "");
  }
}

}  // namespace hermod::integration
