// A backlog that is larger than what a queue holds in memory.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

class QueueBacklog : public VersionedBrokerTest {
 protected:
  static constexpr std::size_t kMessages = 100;
  static constexpr std::size_t kSize = 16'384;  ///< of a payload: some 30 of them are held

  std::vector<std::string> publish_backlog() {
    std::vector<std::string> sent;
    MqttClient publisher = client("publisher", GetParam());
    for (std::size_t i = 0; i < kMessages; ++i) {
      sent.push_back(std::to_string(i) + ':' + std::string(kSize, static_cast<char>('a' + i % 26)));
      publisher.publish("shop/a", sent.back(), 1);
    }
    return sent;
  }
};

TEST_P(QueueBacklog, WhatIsInTheStoreAloneIsDeliveredInItsOrder) {
  start_with(orders());
  const std::vector<std::string> sent = publish_backlog();
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(sent.size()), sent);
}

TEST_P(QueueBacklog, AStartReadsItWhenItComesNear) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"order", "strict"}}));
  const std::vector<std::string> sent = publish_backlog();
  broker().kill();
  broker().start();
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive_payloads(sent.size()), sent);
}

TEST_P(QueueBacklog, WhatExpiresFarBehindIsADeadLetter) {
  start_with(orders({{"ttl", "1s"}}));
  const std::vector<std::string> sent = publish_backlog();
  MqttClient consumer = client("consumer", GetParam());
  consumer.subscribe("$queue/orders.dlq", 1);
  EXPECT_EQ(consumer.receive_payloads(sent.size()), sent);
}

INSTANTIATE_TEST_SUITE_P(Main, QueueBacklog, main_versions());

}  // namespace hermod::integration
