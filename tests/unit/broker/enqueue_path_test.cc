// How a PUBLISH comes into named queues, and when its publisher hears of it.

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using EnqueuePath = QueuePathTest;

TEST_F(EnqueuePath, APublisherIsAcknowledgedWhenTheQueueHasItOnDisk) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  written();
  settle();
  EXPECT_THAT(written(), ElementsAre("append"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_EQ(counted(Counter::QueueStored), 1U);
}

TEST_F(EnqueuePath, OneBatchHasTheEntriesOfAllQueuesAndSessions) {
  configure("orders", "shop/#");
  configure("audit", "#");
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "shop/a", kQoS1);
  FakeClient publisher = login("pub");
  written();
  publish(publisher, {"shop/a", "1", kQoS1, 7});
  settle();
  EXPECT_EQ(written().front(), "append, append, append");
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH shop/a=1 q1 #2"));
  FakeClient orders = consumer("c1", "orders");
  FakeClient audit = consumer("c2", "audit");
  settle();
  EXPECT_EQ(counted(Counter::QueueDelivered), 2U);
}

TEST_F(EnqueuePath, ALargeMessageIsStoredOnceForAllItsQueues) {
  configure("orders", "shop/#");
  configure("audit", "#");
  FakeClient publisher = login("pub");
  written();
  publish(publisher, {"shop/a", std::string(1000, 'x'), kQoS1, 7});
  settle();
  EXPECT_THAT(written(), ElementsAre("put Messages, append shared, append shared"));
}

TEST_F(EnqueuePath, WhoAsksIsToldWhereTheMessageIs) {
  configure("orders", "shop/#");
  configure("audit", "#");
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "shop/a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/b", "1", kQoS1, 1});
  publish_with(publisher, 2, "2", {{"want-ref", "1"}});
  publish_with(publisher, 3, "3", {{"want-ref", "0"}});
  settle();
  const auto acks = publisher.receive();
  ASSERT_THAT(acks, ::testing::SizeIs(3));
  EXPECT_THAT(acks[0].said, IsEmpty()) << "it has not asked";
  EXPECT_THAT(acks[1].said.at("msg-ref"), ::testing::AnyOf("orders/2", "audit/2"));
  EXPECT_THAT(acks[2].said, IsEmpty());
}

TEST_F(EnqueuePath, AtQoS2PubrecSaysWhereTheMessageIs) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  publish_with(publisher, 2, "2", {{"want-ref", "1"}}, kQoS2);
  settle();
  const auto acks = publisher.receive();
  ASSERT_THAT(acks, ::testing::SizeIs(1));
  EXPECT_EQ(acks[0].type, PacketType::Pubrec);
  EXPECT_EQ(acks[0].said, (Said{{"msg-ref", "orders/1"}}));
}

TEST_F(EnqueuePath, AQueueStoresQoS0AsWell) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1"});
  settle();
  FakeClient taker = consumer("c");
  EXPECT_EQ(counted(Counter::QueueDelivered), 1U);
  EXPECT_EQ(counted(Counter::PublishNoSubscribers), 0U);
}

TEST_F(EnqueuePath, AQueueIsAReceiver) {
  configure("orders", "shop/#");
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"shop/a", "1", kQoS2, 7});
  publish(publisher, {"elsewhere", "1", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7", "PUBACK #8 0x10"));
}

TEST_F(EnqueuePath, AFullQueueRefuses) {
  configure("orders", "shop/#").max_length = 2;
  FakeClient publisher = login("pub");
  for (std::uint16_t id = 1; id <= 3; ++id) publish(publisher, {"shop/a", "x", kQoS1, id});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3 0x97"));
  EXPECT_EQ(counted(Counter::QueueRefused), 1U);
  EXPECT_EQ(counted(Counter::QueueStored), 2U);
}

TEST_F(EnqueuePath, AFullQueueEndsTheConnectionOfAnOlderClient) {
  configure("orders", "shop/#").max_length = 1;
  FakeClient publisher = login({.client_id = "pub", .version = kV311});
  publish(publisher, {"shop/a", "x", kQoS1, 1});
  publish(publisher, {"shop/a", "x", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "end"));
}

TEST_F(EnqueuePath, WhatOneQueueRefusesNobodyGets) {
  configure("audit", "#");
  configure("orders", "shop/#").max_length = 1;
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "shop/a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  publish(publisher, {"shop/a", "2", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2 0x97"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH shop/a=1 q1 #2"));
  EXPECT_EQ(queued("sub"), 1U);
  EXPECT_EQ(broker().queues().find("audit")->room->held().messages, 1U);
}

TEST_F(EnqueuePath, ACommitThatFailsGivesBackItsRoom) {
  configure("orders", "shop/#").max_length = 1;
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1 0x83"));
  repair_store();
  publish(publisher, {"shop/a", "2", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #2"));
}

TEST_F(EnqueuePath, AWillMissesAFullQueueAlone) {
  configure("orders", "shop/#").max_length = 1;
  send("shop/a", 1);
  FakeClient dying = login({.client_id = "dying", .will = Testament{.topic = "shop/will", .qos = kQoS1}});
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "shop/will", kQoS1);
  dying.peer().drop(0);
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH shop/will=will q1 #2"));
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 1U);
}

TEST_F(EnqueuePath, NobodyPublishesToAQueueByItsName) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  publish(publisher, {"$queue/orders", "1", kQoS1, 1});
  publish(publisher, {"$queue/orders/shop/a", "1", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1 0x90", "PUBACK #2 0x90"));
}

}  // namespace
}  // namespace hermod::broker::testing
