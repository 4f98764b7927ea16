#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/broker_test.h"
#include "tests/support/mqtt_names.h"

namespace hermod::integration {

/// What the log says about the end of a connection: who ended it, the reason in words and as a code.
class Log : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }
  /// Reads the log until a line has all of these.
  void expect_line(const std::vector<std::string>& parts) {
    const auto deadline = Clock::now() + kPatience;
    std::string log;
    do {
      log = broker().log();
      std::istringstream lines(log);
      for (std::string line; std::getline(lines, line);) {
        if (std::all_of(parts.begin(), parts.end(),
                        [&](const std::string& part) { return line.find(part) != std::string::npos; }))
          return;
      }
      std::this_thread::sleep_for(10ms);
    } while (Clock::now() < deadline);
    FAIL() << "no such line in\n" << log;
  }
};

TEST_F(Log, GoodbyeOfTheClientHasItsReasonAndItsWords) {
  client("polite").disconnect();
  expect_line({" info client.disconnected client=polite ", " by=client ", " code=0x00 "});
  client("leaving").disconnect(0x04, Properties{}.add(property::kReasonString, "battery is low"));
  expect_line(
      {" client.disconnected client=leaving ", " by=client ", " code=0x04 ", "why=\"battery is low\""});
}

TEST_F(Log, ConnectionThatBreaksOffIsTheNetworks) {
  client("gone").drop();
  expect_line({" client.disconnected client=gone ", " by=network ", "without DISCONNECT"});
}

TEST_F(Log, DisconnectOfTheBrokerHasReasonCodeAndWords) {
  MqttClient old = client("twin");
  MqttClient fresh = client("twin");
  expect_line({" client.disconnected client=twin ", " by=broker ", "reason=\"Session taken over\"",
               " code=0x8E ", "why=\"another connection uses this client identifier\""});
  expect_line({" notice client.disconnected_by_broker client=twin ", " code=0x8E "});
}

TEST_F(Log, ReasonStringOfAClientCannotBeginALine) {
  client("forger").disconnect(0x00, Properties{}.add(property::kReasonString, "x\ny error forged"));
  expect_line({" client.disconnected client=forger ", "x\\x0ay"});
}

TEST_F(Log, RefusedConnectHasReasonAndCode) {
  connack_of({.client_id = "\xC3\x28"});
  expect_line({" notice client.", " code=0x81 "});
}

}  // namespace hermod::integration
