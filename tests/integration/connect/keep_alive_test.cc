#include "tests/support/broker_test.h"

namespace hermod::integration {

using KeepAlive = VersionedBrokerTest;

// [MQTT-3.1.2-22]: one and a half times the interval.
TEST_P(KeepAlive, SilentClientIsClosedAtOneAndAHalfTimesTheInterval) {
  const auto asked = Clock::now();
  MqttClient silent = connect({.client_id = "silent", .version = GetParam(), .keep_alive = 2});
  const auto granted = Clock::now();
  silent.expect_ended({reason::kKeepAliveTimeout}, 10s);
  EXPECT_GE(since(asked), 2900ms);
  EXPECT_LE(since(granted), scaled(4600ms));
}

TEST_P(KeepAlive, PingKeepsTheConnection) {
  MqttClient pinging = connect({.client_id = "pinging", .version = GetParam(), .keep_alive = 1});
  for (int i = 0; i < 5; ++i) {
    pinging.expect_quiet(600ms);
    pinging.ping();
  }
}

TEST_P(KeepAlive, AnyPacketKeepsTheConnection) {
  MqttClient talking = connect({.client_id = "talking", .version = GetParam(), .keep_alive = 1});
  for (int i = 0; i < 5; ++i) {
    talking.expect_quiet(600ms);
    talking.publish("keep/alive", "x", 0);
  }
  talking.ping();
}

// What the broker sends does not count: only the client's packets show that the client lives.
TEST_P(KeepAlive, ReceivingAloneDoesNotKeepTheConnection) {
  MqttClient listening = connect({.client_id = "listening", .version = GetParam(), .keep_alive = 1});
  MqttClient publisher = client("chatterer");
  const auto start = Clock::now();  // in front of the last packet that counts
  listening.subscribe("chatter", 0);
  bool ended = false;
  while (!ended && since(start) < scaled(6s)) {
    publisher.publish("chatter", "x", 0);
    while (listening.raw().poll(50ms)) {
    }
    ended = listening.raw().closed();
  }
  EXPECT_TRUE(ended);
  EXPECT_GE(since(start), 1400ms);
}

TEST_P(KeepAlive, ZeroTurnsItOff) {
  MqttClient eternal = connect({.client_id = "eternal", .version = GetParam(), .keep_alive = 0});
  eternal.expect_quiet(2500ms);
  eternal.ping();
}

INSTANTIATE_TEST_SUITE_P(Main, KeepAlive, main_versions());

}  // namespace hermod::integration
