// The owner of a named queue: pauses, timeouts, dead letters, and a store that fails.

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::SizeIs;

class QueuePath : public QueuePathTest {
 protected:
  /// The queue that all tests here use.
  queue::QueueDefinition& orders() {
    queue::QueueDefinition& definition = configure("orders", "shop/#");
    definition.retry = *queue::RetryPolicy::parse("10s");
    return definition;
  }
};

TEST_F(QueuePath, ANackBringsItBackAfterThePause) {
  orders();
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  written();
  taker.ack(PacketType::Puback, came[0].id, ReasonCode::QuotaExceeded);
  settle();
  EXPECT_THAT(written(), ElementsAre("put Deliveries"));
  EXPECT_THAT(messages(taker), IsEmpty());
  broker().pass(9s);
  EXPECT_THAT(messages(taker), IsEmpty());
  broker().pass(2s);
  came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  EXPECT_EQ(came[0].said.at("x-delivery-count"), "2");
  EXPECT_EQ(counted(Counter::QueueRetried), 1U);
  written();
  taker.ack(PacketType::Puback, came[0].id);
  settle();
  EXPECT_THAT(written(), ElementsAre("erase Entries, erase Deliveries"));
}

TEST_F(QueuePath, TheConsumerSaysHowLongThePauseIs) {
  orders();
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  wire::PropertyWriter properties;
  properties.add_user("retry-after", "2");
  taker.send(
      wire::Ack{PacketType::Puback, came[0].id, ReasonCode::UnspecifiedError, properties.properties()});
  settle();
  broker().pass(1s);
  EXPECT_THAT(messages(taker), IsEmpty());
  broker().pass(2s);
  EXPECT_THAT(messages(taker), SizeIs(1));
}

TEST_F(QueuePath, AnOlderClientNacksByTopic) {
  orders();
  FakeClient taker = login({.client_id = "c", .version = kV311});
  subscribe(taker, "$queue/orders", kQoS1);
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  publish(taker, {"$queue/orders/$nack/1/3", "", kQoS1, 5});
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("PUBACK #5"));
  taker.ack(PacketType::Puback, came[0].id);  // owed all the same
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 0U);
  broker().pass(4s);
  EXPECT_THAT(messages(taker), SizeIs(1));
}

TEST_F(QueuePath, WhoDoesNotKnowTheOffsetNacksTheOldest) {
  orders();
  FakeClient taker = login({.client_id = "c", .version = kV311});
  subscribe(taker, "$queue/orders", kQoS1);
  send("shop/a", 1);
  ASSERT_THAT(messages(taker), SizeIs(1));
  publish(taker, {"$queue/orders/$nack", "", kQoS0, 0});
  settle();
  EXPECT_EQ(counted(Counter::QueueRetried), 1U);
}

TEST_F(QueuePath, ANackMeansTheLaterDeliveryOfAnEntry) {
  orders().ack_timeout = 5s;
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  ASSERT_THAT(messages(taker), SizeIs(1));
  broker().pass(16s);  // timed out, and paused
  const auto again = messages(taker);
  ASSERT_THAT(again, SizeIs(1));
  publish(taker, {"$queue/orders/$nack/1", "", kQoS1, 9});
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("PUBACK #9"));
  taker.ack(PacketType::Puback, again[0].id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 0U) << "it was refused";
  EXPECT_EQ(counted(Counter::QueueRetried), 1U);
}

TEST_F(QueuePath, ANackOfWhatOneDoesNotHaveIsCounted) {
  orders();
  FakeClient taker = consumer("c");
  publish(taker, {"$queue/orders/$nack/77", "", kQoS1, 5});
  publish(taker, {"$queue/orders/$nack/x", "", kQoS1, 6});
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("PUBACK #5 0x10", "PUBACK #6 0x90"));
  EXPECT_EQ(counted(Counter::QueueLateAcks), 1U);
}

TEST_F(QueuePath, WhoDoesNotAnswerLosesItToAnother) {
  orders().ack_timeout = 5s;
  FakeClient slow = consumer("slow");
  send("shop/a", 1);
  const auto came = messages(slow);
  ASSERT_THAT(came, SizeIs(1));
  FakeClient other = consumer("other");
  broker().pass(6s);
  EXPECT_EQ(counted(Counter::QueueAckTimeouts), 1U);
  broker().pass(11s);
  auto again = messages(other);
  if (again.empty()) again = messages(slow);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].said.at("x-delivery-count"), "2");
  slow.ack(PacketType::Puback, came[0].id);
  settle();
  EXPECT_EQ(counted(Counter::QueueLateAcks), 1U);
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 0U);
}

TEST_F(QueuePath, ARejectedMessageIsADeadLetter) {
  orders();
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  written();
  taker.ack(PacketType::Puback, came[0].id, ReasonCode::NotAuthorized);
  settle();
  EXPECT_THAT(written(), ElementsAre("append, erase Entries"));
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 1U);
  FakeClient undertaker = consumer("u", "orders.dlq");
  settle();
  EXPECT_EQ(broker().queues().find("orders.dlq")->room->held().messages, 1U);
}

TEST_F(QueuePath, ADeadLetterSaysWhatItDiedOf) {
  orders().max_deliveries = 2;
  FakeClient undertaker = consumer("u", "orders.dlq");
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  for (int delivery = 1; delivery <= 2; ++delivery) {
    const auto came = messages(taker);
    ASSERT_THAT(came, SizeIs(1)) << delivery;
    taker.ack(PacketType::Puback, came[0].id, ReasonCode::UnspecifiedError);
    broker().pass(11s);
  }
  const auto dead = messages(undertaker);
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].topic, "shop/a");
  EXPECT_EQ(dead[0].said.at("queue"), "orders.dlq");
  EXPECT_EQ(dead[0].said.at("x-first-death-reason"), "delivery_limit");
  EXPECT_EQ(dead[0].said.at("x-first-death-queue"), "orders");
  EXPECT_EQ(counted(Counter::QueueDeadDeliveryLimit), 1U);
}

TEST_F(QueuePath, AnExpiredMessageDiesOfIt) {
  orders();
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "shop/a", .payload = "old", .qos = kQoS1, .id = 1, .expiry = 2});
  settle();
  broker().pass(3s);
  EXPECT_EQ(counted(Counter::QueueDeadExpired), 1U);
  FakeClient undertaker = consumer("u", "orders.dlq");
  FakeClient taker = consumer("c");
  EXPECT_THAT(messages(taker), IsEmpty());
}

TEST_F(QueuePath, WithoutAPlaceForDeadLettersTheyAreCounted) {
  orders().dead_letter = "none";
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  taker.ack(PacketType::Puback, came[0].id, ReasonCode::NotAuthorized);
  settle();
  EXPECT_EQ(counted(Counter::QueueDroppedRejected), 1U);
}

TEST_F(QueuePath, WhatTheStoreDidNotTakeIsWrittenAgain) {
  orders();
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  fail_next_commit();
  taker.ack(PacketType::Puback, came[0].id, ReasonCode::NotAuthorized);
  settle();
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 0U);
  EXPECT_EQ(broker().queues().find("orders.dlq")->room->held().messages, 0U);
  repair_store();
  written();
  broker().pass(2s);
  EXPECT_THAT(written(), ElementsAre("append, erase Entries"));
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 1U);
  EXPECT_EQ(broker().queues().find("orders.dlq")->room->held().messages, 1U);
}

TEST_F(QueuePath, ASessionWithoutSequencesGetsThemWhenTheStoreIsBack) {
  orders();
  FakeClient taker = login({.client_id = "c", .durable = true});
  subscribe(taker, "$queue/orders", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  broker().commit();  // the message
  fail_next_commit();
  settle();
  repair_store();
  broker().pass(3s);
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
}

}  // namespace
}  // namespace hermod::broker::testing
