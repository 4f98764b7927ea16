#include <signal.h>

#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

class Sigterm : public BrokerTest {
 protected:
  // These clients do not close after the broker's DISCONNECT; it need not wait long for them.
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    start_with({{setting::kCloseTime, "300ms"}});
  }
};

TEST_F(Sigterm, ClientsAreToldAndTheExitCodeIsZero) {
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

// What was taken before the signal is still answered.
TEST_F(Sigterm, WorkUnderWayIsFinished) {
  MqttClient publisher = client("publisher");
  std::string burst;
  for (std::uint16_t id = 1; id <= 90; ++id) {
    burst += publish_bytes(Version::V5, {.topic = "stop/topic", .payload = "x", .qos = 1, .packet_id = id});
  }
  publisher.raw().send(burst);
  publisher.await_ack(Type::Puback, 1);
  EXPECT_EQ(broker().stop(), 0);
  for (std::uint16_t id = 2; id <= 90; ++id) publisher.await_ack(Type::Puback, id);
  publisher.expect_ended({reason::kServerShuttingDown});
  broker().start();
}

TEST_F(Sigterm, OpenConnectionsDoNotDelayTheEnd) {
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
