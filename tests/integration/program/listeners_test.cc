#include "tests/support/broker_test.h"

namespace hermod::integration {

using Listeners = BrokerTest;

TEST_F(Listeners, SeveralAreServedTogether) {
  HERMOD_NEEDS_OWN_BROKER();
  const LeasedPort second;
  start_broker({.arguments = {"--listen", "mqtt://127.0.0.1:" + std::to_string(second.number())}});
  MqttClient subscriber(second.number(), {.client_id = "subscriber"});
  subscriber.subscribe("ports/topic", 1);
  client("publisher").publish("ports/topic", "across", 1);
  EXPECT_EQ(subscriber.receive().payload, "across");
}

TEST_F(Listeners, AddressAndPortAreLogged) {
  HERMOD_NEEDS_OWN_BROKER();
  broker();
  EXPECT_NE(broker().log().find("port=" + std::to_string(port())), std::string::npos) << broker().log();
}

TEST_F(Listeners, OneThreadIsEnough) {
  HERMOD_NEEDS_OWN_BROKER();
  start_broker({.threads = 1});
  expect_service();
}

TEST_F(Listeners, ManyThreadsServeTogether) {
  HERMOD_NEEDS_OWN_BROKER();
  start_broker({.threads = 8});
  std::vector<MqttClient> subscribers;
  for (int i = 0; i < 32; ++i) {
    subscribers.push_back(client("subscriber-" + std::to_string(i)));
    subscribers.back().subscribe("threads/topic", 2);
  }
  client("publisher").publish("threads/topic", "everywhere", 2);
  for (MqttClient& subscriber : subscribers) EXPECT_EQ(subscriber.receive().payload, "everywhere");
}

}  // namespace hermod::integration
