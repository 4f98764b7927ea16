// A kill loses nothing of a named queue that was acknowledged.

#include <algorithm>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

class QueueRecovery : public VersionedBrokerTest {
 protected:
  void crash() {
    broker().kill();
    broker().start();
  }
};

TEST_P(QueueRecovery, WhatWasAcknowledgedToItsPublisherIsThereInItsOrder) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  std::vector<std::string> sent;
  {
    MqttClient publisher = client("publisher", GetParam());
    for (int i = 0; i < 50; ++i) {
      sent.push_back(std::to_string(i));
      publisher.publish("shop/a", sent.back(), 1);
    }
  }
  crash();
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(sent.size()), sent);
}

TEST_P(QueueRecovery, WhatWasOutAndNotAcknowledgedComesAgain) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"order", "none"}}));
  MqttClient publisher = client("publisher", GetParam());
  for (int i = 0; i < 6; ++i) publisher.publish("shop/a", std::to_string(i), 1);
  MqttClient consumer = durable_client("consumer", GetParam());
  consumer.subscribe("$queue/orders", 1);
  std::vector<Message> out;
  for (int i = 0; i < 6; ++i) out.push_back(consumer.receive_unacknowledged());
  crash();
  MqttClient back = durable_client("consumer", GetParam());  // its subscription is still there
  auto again = back.receive_payloads(6);
  std::sort(again.begin(), again.end());
  EXPECT_EQ(again, (std::vector<std::string>{"0", "1", "2", "3", "4", "5"}));
}

TEST_P(QueueRecovery, APauseBeforeARetryGoesOn) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"retry", "1h"}}));
  {
    MqttClient consumer = client("consumer", GetParam());
    consumer.subscribe("$queue/orders", 1);
    client("publisher", GetParam()).publish("shop/a", "1", 1);
    const Message first = consumer.receive_unacknowledged();
    consumer.publish("$queue/orders/$nack/1", "", 1);
    consumer.acknowledge(first);
    MqttClient barrier = client("barrier", GetParam());
    barrier.publish("shop/b", "2", 1);
    EXPECT_EQ(consumer.receive().payload, "2");  // which the queue had behind the answer to "1"
    barrier.publish("shop/b", "3", 1);           // and this is behind that on the disk
  }
  crash();
  MqttClient back = client("consumer", GetParam());
  back.subscribe("$queue/orders", 1);
  // The others may come again: nothing says that their acknowledgements were on the disk.
  while (const auto message = back.try_receive(100ms)) EXPECT_NE(message->payload, "1");
}

TEST_P(QueueRecovery, AQueueThatWasMadeByASubscriptionIsStillThere) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queue.auto_create", "true"}});
  {
    MqttClient consumer = client("consumer", GetParam());
    consumer.subscribe("$queue/made/by/hand/#", 1);
  }
  crash();
  client("publisher", GetParam()).publish("by/hand/1", "1", 1);
  crash();
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/made", 1);
  EXPECT_EQ(consumer.receive().payload, "1");
}

INSTANTIATE_TEST_SUITE_P(Main, QueueRecovery, main_versions());

}  // namespace hermod::integration
