// Every message of a named queue goes to one consumer.

#include <algorithm>
#include <set>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

using CompetingConsumers = VersionedBrokerTest;

TEST_P(CompetingConsumers, ShareTheMessagesOfAQueue) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"order", "none"}}));
  std::vector<MqttClient> consumers;
  for (const char* id : {"c1", "c2", "c3"}) {
    consumers.push_back(client(id, GetParam()));
    consumers.back().subscribe("$queue/orders", 1);
  }
  MqttClient publisher = client("publisher", GetParam());
  std::multiset<std::string> sent;
  for (int i = 0; i < 60; ++i) {
    publisher.publish("shop/a", std::to_string(i), 1);
    sent.insert(std::to_string(i));
  }
  std::multiset<std::string> received;
  while (received.size() < sent.size()) {
    const std::size_t before = received.size();
    for (MqttClient& consumer : consumers)
      while (const auto message = consumer.try_receive(20ms)) received.insert(message->payload);
    if (received.size() == before) consumers.front().ping();
  }
  EXPECT_EQ(received, sent);
  for (MqttClient& consumer : consumers) consumer.expect_quiet(20ms);
}

TEST_P(CompetingConsumers, GetAMessageThatWasPublishedBeforeThem) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  MqttClient publisher = client("publisher", GetParam());
  publisher.publish("shop/a", "0", 0);
  publisher.publish("shop/a", "1", 1);
  publisher.publish("shop/a", "2", 2);
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(3), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_P(CompetingConsumers, OneThatIsLostLeavesWhatItHadToTheOthers) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"order", "none"}}));
  MqttClient lost = client("lost", GetParam());
  lost.subscribe("$queue/orders", 1);
  MqttClient publisher = client("publisher", GetParam());
  for (int i = 0; i < 5; ++i) publisher.publish("shop/a", std::to_string(i), 1);
  for (int i = 0; i < 5; ++i) lost.receive_unacknowledged();
  MqttClient other = client("other", GetParam());
  other.subscribe("$queue/orders", 1);
  lost.drop();
  auto payloads = other.receive_payloads(5);
  std::sort(payloads.begin(), payloads.end());
  EXPECT_EQ(payloads, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

TEST_P(CompetingConsumers, AnOrdinarySubscriberGetsItsCopyAsWell) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("shop/#", 1);
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/orders", 1);
  client("publisher", GetParam()).publish("shop/a", "1", 1);
  EXPECT_EQ(subscriber.receive().payload, "1");
  const Message lent = consumer.receive();
  EXPECT_EQ(lent.payload, "1");
  if (is_v5()) {
    EXPECT_EQ(said(lent, "queue"), "orders");
    EXPECT_EQ(said(lent, "offset"), "1");
  }
}

INSTANTIATE_TEST_SUITE_P(Main, CompetingConsumers, main_versions());

}  // namespace hermod::integration
