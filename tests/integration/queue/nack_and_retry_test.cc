// A consumer that cannot take a message now gets it, or another one, after a pause.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

using NackAndRetry = BrokerTest;

TEST_F(NackAndRetry, APubackWithAReasonBringsItBack) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"retry", "100ms"}}));
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  client("publisher").publish("shop/a", "1", 1);
  const Message first = consumer.receive_unacknowledged();
  EXPECT_EQ(said(first, "x-delivery-count"), "1");
  consumer.send_ack(Type::Puback, first.packet_id, reason::kQuotaExceeded);
  const Message second = consumer.receive();
  EXPECT_EQ(second.payload, "1");
  EXPECT_EQ(said(second, "x-delivery-count"), "2");
  EXPECT_FALSE(second.dup) << "a retry is a new delivery";
  EXPECT_NE(second.packet_id, first.packet_id);
}

TEST_F(NackAndRetry, AnOlderClientPublishesWhatItCannotTake) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"retry", "1h"}}));
  MqttClient consumer = client("consumer", Version::V311);
  consumer.subscribe("$queue/orders", 1);
  client("publisher").publish("shop/a", "1", 1);
  const Message first = consumer.receive_unacknowledged();
  consumer.publish("$queue/orders/$nack/1/0", "", 1);
  consumer.acknowledge(first);
  EXPECT_EQ(consumer.receive().payload, "1");
  consumer.ping();
  MqttClient next = client("next", Version::V311);
  next.subscribe("$queue/orders", 1);
  next.expect_quiet(50ms);
}

TEST_F(NackAndRetry, WhoDoesNotAnswerInTimeLosesTheMessage) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"ack_timeout", "200ms"}, {"retry", "10ms"}}));
  MqttClient slow = client("slow");
  slow.subscribe("$queue/orders", 1);
  client("publisher").publish("shop/a", "1", 1);
  const Message taken = slow.receive_unacknowledged();
  MqttClient other = client("other");
  other.subscribe("$queue/orders", 1);
  const Message again = other.receive();
  EXPECT_EQ(again.payload, "1");
  slow.acknowledge(taken);  // too late: ignored
  slow.ping();
}

}  // namespace hermod::integration
