// A copy says that a message has left: it comes when that is true, and else it does not.

#include <nlohmann/json.hpp>

#include "broker/shard.h"
#include "tests/unit/broker/stream_group_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::SizeIs;
using Overflow = queue::QueueDefinition::Overflow;

class CopiesTest : public StreamGroupTest {
 protected:
  FakeClient listener(std::string_view filter, const std::string& name = "listener") {
    FakeClient client = login(name);
    subscribe(client, filter, kQoS1);
    return client;
  }
  FakeClient away(std::string_view filter) {
    FakeClient client = login({.client_id = "away", .durable = true});
    subscribe(client, filter, kQoS1);
    client.peer().drop(0);
    settle();
    return client;
  }
  queue::QueueDefinition& small(const std::string& name, Overflow overflow) {
    queue::QueueDefinition& definition = configure(name, "shop/#");
    definition.max_length = 1;
    definition.overflow = overflow;
    return definition;
  }
  static std::vector<std::string> full(FakeClient& ear) {
    std::vector<std::string> names;
    for (const test::Arrived& one : messages(ear)) names.push_back(json::parse(one.payload).at("queue"));
    return names;
  }
  static void reject_all(FakeClient& taker) {
    for (const test::Arrived& one : messages(taker))
      taker.ack(PacketType::Puback, one.id, ReasonCode::NotAuthorized);
  }
};

// --- what is refused is not dropped ---

TEST_F(CopiesTest, WhatOneQueueRefusesNoOtherHasDropped) {
  small("a-queue", Overflow::DropNewest);
  small("orders", Overflow::Reject);
  small("z-queue", Overflow::DropNewest);
  FakeClient ear = listener("$dropped/#");
  send("shop/a", 3);
  EXPECT_EQ(counted(Counter::PublishRefused), 2U);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 0U);
  EXPECT_THAT(messages(ear), IsEmpty());
}

TEST_F(CopiesTest, WhatAQueueRefusesNoSessionHasDropped) {
  options_.session.queue.max_messages = 1;
  options_.session.queue.overflow = queue::Overflow::DropNewest;
  small("orders", Overflow::Reject);
  const FakeClient session = away("shop/#");
  FakeClient ear = listener("$dropped/#");
  send("shop/a", 3);
  EXPECT_EQ(counted(Counter::PublishRefused), 2U);
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 0U);
  EXPECT_THAT(messages(ear), IsEmpty());
}

TEST_F(CopiesTest, ADelayedMessageThatIsPutOffIsNotDroppedEachTime) {
  small("a-queue", Overflow::DropNewest);
  small("orders", Overflow::Reject);
  small("z-queue", Overflow::DropNewest);
  send("shop/a", 1);
  FakeClient publisher = login("pub");
  publish(publisher, {"$delayed/1/shop/a", "late", kQoS1, 1});
  settle();
  FakeClient ear = listener("$dropped/#");
  for (int i = 0; i < 5; ++i) broker().pass(10s);
  EXPECT_GT(counted(Counter::DelayedPutOff), 1U);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 0U);
  EXPECT_THAT(messages(ear), IsEmpty());
}

TEST_F(CopiesTest, WhatIsNotStoredTakesNobodysPlace) {
  small("orders", Overflow::DropOldest);
  send("shop/a", 1);
  FakeClient ear = listener("$dropped/#");
  fail_next_commit();
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "2", kQoS1, 1});
  settle();
  EXPECT_EQ(counted(Counter::PublishRefused), 1U);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 0U);
  EXPECT_THAT(messages(ear), IsEmpty()) << "1 is still there";
  repair_store();
  publish(publisher, {"shop/a", "3", kQoS1, 2});
  settle();
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 1U);
  EXPECT_THAT(payloads(ear), ElementsAre("1"));
}

TEST_F(CopiesTest, WhatAFailingStoreDoesNotTakeIsNoDeadLetterYet) {
  small("orders", Overflow::DeadLetter);
  send("shop/a", 1);
  fail_next_commit();
  send("shop/a", 1);
  EXPECT_EQ(counted(Counter::QueueDeadMaxLength), 0U);
  repair_store();
  FakeClient ear = listener("$dead/#");
  send("shop/a", 1);
  EXPECT_EQ(counted(Counter::QueueDeadMaxLength), 1U);
  EXPECT_THAT(messages(ear), SizeIs(1));
}

TEST_F(CopiesTest, AMemberOfAGroupThatHasNoRoomHasDroppedNothing) {
  options_.session.queue.max_messages = 1;
  options_.session.queue.overflow = queue::Overflow::DropNewest;
  FakeClient holder = login({.client_id = "holder", .durable = true});
  subscribe(holder, "$share/g/a", kQoS1);
  send("a", 1);
  FakeClient other = login({.client_id = "other", .durable = true, .receive_maximum = 1});
  subscribe(other, "b", kQoS1);
  subscribe(other, "$share/g/a", kQoS1);
  send("b", 1);
  FakeClient ear = listener("$dropped/#");
  holder.peer().drop(0);
  settle();
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 0U) << "the holder keeps it";
  EXPECT_THAT(messages(ear), IsEmpty());
}

// --- what expires before it is published ---

TEST_F(CopiesTest, ADelayedMessageThatExpiresBeforeItIsDueIsCopied) {
  FakeClient ear = listener("$expired/#");
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "$delayed/10/a/b", .payload = "1", .qos = kQoS1, .id = 1, .expiry = 5});
  settle();
  broker().pass(11s);
  EXPECT_EQ(counted(Counter::DroppedExpired), 1U);
  const std::vector<test::Arrived> all = messages(ear);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].topic, "$expired/a/b");
  EXPECT_EQ(all[0].said.at("x-client-id"), "pub");
}

TEST_F(CopiesTest, WhatExpiresInATransactionIsCopiedWhenItIsCommitted) {
  FakeClient ear = listener("$expired/#");
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "$tx/t/prepare/a/b", .payload = "1", .qos = kQoS1, .id = 1, .expiry = 2});
  settle();
  broker().pass(3s);
  EXPECT_THAT(messages(ear), IsEmpty());
  publish(publisher, {"$tx/t/commit", "", kQoS1, 2});
  settle();
  EXPECT_EQ(counted(Counter::DroppedExpired), 1U);
  const std::vector<test::Arrived> all = messages(ear);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].topic, "$expired/a/b");
  EXPECT_EQ(all[0].said.at("x-client-id"), "pub");
}

TEST_F(CopiesTest, WhatExpiresInAStreamIsOnNeither) {
  make_stream(R"("dead_letter":"none",)");
  FakeClient ear = listener("$expired/#");
  FakeClient anna = member("anna", "earliest", kWork, kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "shop/1", .payload = "1", .qos = kQoS1, .id = 1, .expiry = 5});
  settle();
  const std::vector<test::Arrived> come = come_to(anna);
  ASSERT_THAT(come, SizeIs(1));
  broker().pass(6s);
  anna.ack(PacketType::Puback, come[0].id, ReasonCode::UnspecifiedError);
  settle();
  broker().pass(60s);
  EXPECT_EQ(counted(Counter::DroppedExpired), 1U) << "as with a place for dead letters";
  EXPECT_EQ(counted(Counter::QueueDroppedExpired), 0U);
  EXPECT_THAT(messages(ear), IsEmpty());
}

// --- who listens ---

TEST_F(CopiesTest, NothingIsMadeThatNobodyOfTheListenersWants) {
  small("orders", Overflow::DropOldest);
  const FakeClient ear = listener("$dropped/elsewhere/#");
  send("shop/a", 3);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 2U);
  EXPECT_EQ(counted(Counter::TapCopies), 0U);
  EXPECT_EQ(counted(Counter::TapMissed), 0U);
}

TEST_F(CopiesTest, LongNamesOfReceiversCountAgainstWhatMayWait) {
  const FakeClient ear = listener("$dropped/#");
  std::vector<FakeClient> many;
  for (int i = 0; i < 300; ++i) {
    const std::string name = std::to_string(i) + std::string(60'000, 'n');
    many.push_back(login({.client_id = name, .maximum_packet_size = 40}));
    subscribe(many.back(), "a", kQoS0);
  }
  FakeClient publisher = login("pub");
  publish(publisher, {"a", std::string(100, 'x'), kQoS0});
  settle();
  EXPECT_EQ(counted(Counter::DroppedTooLarge), 300U);
  EXPECT_GT(counted(Counter::TapMissed), 0U) << "300 names are more than 16 MiB";
}

TEST_F(CopiesTest, WhatWaitsToBeSaidHoldsUpTheEnd) {
  small("orders", Overflow::DropNewest);
  const FakeClient ear = away("$dropped/#");
  FakeClient publisher = login("pub");
  for (int i = 0; i < 400; ++i) publish(publisher, {"shop/a", "x", kQoS0});
  settle_without_commit();
  publisher.peer().drop(0);
  settle_without_commit();
  broker().mailbox(0).post(StopServing{});
  while (broker().commit()) continue;
  broker().step(0);
  EXPECT_FALSE(broker().shard(0).has_commits_in_flight());
  EXPECT_FALSE(broker().shard(0).is_drained());
  settle();
  EXPECT_TRUE(broker().shard(0).is_drained());
  EXPECT_EQ(counted(Counter::TapCopies), 399U);
}

// --- events ---

TEST_F(CopiesTest, WhoWasNotLetInDoesNotGo) {
  FakeClient ear = listener("$events/client/#");
  const FakeClient device = call({.client_id = "device", .durable = true});
  settle_without_commit();
  broker().clock().advance(options_.mqtt.connect_timeout + 1s);  // its session is not stored in time
  broker().run_timers(0);
  settle_without_commit();
  EXPECT_EQ(counted(Counter::ConnectTimeouts), 1U);
  settle();
  EXPECT_THAT(messages(ear), IsEmpty());
}

TEST_F(CopiesTest, ADeadLetterQueueThatIsFullIsTold) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_deliveries = 1;
  queue::QueueDefinition& dead = configure("orders.dlq", "never");
  dead.max_length = 1;
  dead.dead_letter = "none";
  FakeClient ear = listener("$events/queue/full");
  FakeClient taker = consumer("taker");
  send("shop/a", 1);
  reject_all(taker);
  settle();
  send("shop/a", 1);
  reject_all(taker);
  settle();
  EXPECT_EQ(counted(Counter::QueueDroppedDeadLetters), 1U);
  EXPECT_THAT(full(ear), ElementsAre("orders.dlq"));
}

TEST_F(CopiesTest, ADeadLetterQueueThatHasNoRoomForTheOldestIsTold) {
  small("orders", Overflow::DeadLetter);
  queue::QueueDefinition& dead = configure("orders.dlq", "never");
  dead.max_length = 1;
  dead.dead_letter = "none";
  FakeClient ear = listener("$events/queue/full");
  send("shop/a", 3);
  EXPECT_EQ(counted(Counter::QueueDroppedDeadLetters), 1U);
  EXPECT_THAT(full(ear), UnorderedElementsAre("orders", "orders.dlq"));
}

TEST_F(CopiesTest, AQueueThatRefusesATransactionIsFull) {
  small("orders", Overflow::Reject).dedup_window = 1min;
  FakeClient ear = listener("$events/queue/full");
  FakeClient publisher = login("pub");
  for (std::uint16_t i = 1; i <= 2; ++i) publish(publisher, {"$tx/t/prepare/shop/a", "x", kQoS1, i});
  settle();
  publish(publisher, {"$tx/t/commit", "", kQoS1, 3});
  settle();
  EXPECT_THAT(heard(publisher), Contains("PUBACK #3 0x97"));
  EXPECT_THAT(full(ear), ElementsAre("orders"));
}

TEST_F(CopiesTest, AQueueThatLimitsItsRateIsNotFull) {
  configure("orders", "shop/#").rate_in = queue::Rate{1, 1};
  FakeClient ear = listener("$events/queue/full");
  send("shop/a", 1);
  for (const char* name : {"one", "two"}) {
    FakeClient device = login({.client_id = name, .will = Testament{.topic = "shop/a"}});
    device.peer().drop(0);
    settle();
  }
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 2U);
  EXPECT_THAT(full(ear), IsEmpty());
}

}  // namespace
}  // namespace hermod::broker::testing
