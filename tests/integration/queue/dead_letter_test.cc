// What nobody can take becomes a dead letter, with its history.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

using DeadLetter = BrokerTest;

TEST_F(DeadLetter, AfterTheLastDeliveryItLiesInTheQueueForDeadLetters) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"retry", "10ms"}, {"max_deliveries", "3"}}));
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  client("publisher").publish("shop/a", "poison", 1);
  for (int delivery = 1; delivery <= 3; ++delivery) {
    const Message message = consumer.receive_unacknowledged();
    EXPECT_EQ(said(message, "x-delivery-count"), std::to_string(delivery));
    consumer.send_ack(Type::Puback, message.packet_id, reason::kUnspecifiedError);
  }
  MqttClient undertaker = client("undertaker");
  undertaker.subscribe("$queue/orders.dlq", 1);
  const Message dead = undertaker.receive();
  EXPECT_EQ(dead.topic, "shop/a");
  EXPECT_EQ(dead.payload, "poison");
  EXPECT_EQ(said(dead, "queue"), "orders.dlq");
  EXPECT_EQ(said(dead, "x-first-death-reason"), "delivery_limit");
  EXPECT_EQ(said(dead, "x-first-death-queue"), "orders");
}

TEST_F(DeadLetter, ARejectedMessageIsOneAtOnceAndOutlivesAKill) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  client("publisher").publish("shop/a", "1", 1);
  const Message message = consumer.receive_unacknowledged();
  consumer.send_ack(Type::Puback, message.packet_id, reason::kNotAuthorized);
  {
    MqttClient undertaker = client("undertaker");
    undertaker.subscribe("$queue/orders.dlq", 1);
    EXPECT_EQ(said(undertaker.receive_unacknowledged(), "x-first-death-reason"), "rejected");
  }
  broker().kill();
  broker().start();
  MqttClient undertaker = client("undertaker");
  undertaker.subscribe("$queue/orders.dlq", 1);
  EXPECT_EQ(said(undertaker.receive(), "x-first-death-reason"), "rejected");
  MqttClient back = client("consumer");
  back.subscribe("$queue/orders", 1);
  back.expect_quiet(50ms);
}

}  // namespace hermod::integration
