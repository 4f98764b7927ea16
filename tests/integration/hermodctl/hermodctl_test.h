#pragma once
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// The operator's tool beside a broker with something in its store.
class Hermodctl : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }

  Finished hermodctl(std::vector<std::string> arguments) {
    const std::filesystem::path broker(support::broker_binary());
    arguments.insert(arguments.begin(), (broker.parent_path() / "hermodctl").string());
    return run(arguments);
  }
  /// The same, and it must end with this code.
  std::string hermodctl(const std::vector<std::string>& arguments, int exit_code) {
    const Finished finished = hermodctl(arguments);
    EXPECT_EQ(finished.exit_code, exit_code) << finished.output << finished.errors;
    return exit_code == 0 || exit_code == 3 ? finished.output + finished.errors : finished.errors;
  }

  std::string data() { return broker().data_folder().string(); }
  std::string backup() const { return (folder_.path() / "backup").string(); }

  /// A durable session that is away, subscribed to work/#.
  void add_sleeper() {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("work/#", 1);
    sleeper.disconnect();
  }
  void publish(int from, int to, const std::string& padding = "") {
    MqttClient publisher = client("publisher");
    for (int i = from; i < to; ++i) publisher.publish("work/one", std::to_string(i) + padding, 1);
  }
  /// The broker goes on with what the backup has.
  void restore_into_broker() {
    broker().kill();
    std::filesystem::remove_all(data());
    hermodctl({"restore", backup(), "-d", data()}, 0);
    broker().start();
  }

  TemporaryFolder folder_;
};

}  // namespace hermod::integration
