// Named queues whose messages wait in the store alone.

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

class QueuePagePath : public QueuePathTest {
 protected:
  /// Of what waits in a queue eight messages are in memory.
  queue::QueueDefinition& small_orders() {
    options_.queues.held_messages = 8;
    queue::QueueDefinition& definition = configure("orders", "shop/#");
    definition.retry = *queue::RetryPolicy::parse("10s");
    return definition;
  }
  queue::Amount in_memory(std::string_view queue = "orders") {
    return broker().queues().find(queue)->room->in_memory();
  }
  queue::Amount kept(std::string_view queue = "orders") {
    return broker().queues().find(queue)->room->held();
  }
  /// Its first messages have come with SUBACK.
  FakeClient subscriber(const std::string& queue) {
    FakeClient client = login("c");
    client.subscribe({1}, {{"$queue/" + queue, kQoS1}});
    settle();
    return client;
  }
  /// What the client gets when it acknowledges everything.
  std::vector<std::string> taken_by(FakeClient& client) {
    std::vector<std::string> all;
    for (bool is_more = true; is_more;) {
      is_more = false;
      for (const test::Arrived& one : messages(client)) {
        all.push_back(one.payload);
        client.ack(PacketType::Puback, one.id);
        is_more = true;
      }
      settle();
    }
    return all;
  }
  static std::vector<std::string> counted_up(int to) {
    std::vector<std::string> all;
    for (int i = 1; i <= to; ++i) all.push_back(std::to_string(i));
    return all;
  }
};

TEST_F(QueuePagePath, ABacklogIsDeliveredFromTheStoreInItsOrder) {
  small_orders();
  send("shop/a", 100);
  EXPECT_EQ(kept().messages, 100U);
  EXPECT_EQ(in_memory().messages, 8U);
  EXPECT_EQ(broker().pages().answered(), 0U);
  FakeClient taker = subscriber("orders");
  EXPECT_EQ(taken_by(taker), counted_up(100));
  EXPECT_GT(broker().pages().answered(), 10U);
  EXPECT_EQ(kept().messages, 0U);
  EXPECT_EQ(in_memory(), queue::Amount{});
}

TEST_F(QueuePagePath, AStoreThatCannotBeReadIsAskedAgain) {
  small_orders().order = queue::QueueDefinition::Order::None;
  send("shop/a", 20);
  FakeClient taker = login({.client_id = "c"});
  taker.subscribe({1}, {{"$queue/orders", kQoS1}});
  do {
    settle_without_commit();
  } while (broker().commit());
  // The first of its messages are sent by now.
  ASSERT_GT(broker().pages().asked(), 0U);
  while (broker().pages().fail()) settle_without_commit();
  const std::size_t failed = broker().pages().answered();
  settle();
  EXPECT_EQ(broker().pages().answered(), failed) << "not at once";
  broker().pass(2s);
  EXPECT_EQ(taken_by(taker), counted_up(20));
}

TEST_F(QueuePagePath, WhatIsDeadFarBehindIsReadForItsBatch) {
  small_orders().ttl = 5s;
  send("shop/a", 40);
  broker().pass(7s);
  EXPECT_EQ(kept().messages, 0U);
  EXPECT_EQ(kept("orders.dlq").messages, 40U);
  EXPECT_EQ(in_memory("orders.dlq").messages, 8U);
  EXPECT_EQ(counted(Counter::QueueDeadExpired), 40U);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 0U);
  FakeClient taker = subscriber("orders.dlq");
  EXPECT_EQ(taken_by(taker), counted_up(40));
}

TEST_F(QueuePagePath, WhatMakesRoomAsADeadLetterIsRead) {
  queue::QueueDefinition& definition = small_orders();
  definition.max_length = 20;
  definition.overflow = queue::QueueDefinition::Overflow::DeadLetter;
  send("shop/a", 60);
  EXPECT_EQ(kept().messages, 20U);
  EXPECT_EQ(kept("orders.dlq").messages, 40U);
  EXPECT_EQ(counted(Counter::QueueDeadMaxLength), 40U);
  FakeClient taker = subscriber("orders.dlq");
  EXPECT_EQ(taken_by(taker), counted_up(40));
}

TEST(QueuePages, ManyQueuesHoldLessEach) {
  const queue::NamedQueueOptions options;
  const queue::Amount alone = queue::held_limit(options, 1);
  EXPECT_EQ(alone, (queue::Amount{options.held_messages, options.held_bytes}));
  const queue::Amount one_of_many = queue::held_limit(options, 1000);
  EXPECT_LT(one_of_many.bytes, alone.bytes / 10);
  EXPECT_EQ(queue::held_limit(options, 1'000'000).messages, 32U);
}

}  // namespace
}  // namespace hermod::broker::testing
