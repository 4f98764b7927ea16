#include "tests/integration/listeners/listeners_test.h"

namespace hermod::integration {

using Addresses = LanListener;

TEST_F(Addresses, AllUrlsOfAListenerAreServed) {
  const LeasedPort second;
  start_with(lan({{"url", url() + ", mqtt://127.0.0.1:" + std::to_string(second.number())}}));
  MqttClient subscriber(lan_port_.number(), {.client_id = "subscriber"});
  subscriber.subscribe("ports/topic", 1);
  MqttClient(second.number(), {.client_id = "publisher"}).publish("ports/topic", "across", 1);
  EXPECT_EQ(subscriber.receive().payload, "across");
  expect_logged("listener=lan address=127.0.0.1 port=" + std::to_string(second.number()));
}

TEST_F(Addresses, OneThatIsTakenIsToldWithItsListener) {
  expect_not_started({"--set", "listeners.lan.url=mqtt://127.0.0.1:" + std::to_string(port())},
                     "listener lan: cannot listen on 127.0.0.1:" + std::to_string(port()));
}

TEST_F(Addresses, MaxConnectionsOfAListenerIsItsOwn) {
  start_with(lan({{"url", url()}, {"max_connections", "2"}}));
  const auto enter = [&](const std::string& id) { return MqttClient(lan_port_.number(), {.client_id = id}); };
  MqttClient first = enter("first");
  MqttClient second = enter("second");
  RawClient third(lan_port_.number());
  EXPECT_TRUE(third.drain_until_closed());
  expect_logged(
      "listener.refused listener=lan address=127.0.0.1 why=\"listeners.lan.max_connections is reached\"");
  client("elsewhere").ping();
  second.disconnect();
  enter("again").ping();
  first.ping();
}

TEST_F(Addresses, ALimitByAddressOfAListenerIsItsOwn) {
  start_with(lan({{"url", url()}, {"max_connections_per_address", "2"}}));
  const auto enter = [&](const std::string& id) { return MqttClient(lan_port_.number(), {.client_id = id}); };
  const MqttClient first = enter("first");
  const MqttClient second = enter("second");
  RawClient third(lan_port_.number());
  EXPECT_TRUE(third.drain_until_closed());
  expect_logged(
      "connection.refused address=127.0.0.1 why=\"listeners.lan.max_connections_per_address is reached\"");
  client("elsewhere").ping();
}

TEST_F(Addresses, APlaceIsFreeWhenItsClientSeesTheEndOfTheStream) {
  start_broker({.settings = lan({{"url", url()}, {"max_connections", "1"}}), .threads = 1});
  for (int round = 0; round < 20; ++round) {
    RawClient raw(lan_port_.number());
    raw.send(connect_bytes({.client_id = "only"}));
    raw.next();
    raw.send(disconnect_bytes(Version::V5));
    raw.finish_sending();
    EXPECT_TRUE(raw.drain_until_closed()) << round;
  }
}

}  // namespace hermod::integration
