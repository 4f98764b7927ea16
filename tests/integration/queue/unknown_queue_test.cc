// A queue that is not there, and one that a subscription makes.

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

using UnknownQueue = BrokerTest;

TEST_F(UnknownQueue, IsRefusedWithTheReason) {
  HERMOD_NEEDS_OWN_BROKER();
  MqttClient consumer = client("consumer");
  const Ack refused = consumer.subscribe_all({{"$queue/orders", 1}});
  EXPECT_EQ(refused.reasons.at(0), reason::kTopicFilterInvalid);
  EXPECT_TRUE(refused.properties.text(property::kReasonString).has_value());
  MqttClient older = client("older", Version::V311);
  EXPECT_EQ(older.subscribe_all({{"$queue/orders", 1}}).reasons.at(0), 0x80);
}

TEST_F(UnknownQueue, IsMadeWhereThatIsAllowed) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queue.auto_create", "true"}});
  MqttClient consumer = client("consumer", Version::V311);
  EXPECT_EQ(consumer.subscribe("$queue/orders/shop/#", 1).reasons.at(0), 1);
  client("publisher").publish("shop/a", "1", 1);
  EXPECT_EQ(consumer.receive().payload, "1");
  MqttClient other = client("other");
  EXPECT_EQ(other.subscribe("$queue/orders", 1).reasons.at(0), 1);
}

}  // namespace hermod::integration
