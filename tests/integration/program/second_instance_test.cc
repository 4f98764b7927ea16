#include "tests/integration/program/program_test.h"

namespace hermod::integration {

class SecondInstance : public Program {};

TEST_F(SecondInstance, TakenPortIsNamed) {
  BrokerProcess first{BrokerSetup{}};
  first.start();
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  expect_refused({"--listen", "mqtt://" + address, "--data-dir", data_folder()},
                 {std::to_string(first.port())});
  MqttClient(first.port(), {.client_id = "still-served"}).ping();
  EXPECT_EQ(first.stop(), 0);
}

TEST_F(SecondInstance, TakenDataFolderIsNamed) {
  BrokerProcess first{BrokerSetup{}};
  first.start();
  const LeasedPort second;
  expect_refused({"--listen", "mqtt://127.0.0.1:" + std::to_string(second.number()), "--data-dir",
                  first.data_folder().string()},
                 {first.data_folder().string(), "process " + std::to_string(first.process().pid()) + "\""});
  MqttClient(first.port(), {.client_id = "still-served"}).ping();
  EXPECT_EQ(first.stop(), 0);
}

}  // namespace hermod::integration
