#include <signal.h>

#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// SIGHUP is all or nothing: a bad file leaves everything as it was.
class Reload : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path config_ = folder_.path() / "hermod.toml";
};

TEST_F(Reload, BrokenFileChangesNothingAndIsNamed) {
  write_text(config_, "[mqtt]\nmax_packet_size = \"1MB\"\n");
  BrokerProcess broker{BrokerSetup{.arguments = {"-c", config_.string()}}};
  broker.start();
  MqttClient connected(broker.port(), {.client_id = "connected"});
  write_text(config_, "[mqtt]\nmax_packet_size = = \n");
  broker.process().signal(SIGHUP);
  const auto deadline = Clock::now() + kPatience;
  const std::string named = config_.string() + ":2";
  while (broker.log().find(named) == std::string::npos && Clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_NE(broker.log().find(named), std::string::npos) << broker.log();
  connected.ping();
  MqttClient(broker.port(), {.client_id = "another"}).ping();
  connected.disconnect();
  EXPECT_EQ(broker.stop(), 0);
}

TEST_F(Reload, GoodFileDropsNobody) {
  write_text(config_, "[log]\nlevel = \"info\"\n");
  BrokerProcess broker{BrokerSetup{.arguments = {"-c", config_.string()}}};
  broker.start();
  MqttClient connected(broker.port(), {.client_id = "connected"});
  write_text(config_, "[log]\nlevel = \"debug\"\n");
  for (int i = 0; i < 20; ++i) broker.process().signal(SIGHUP);
  connected.ping();
  MqttClient(broker.port(), {.client_id = "another"}).ping();
  connected.disconnect();
  EXPECT_EQ(broker.stop(), 0);
}

}  // namespace hermod::integration
