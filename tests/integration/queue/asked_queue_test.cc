// Queues whose owner decides what comes in: duplicates, rates, and what leaves for what is new.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

namespace {

PublishOptions with_id(std::string payload, std::string_view id) {
  PublishOptions publish{.topic = "shop/a", .payload = std::move(payload), .qos = 1};
  publish.properties.user("msg-id", id);
  return publish;
}

}  // namespace

using AskedQueue = BrokerTest;

TEST_F(AskedQueue, AFullOneDropsItsOldest) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"max_length", "3"}, {"overflow", "drop-oldest"}}));
  MqttClient publisher = client("publisher", Version::V311);
  for (int i = 0; i < 10; ++i) publisher.publish("shop/a", std::to_string(i), 1);
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(3), (std::vector<std::string>{"7", "8", "9"}));
  consumer.expect_quiet(50ms);
}

TEST_F(AskedQueue, ADuplicateIsKnownAlsoAfterAKill) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"dedup_window", "1h"}}));
  EXPECT_EQ(client("publisher").publish(with_id("first", "x")).reason, 0);
  broker().kill();
  broker().start();
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish(with_id("again", "x")).reason, 0);
  EXPECT_EQ(publisher.publish(with_id("other", "y")).reason, 0);
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(2), (std::vector<std::string>{"first", "other"}));
  consumer.expect_quiet(50ms);
}

TEST_F(AskedQueue, OfAKeyOnlyTheNewestIsKept) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"last_value", "true"}}));
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 5; ++i) publisher.publish(keyed("shop/a", std::to_string(i), "k"));
  publisher.publish(keyed("shop/b", "other", "l"));
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(2), (std::vector<std::string>{"4", "other"}));
}

TEST_F(AskedQueue, WhoIsTooFastIsRefused) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"rate_in", "1/s"}}));
  MqttClient publisher = client("publisher");
  std::vector<std::uint16_t> sent;
  for (int i = 0; i < 50; ++i)
    sent.push_back(publisher.send_publish({.topic = "shop/a", .payload = "x", .qos = 1}));
  std::size_t refused = 0;
  for (const std::uint16_t id : sent)
    if (publisher.await_ack(Type::Puback, id).reason == reason::kQuotaExceeded) ++refused;
  EXPECT_GT(refused, 0U);
  EXPECT_LT(refused, sent.size());
}

TEST_F(AskedQueue, PublishersOnAllShardsAreAnswered) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"max_length", "50"}, {"overflow", "drop-oldest"}, {"order", "none"}}));
  std::vector<MqttClient> publishers;
  for (int i = 0; i < 6; ++i) publishers.push_back(client("publisher-" + std::to_string(i)));
  std::vector<std::vector<std::uint16_t>> sent(publishers.size());
  for (int round = 0; round < 20; ++round)
    for (std::size_t i = 0; i < publishers.size(); ++i)
      sent[i].push_back(publishers[i].send_publish({.topic = "shop/a", .payload = "x", .qos = 1}));
  for (std::size_t i = 0; i < publishers.size(); ++i)
    for (const std::uint16_t id : sent[i]) EXPECT_EQ(publishers[i].await_ack(Type::Puback, id).reason, 0);
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(50).size(), 50U);
  consumer.expect_quiet(50ms);
}

}  // namespace hermod::integration
