// Consumers of named queues: what they get, what their answers do, and what becomes of it when they go.

#include <set>

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

using ConsumePath = QueuePathTest;

TEST_F(ConsumePath, WhatWaitsIsDeliveredAndErasedWhenAcknowledged) {
  configure("orders", "shop/#");
  send("shop/a", 1);
  FakeClient taker = login("c");
  taker.subscribe({1}, {{"$queue/orders", kQoS1}});
  settle();
  const auto packets = taker.receive();
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(packets[0].type, PacketType::Suback);
  EXPECT_EQ(packets[1].payload, "1");
  EXPECT_EQ(packets[1].qos, kQoS1);
  EXPECT_FALSE(packets[1].dup);
  written();
  taker.ack(PacketType::Puback, packets[1].id);
  settle();
  EXPECT_THAT(written(), ElementsAre("erase Entries"));
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 0U);
}

TEST_F(ConsumePath, ADeliverySaysWhereItComesFrom) {
  configure("orders", "shop/#");
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  EXPECT_EQ(came[0].said.at("queue"), "orders");
  EXPECT_EQ(came[0].said.at("offset"), "1");
  EXPECT_EQ(came[0].said.at("x-delivery-count"), "1");
  EXPECT_TRUE(came[0].said.contains("ts"));
}

TEST_F(ConsumePath, EachMessageGoesToOneConsumer) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient one = consumer("c1");
  FakeClient two = consumer("c2");
  send("shop/a", 10);
  const auto first = payloads(one);
  const auto second = payloads(two);
  EXPECT_EQ(first.size() + second.size(), 10U);
  EXPECT_THAT(first, SizeIs(5)) << "the one with fewer gets the next";
}

TEST_F(ConsumePath, OfAKeyOneMessageIsOutAtATime) {
  configure("orders", "shop/#");
  FakeClient taker = consumer("c");
  send("shop/a", 3);  // all of one publisher, which is their key
  auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  taker.ack(PacketType::Puback, came[0].id);
  settle();
  came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  EXPECT_EQ(came[0].payload, "2");
}

TEST_F(ConsumePath, AConsumerHasNoMoreThanMaxInflight) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.order = queue::QueueDefinition::Order::None;
  orders.max_inflight = 3;
  FakeClient taker = consumer("c");
  send("shop/a", 10);
  auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(3));
  taker.ack(PacketType::Puback, came[0].id);
  settle();
  EXPECT_THAT(messages(taker), SizeIs(1));
}

TEST_F(ConsumePath, ReceiveMaximumIsKept) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient taker = login({.client_id = "c", .receive_maximum = 2});
  subscribe(taker, "$queue/orders", kQoS1);
  send("shop/a", 10);
  auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(2));
  taker.ack(PacketType::Puback, came[1].id);
  settle();
  EXPECT_THAT(messages(taker), SizeIs(1));
}

TEST_F(ConsumePath, AtQoS0AMessageIsDoneWhenItIsSent) {
  configure("orders", "shop/#");
  FakeClient taker = consumer("c", "orders", kQoS0);
  send("shop/a", 5);
  EXPECT_THAT(payloads(taker), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 5U);
}

TEST_F(ConsumePath, WhatAConsumerHasGoesToOthersWhenItDisconnects) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient one = consumer("c1");
  send("shop/a", 3);
  EXPECT_THAT(payloads(one), ElementsAre("1", "2", "3"));
  FakeClient two = consumer("c2");
  one.peer().drop(0);
  settle();
  const auto came = messages(two);
  ASSERT_THAT(came, SizeIs(3));
  EXPECT_EQ(came[0].payload, "1");
  EXPECT_EQ(came[0].said.at("x-delivery-count"), "2");
  EXPECT_FALSE(came[0].dup) << "a new delivery";
  EXPECT_EQ(counted(Counter::QueueHandedBack), 3U);
}

TEST_F(ConsumePath, AnUnsubscribedConsumerGetsNothingMoreAndMayAcknowledge) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.order = queue::QueueDefinition::Order::None;
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  taker.unsubscribe({2}, {"$queue/orders"});
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("UNSUBACK #2 0x00"));
  send("shop/a", 1);
  EXPECT_THAT(heard(taker), IsEmpty());
  taker.ack(PacketType::Puback, came[0].id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
}

TEST_F(ConsumePath, ADurableConsumerComesBackToItsQueue) {
  configure("orders", "shop/#");
  FakeClient taker = login({.client_id = "c", .durable = true});
  subscribe(taker, "$queue/orders", kQoS1);
  taker.disconnect();
  settle();
  send("shop/a", 1);
  FakeClient back = call({.client_id = "c", .durable = true});
  settle();
  EXPECT_THAT(heard(back), Contains(::testing::StartsWith("PUBLISH shop/a=1 q1")));
}

TEST_F(ConsumePath, QueuesAndTheSessionsOwnMessagesHaveDifferentPacketIdentifiers) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient taker = login({.client_id = "c", .durable = true});
  subscribe(taker, "$queue/orders", kQoS1);
  taker.subscribe({2}, {{"shop/#", kQoS1}});
  settle();
  taker.receive();
  send("shop/a", 20);
  std::set<std::uint16_t> identifiers;
  for (const test::Arrived& one : messages(taker)) identifiers.insert(one.id.v);
  EXPECT_THAT(identifiers, SizeIs(40));
}

TEST_F(ConsumePath, ALateAcknowledgementOfAnEarlierConnectionIsNothing) {
  configure("orders", "shop/#");
  FakeClient taker = login({.client_id = "c", .durable = true});
  subscribe(taker, "$queue/orders", kQoS1);
  send("shop/a", 1);
  const auto before = messages(taker);
  ASSERT_THAT(before, SizeIs(1));
  taker.peer().drop(0);
  settle();
  FakeClient back = login({.client_id = "c", .durable = true});
  back.ack(PacketType::Puback, before[0].id);
  settle();
  EXPECT_EQ(counted(Counter::StrayAcks), 1U);
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 0U);
}

TEST_F(ConsumePath, WhatIsTooLargeForItsConsumerWaitsForAnother) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient taker = login({.client_id = "c", .maximum_packet_size = 200});
  subscribe(taker, "$queue/orders", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", std::string(300, 'x'), kQoS1, 1});
  publish(publisher, {"shop/a", "small", kQoS1, 2});
  settle();
  EXPECT_THAT(payloads(taker), ElementsAre("small"));
  EXPECT_EQ(counted(Counter::QueueTooLarge), 1U) << "once";
  publish(publisher, {"shop/a", std::string(301, 'y'), kQoS1, 3});
  settle();
  EXPECT_EQ(counted(Counter::QueueTooLarge), 1U) << "its queue knows by now";
  FakeClient other = login("other");
  other.subscribe({1}, {{"$queue/orders", kQoS1}});
  settle();
  EXPECT_THAT(payloads(other), SizeIs(2));
  EXPECT_EQ(broker().queues().find("orders.dlq")->room->held().messages, 0U);
}

/// The key is the identifier of the client that published, which is longer than the consumer's packets.
TEST_F(ConsumePath, ALongKeyIsLeftOutWhereItHasNoRoom) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient taker = login({.client_id = "c", .maximum_packet_size = 256});
  subscribe(taker, "$queue/orders", kQoS1);
  FakeClient long_one = login(std::string(300, 'p'));
  FakeClient short_one = login("pub");
  publish(long_one, {"shop/a", "1", kQoS1, 1});
  settle();
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  EXPECT_FALSE(came[0].said.contains("key"));
  EXPECT_EQ(came[0].said.at("queue"), "orders");
  publish(long_one, {"shop/a", std::string(300, 'x'), kQoS1, 2});
  publish(short_one, {"shop/a", "2", kQoS1, 1});
  settle();
  const auto smaller = messages(taker);
  ASSERT_THAT(smaller, SizeIs(1)) << "what is too large says nothing about what is smaller";
  EXPECT_EQ(smaller[0].payload, "2");
  EXPECT_EQ(smaller[0].said.at("key"), "pub");
  EXPECT_EQ(counted(Counter::QueueTooLarge), 1U);
}

TEST_F(ConsumePath, WhatIsTooLargeForAConnectionMayFitTheNext) {
  configure("orders", "shop/#");
  FakeClient taker = login({.client_id = "c", .maximum_packet_size = 200});
  subscribe(taker, "$queue/orders", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", std::string(300, 'x'), kQoS1, 1});
  settle();
  EXPECT_THAT(payloads(taker), IsEmpty());
  taker.disconnect();
  settle();
  FakeClient back = login("c");
  back.subscribe({1}, {{"$queue/orders", kQoS1}});
  settle();
  const auto came = messages(back);
  ASSERT_THAT(came, SizeIs(1));
  EXPECT_EQ(came[0].said.at("x-delivery-count"), "1") << "it was never sent";
}

TEST_F(ConsumePath, WhatExpiresWhileItWaitsForTheConnectionIsNotSent) {
  configure("orders", "shop/#");
  FakeClient taker = login({.client_id = "c", .receive_maximum = 1});
  taker.subscribe({1}, {{"$queue/orders", kQoS1}, {"own", kQoS1}});
  settle();
  taker.receive();
  FakeClient publisher = login("pub");
  publish(publisher, {"own", "x", kQoS1, 1});
  publish(publisher, {.topic = "shop/a", .payload = "1", .qos = kQoS1, .id = 2, .expiry = 5});
  settle();
  const auto own = messages(taker);
  ASSERT_THAT(own, SizeIs(1));
  broker().pass(6s);
  taker.ack(PacketType::Puback, own[0].id);
  settle();
  EXPECT_THAT(messages(taker), IsEmpty()) << "[MQTT-3.3.2-5]";
  EXPECT_EQ(counted(Counter::QueueDeadExpired), 1U);
  publish(publisher, {"shop/a", "2", kQoS1, 3});
  settle();
  EXPECT_THAT(payloads(taker), ElementsAre("2")) << "what comes next is taken";
}

TEST_F(ConsumePath, WhatWasLentForQoS0IsLentAgainForQoS1) {
  configure("first", "line/#");
  configure("orders", "shop/#");
  FakeClient taker = login({.client_id = "c", .receive_maximum = 1});
  taker.subscribe({1}, {{"$queue/first", kQoS1}, {"$queue/orders", kQoS0}, {"own", kQoS1}});
  settle();
  taker.receive();
  FakeClient publisher = login("pub");
  publish(publisher, {"own", "x", kQoS1, 1});
  publish(publisher, {"line/a", "1", kQoS1, 2});
  settle();
  publish(publisher, {"shop/a", "2", kQoS1, 3});
  settle();
  const auto own = messages(taker);
  ASSERT_THAT(own, SizeIs(1)) << "of the others one waits for quota and one behind that";
  taker.subscribe({2}, {{"$queue/orders", kQoS1}});
  settle();
  taker.receive();
  taker.ack(PacketType::Puback, own[0].id);
  settle();
  const auto first = messages(taker);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].payload, "1");
  taker.ack(PacketType::Puback, first[0].id);
  settle();
  const auto second = messages(taker);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].qos, kQoS1);
  EXPECT_EQ(second[0].said.at("x-delivery-count"), "1");
  broker().pass(31s);
  EXPECT_EQ(counted(Counter::QueueAckTimeouts), 1U) << "it is waited for";
}

TEST_F(ConsumePath, ADeliverySaysItsKeyUnlessItsPublisherDid) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient taker = consumer("c");
  FakeClient publisher = login("pub");
  publish_with(publisher, 1, "1", {{"key", "mine"}});
  publish_with(publisher, 2, "2", {{"colour", "red"}});
  settle();
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(2));
  EXPECT_EQ(came[0].said.at("key"), "mine");
  EXPECT_EQ(came[1].said.at("key"), "pub") << "the client that published it";
}

/// The end of a connection may be the last that happens in a tick, and nothing else comes.
TEST_F(ConsumePath, WhatIsLostBehindATickGoesToAnotherAtOnce) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient one = consumer("c1");
  send("shop/a", 1);
  EXPECT_THAT(payloads(one), SizeIs(1));
  FakeClient two = consumer("c2");
  one.peer().drop(0);
  one.peer().transport()->on_ready();
  EXPECT_LE(broker().next_timer(0).value(), broker().clock().now()) << "the shard is woken";
  settle();
  EXPECT_THAT(payloads(two), SizeIs(1));
}

TEST_F(ConsumePath, ConsumersOnAllShardsShareAQueue) {
  options_.threads = 3;
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.order = queue::QueueDefinition::Order::None;
  std::vector<FakeClient> takers;
  for (std::size_t shard = 0; shard < 3; ++shard)
    takers.push_back(consumer("c" + std::to_string(shard), "orders", kQoS1, shard));
  send("shop/a", 9);
  std::size_t all = 0;
  for (FakeClient& taker : takers) {
    const auto came = messages(taker);
    EXPECT_THAT(came, SizeIs(3));
    for (const test::Arrived& one : came) taker.ack(PacketType::Puback, one.id);
    all += came.size();
  }
  settle();
  EXPECT_EQ(all, 9U);
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 9U);
}

}  // namespace
}  // namespace hermod::broker::testing
