#include <signal.h>

#include <set>

#include "tests/support/broker_test.h"

namespace hermod::integration {

class Sigterm : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }
};

TEST_F(Sigterm, ClientsAreToldAndTheExitCodeIsZero) {
  broker();
  std::vector<MqttClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(client("client-" + std::to_string(i), i % 2 == 0 ? Version::V5 : Version::V311));
  }
  EXPECT_EQ(broker().stop(), 0);
  for (MqttClient& told : clients) told.expect_ended({reason::kServerShuttingDown});
  broker().start();
}

TEST_F(Sigterm, SigintDoesTheSame) {
  MqttClient told = client("told");
  broker().process().signal(SIGINT);
  told.expect_ended({reason::kServerShuttingDown});
  EXPECT_EQ(broker().process().wait(scaled(10s)), 0);
  broker().start();
}

// What the broker took before the signal is not lost by it.
TEST_F(Sigterm, WorkUnderWayIsFinished) {
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("stop/topic", 1);
    sleeper.disconnect();
  }
  std::set<std::string> acknowledged;
  {
    MqttClient publisher = client("publisher");
    std::string burst;
    for (std::uint16_t id = 1; id <= 90; ++id) {
      burst += publish_bytes(
          Version::V5, {.topic = "stop/topic", .payload = std::to_string(id), .qos = 1, .packet_id = id});
    }
    publisher.raw().send(burst);
    EXPECT_EQ(broker().stop(), 0);
    while (const auto packet = publisher.raw().poll(kPatience)) {
      if (packet->type != Type::Puback) continue;
      const Ack ack = parse_ack(Version::V5, Type::Puback, *packet);
      if (ack.reason == 0) acknowledged.insert(std::to_string(ack.packet_id));
    }
  }
  broker().start();
  MqttClient sleeper = durable_client("sleeper");
  while (!acknowledged.empty()) acknowledged.erase(sleeper.receive().payload);
}

TEST_F(Sigterm, OpenConnectionsDoNotDelayTheEnd) {
  broker();
  RawClient silent(port());
  RawClient stuck(port(), 4096);
  stuck.send(connect_bytes({.client_id = "stuck"}) + subscribe_bytes(Version::V5, 1, {{"stuck/topic", 0}}));
  stuck.next();
  stuck.next();
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 100; ++i) publisher.publish("stuck/topic", std::string(20000, 'x'), 0);
  const auto start = Clock::now();
  EXPECT_EQ(broker().stop(), 0);
  EXPECT_LT(since(start), scaled(8s));
  broker().start();
}

}  // namespace hermod::integration
