// What the broker tells whoever listens, over the network.

#include <nlohmann/json.hpp>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {
namespace {

PublishOptions numbered(int seq) {
  PublishOptions publish{.topic = "shop/a", .payload = std::to_string(seq), .qos = 1};
  publish.properties.user("seq", std::to_string(seq));
  return publish;
}

}  // namespace

using Events = BrokerTest;

TEST_F(Events, AProducersGapIsTold) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"seq", "detect"}}));
  MqttClient ear = client("ear", Version::V311);
  ear.subscribe("$events/sequence/gap", 0);
  MqttClient producer = client("meter");
  for (const int seq : {1, 2, 5}) EXPECT_EQ(producer.publish(numbered(seq)).reason, 0);
  const auto told = nlohmann::json::parse(ear.receive().payload);
  EXPECT_EQ(told.at("queue"), "orders");
  EXPECT_EQ(told.at("client"), "meter");
  EXPECT_EQ(told.at("expected"), 3);
  EXPECT_EQ(told.at("missing"), 2);
}

TEST_F(Events, ANewStartTakesTheFirstNumberAsItComes) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"seq", "detect"}}));
  EXPECT_EQ(client("meter").publish(numbered(1)).reason, 0);
  broker().kill();
  broker().start();
  MqttClient ear = client("ear");
  ear.subscribe("$events/sequence/gap", 0);
  MqttClient producer = client("meter");
  EXPECT_EQ(producer.publish(numbered(7)).reason, 0);
  EXPECT_EQ(producer.publish(numbered(9)).reason, 0);
  EXPECT_EQ(nlohmann::json::parse(ear.receive().payload).at("expected"), 8);
}

TEST_F(Events, CopiesOfDeadLettersWaitForWhoIsAwayAndTheStart) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"max_length", "2"}, {"overflow", "dead-letter"}}));
  {
    MqttClient ear = durable_client("ear");
    ear.subscribe("$dead/#", 1);
  }
  {
    MqttClient producer = client("producer");
    for (int i = 1; i <= 4; ++i) EXPECT_EQ(producer.publish("shop/a", std::to_string(i), 1).reason, 0);
    MqttClient witness = client("witness");
    witness.subscribe("$queue/orders.dlq", 1);
    EXPECT_EQ(witness.receive_payloads(2), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(producer.publish("else", "-", 1).reason, 0x10) << "a turn later the copies are on their way";
  }
  broker().stop();
  broker().start();
  MqttClient ear = durable_client("ear");
  for (const char* payload : {"1", "2"}) {
    const Message copy = ear.receive();
    EXPECT_EQ(copy.topic, "$dead/shop/a");
    EXPECT_EQ(copy.payload, payload);
    EXPECT_EQ(said(copy, "x-reason"), "maxlen");
    EXPECT_EQ(said(copy, "x-queue"), "orders");
  }
}

TEST_F(Events, OnlyTheBrokerPublishesThem) {
  MqttClient forger = client("forger");
  for (const char* topic : {"$events/queue/deleted", "$dead/a", "$dropped/a", "$expired/a"})
    EXPECT_EQ(forger.publish(topic, "x", 1).reason, reason::kTopicNameInvalid) << topic;
}

}  // namespace hermod::integration
