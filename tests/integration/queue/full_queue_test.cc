// A limit of a queue is hard, and a publisher hears of it.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

using FullQueue = BrokerTest;

TEST_F(FullQueue, RefusesUntilThereIsRoomAgain) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"max_length", "3"}}));
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(publisher.publish("shop/a", std::to_string(i), 1).reason, 0);
  const Ack refused = publisher.publish("shop/a", "3", 1);
  EXPECT_EQ(refused.reason, reason::kQuotaExceeded);
  EXPECT_EQ(publisher.publish("shop/a", "3", 2).reason, reason::kQuotaExceeded);
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  EXPECT_EQ(consumer.receive().payload, "0");
  EXPECT_EQ(consumer.receive().payload, "1");
  // There is room when the first of them has left the store.
  while (publisher.publish("shop/a", "4", 1).reason == reason::kQuotaExceeded) consumer.ping();
  EXPECT_EQ(consumer.receive_payloads(2), (std::vector<std::string>{"2", "4"}));
}

TEST_F(FullQueue, TellsAnOlderClientByTheEndOfItsConnection) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"max_bytes", "100B"}}));
  MqttClient publisher = client("publisher", Version::V311);
  publisher.publish("shop/a", std::string(80, 'x'), 1);
  publisher.send_publish({.topic = "shop/a", .payload = std::string(80, 'x'), .qos = 1});
  publisher.expect_ended({});
}

TEST_F(FullQueue, IsFullAfterARestartToo) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"max_length", "2"}}));
  {
    MqttClient publisher = client("publisher");
    for (int i = 0; i < 2; ++i) publisher.publish("shop/a", std::to_string(i), 1);
  }
  broker().kill();
  broker().start();
  EXPECT_EQ(client("publisher").publish("shop/a", "2", 1).reason, reason::kQuotaExceeded);
}

}  // namespace hermod::integration
