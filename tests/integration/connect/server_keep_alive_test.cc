#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using ServerKeepAlive = BrokerTest;

TEST_F(ServerKeepAlive, LongerIntervalIsReplacedAndEnforced) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxKeepAlive, "1s"}});
  MqttClient capped = connect({.client_id = "capped", .keep_alive = 600});
  EXPECT_EQ(capped.connack().properties.number(property::kServerKeepAlive), 1U);
  capped.expect_ended({reason::kKeepAliveTimeout}, scaled(4s));
}

TEST_F(ServerKeepAlive, NoIntervalIsReplacedToo) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxKeepAlive, "1s"}});
  MqttClient capped = connect({.client_id = "none", .keep_alive = 0});
  EXPECT_EQ(capped.connack().properties.number(property::kServerKeepAlive), 1U);
  capped.expect_ended({reason::kKeepAliveTimeout}, scaled(4s));
}

// A Server Keep Alive is a word of MQTT 5: in MQTT 3 the client's own interval counts.
TEST_F(ServerKeepAlive, OfMqtt3IsWhatTheClientAskedFor) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxKeepAlive, "1s"}});
  MqttClient never = connect({.client_id = "never", .version = Version::V311, .keep_alive = 0});
  MqttClient seldom = connect({.client_id = "seldom", .version = Version::V311, .keep_alive = 600});
  never.expect_quiet(1500ms + scaled(500ms));
  never.ping();
  seldom.ping();  // it was as silent
}

TEST_F(ServerKeepAlive, TheLongestSilenceOfTcpIsOneTheSystemTakes) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"net.tcp_keep_alive", "9h"},
              {"net.tcp_keep_alive_interval", "1h"},
              {"net.tcp_keep_alive_probes", "127"}});
  EXPECT_EQ(connack_of({.client_id = "patient"}).reason, reason::kSuccess);
}

TEST_F(ServerKeepAlive, ShorterIntervalStays) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxKeepAlive, "100s"}});
  const Connack connack = connack_of({.client_id = "shorter", .keep_alive = 30});
  EXPECT_EQ(connack.properties.number(property::kServerKeepAlive).value_or(30), 30U);
}

}  // namespace hermod::integration
