// What the broker tells whoever listens: events, and copies of messages that have left by a rule.

#include "broker/voice.h"

#include <nlohmann/json.hpp>

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::Pair;
using ::testing::SizeIs;

class VoiceTest : public QueuePathTest {
 protected:
  FakeClient listener(std::string_view filter, std::size_t shard = 0, QoS qos = kQoS1) {
    FakeClient client = login({.client_id = "listener", .shard = shard});
    subscribe(client, filter, qos);
    return client;
  }
  /// "topic=payload" of what has come, with the reason, and whose it was.
  static std::vector<std::string> copies(FakeClient& client) {
    std::vector<std::string> all;
    for (const test::Arrived& one : messages(client)) {
      const Said& said = one.said;
      const std::string whose = said.contains("x-queue") ? said.at("x-queue") : said.at("x-client-id");
      all.push_back(one.topic + "=" + one.payload + " " + said.at("x-reason") + " " + whose);
    }
    return all;
  }
  static std::vector<json> events(FakeClient& client, std::string_view topic) {
    std::vector<json> all;
    for (const test::Arrived& one : messages(client))
      if (one.topic == topic) all.push_back(json::parse(one.payload));
    return all;
  }
};

// --- events ---

TEST_F(VoiceTest, ClientsThatComeAndGoAreTold) {
  options_.threads = 2;
  FakeClient ear = listener("$events/client/#");
  FakeClient device = login({.client_id = "de\"vice", .version = kV311, .durable = true, .shard = 1});
  settle();
  const std::vector<json> come = events(ear, "$events/client/connected");
  ASSERT_THAT(come, SizeIs(1)) << "its own was before it listened";
  EXPECT_EQ(come[0].at("client"), "de\"vice");
  EXPECT_EQ(come[0].at("version"), "3.1.1");
  EXPECT_EQ(come[0].at("session_present"), 0);
  EXPECT_TRUE(come[0].contains("address"));
  device.peer().drop(0);
  settle();
  const std::vector<json> gone = events(ear, "$events/client/disconnected");
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0].at("client"), "de\"vice");
  EXPECT_EQ(gone[0].at("by"), "network");
  EXPECT_FALSE(gone[0].contains("reason")) << "no packet gave one";
  const FakeClient again = login({.client_id = "de\"vice", .version = kV311, .durable = true});
  settle();
  EXPECT_EQ(events(ear, "$events/client/connected").at(0).at("session_present"), 1);
}

TEST_F(VoiceTest, WhyTheBrokerEndedAConnectionIsTold) {
  FakeClient ear = listener("$events/client/disconnected");
  FakeClient device = login("device");
  publish(device, {.topic = "a/#", .payload = "x", .qos = kQoS0});
  settle();
  const std::vector<json> gone = events(ear, "$events/client/disconnected");
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0].at("by"), "broker");
  EXPECT_TRUE(gone[0].contains("reason"));
}

TEST_F(VoiceTest, WithoutAListenerNothingIsSaid) {
  const FakeClient device = login("device");
  settle();
  EXPECT_EQ(counted(Counter::EventsPublished), 0U);
  {
    FakeClient ear = listener("$events/#");
    ear.unsubscribe(wire::PacketId{2}, {"$events/#"});
    settle();
  }
  const FakeClient other = login("other");
  settle();
  EXPECT_EQ(counted(Counter::EventsMissed), 0U);
  EXPECT_LE(counted(Counter::EventsPublished), 1U) << "at most the listener's own";
}

TEST_F(VoiceTest, AQueueThatIsFullIsToldOnceInAWhile) {
  configure("orders", "shop/#").max_length = 1;
  FakeClient ear = listener("$events/queue/full");
  send("shop/a", 3);
  const json told{{"queue", "orders"}, {"messages", 1}, {"bytes", 7}, {"overflow", "reject"}};
  EXPECT_THAT(events(ear, "$events/queue/full"), ElementsAre(told));
  broker().pass(11s);
  send("shop/a", 2);
  EXPECT_THAT(events(ear, "$events/queue/full"), ElementsAre(told));
}

TEST_F(VoiceTest, AQueueThatDropsItsOldestIsFullToo) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient ear = listener("$events/queue/full");
  send("shop/a", 3);
  const std::vector<json> told = events(ear, "$events/queue/full");
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].at("overflow"), "drop-oldest");
}

// --- copies ---

TEST_F(VoiceTest, WhatHasExpiredForASessionIsCopiedAsItWas) {
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "a/b", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient ear = listener("$expired/#", 0, kQoS2);
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a/b", .payload = "1", .qos = kQoS1, .id = 1, .expiry = 5});
  settle();
  broker().pass(6s);
  const std::vector<test::Arrived> all = messages(ear);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].topic, "$expired/a/b");
  EXPECT_EQ(all[0].payload, "1");
  EXPECT_EQ(all[0].qos, kQoS1) << "that of the message";
  EXPECT_FALSE(all[0].retain);
  EXPECT_EQ(all[0].message_expiry, std::nullopt) << "or it would never arrive";
  EXPECT_THAT(all[0].said,
              AllOf(Contains(Pair("x-reason", "expired")), Contains(Pair("x-client-id", "away"))));
}

TEST_F(VoiceTest, WhatItsPublisherSaidIsInTheCopy) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.ttl = 5s;
  orders.dead_letter = "none";
  FakeClient ear = listener("$expired/shop/+");
  FakeClient publisher = login("pub");
  publish_with(publisher, 1, "1", {{"colour", "red"}});
  settle();
  broker().pass(6s);
  const std::vector<test::Arrived> all = messages(ear);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0].said, AllOf(Contains(Pair("colour", "red")), Contains(Pair("x-reason", "expired")),
                                 Contains(Pair("x-queue", "orders"))));
}

TEST_F(VoiceTest, WhatADurableListenerMissesWaitsForIt) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient ear = login({.client_id = "ear", .durable = true});
  subscribe(ear, "$dropped/#", kQoS1);
  ear.peer().drop(0);
  settle();
  send("shop/a", 3);
  FakeClient back = call({.client_id = "ear", .durable = true});
  settle();
  EXPECT_THAT(copies(back),
              ElementsAre("$dropped/shop/a=1 maxlen orders", "$dropped/shop/a=2 maxlen orders"));
}

TEST_F(VoiceTest, ADropNewestQueueDropsTheNewOnes) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = queue::QueueDefinition::Overflow::DropNewest;
  FakeClient ear = listener("$dropped/#");
  send("shop/a", 3);
  EXPECT_THAT(copies(ear), ElementsAre("$dropped/shop/a=2 maxlen orders", "$dropped/shop/a=3 maxlen orders"));
}

TEST_F(VoiceTest, WhatIsRefusedIsNotDropped) {
  configure("orders", "shop/#").max_length = 1;
  FakeClient ear = listener("$dropped/#");
  send("shop/a", 3);
  EXPECT_THAT(copies(ear), IsEmpty()) << "its publisher was told";
}

TEST_F(VoiceTest, ASessionsQueueThatIsFullDropsTheNewOnes) {
  options_.threads = 2;
  options_.session.queue.max_messages = 2;
  options_.session.queue.overflow = queue::Overflow::DropNewest;
  FakeClient away = login({.client_id = "away", .durable = true, .shard = 1});
  subscribe(away, "a", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient ear = listener("$dropped/#");
  send("a", 4);
  EXPECT_THAT(copies(ear), ElementsAre("$dropped/a=3 maxlen away", "$dropped/a=4 maxlen away"))
      << "though the session is on another shard";
}

TEST_F(VoiceTest, ASlowReaderMissesQoS0) {
  options_.limits.outbound_buffer = 100;
  FakeClient slow = login({.client_id = "slow", .room = 100});
  subscribe(slow, "a", kQoS0);
  FakeClient ear = listener("$dropped/#");
  FakeClient publisher = login("pub");
  for (int i = 0; i < 3; ++i) publish(publisher, {"a", std::string(150, 'x'), kQoS0});
  settle();
  EXPECT_THAT(copies(ear), ElementsAre("$dropped/a=" + std::string(150, 'x') + " slow_reader slow"));
}

TEST_F(VoiceTest, AClientThatTakesNoMessageThatLargeMissesIt) {
  FakeClient small = login({.client_id = "small", .maximum_packet_size = 40});
  subscribe(small, "a", kQoS1);
  FakeClient ear = listener("$dropped/#");
  FakeClient publisher = login("pub");
  publish(publisher, {"a", std::string(60, 'x'), kQoS1, 1});
  settle();
  EXPECT_THAT(copies(ear), ElementsAre("$dropped/a=" + std::string(60, 'x') + " too_large small"));
}

TEST_F(VoiceTest, DeadLettersAreToldWhenTheyAre) {
  configure("orders", "shop/#").max_deliveries = 1;
  FakeClient ear = listener("$dead/#");
  FakeClient taker = consumer("taker");
  send("shop/a", 1);
  for (const test::Arrived& one : messages(taker))
    taker.ack(PacketType::Puback, one.id, ReasonCode::NotAuthorized);
  settle_without_commit();
  EXPECT_THAT(copies(ear), IsEmpty()) << "it is not in the dead-letter queue yet";
  settle();
  EXPECT_THAT(copies(ear), ElementsAre("$dead/shop/a=1 rejected orders"));
}

TEST_F(VoiceTest, AnExpiredDeadLetterIsBoth) {
  configure("orders", "shop/#").ttl = 5s;
  FakeClient dead = listener("$dead/#");
  FakeClient expired = login("other");
  subscribe(expired, "$expired/#", kQoS1);
  send("shop/a", 1);
  broker().pass(6s);
  EXPECT_THAT(copies(dead), ElementsAre("$dead/shop/a=1 expired orders"));
  EXPECT_THAT(copies(expired), ElementsAre("$expired/shop/a=1 expired orders"));
}

TEST_F(VoiceTest, ADeadLetterWithoutAPlaceIsDropped) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.dead_letter = "none";
  FakeClient ear = listener("$dropped/#");
  FakeClient taker = consumer("taker");
  send("shop/a", 1);
  for (const test::Arrived& one : messages(taker))
    taker.ack(PacketType::Puback, one.id, ReasonCode::NotAuthorized);
  settle();
  EXPECT_THAT(copies(ear), ElementsAre("$dropped/shop/a=1 rejected orders"));
}

TEST_F(VoiceTest, ACopyThatIsDroppedIsNotCopiedAgain) {
  options_.session.queue.max_messages = 1;
  options_.session.queue.overflow = queue::Overflow::DropOldest;
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "a", kQoS1);
  away.peer().drop(0);
  FakeClient ear = login({.client_id = "ear", .durable = true});
  subscribe(ear, "$dropped/#", kQoS1);
  ear.peer().drop(0);
  settle();
  send("a", 4);
  EXPECT_EQ(counted(Counter::TapCopies), 3U);
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 3U + 2U) << "of both sessions";
}

TEST_F(VoiceTest, WithoutAListenerNothingIsCopied) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = queue::QueueDefinition::Overflow::DropOldest;
  const FakeClient ear = listener("$expired/#");
  send("shop/a", 3);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 2U);
  EXPECT_EQ(counted(Counter::TapCopies), 0U);
  EXPECT_EQ(counted(Counter::TapMissed), 0U);
}

TEST_F(VoiceTest, WhatIsTooMuchAtOnceIsMissedAndCounted) {
  options_.mqtt.max_packet_size = 16U << 20;
  options_.limits.outbound_buffer = 64U << 20;
  FakeClient ear = listener("$dropped/#");
  std::vector<FakeClient> small;
  for (const char* name : {"one", "two", "three"}) {
    small.push_back(login({.client_id = name, .maximum_packet_size = 40}));
    subscribe(small.back(), "a", kQoS0);
  }
  FakeClient publisher = login("pub");
  publish(publisher, {"a", std::string(Voice::kMostBytes / 5 * 2, 'x'), kQoS0});
  settle();
  EXPECT_THAT(messages(ear), SizeIs(2));
  EXPECT_EQ(counted(Counter::TapCopies), 2U);
  EXPECT_EQ(counted(Counter::TapMissed), 1U);
  EXPECT_EQ(counted(Counter::DroppedTooLarge), 3U);
}

TEST_F(VoiceTest, WhatIsInTheStoreAloneIsMissedAndCounted) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.ttl = 5s;
  orders.dead_letter = "none";
  options_.queues.held_messages = 8;
  const FakeClient ear = listener("$expired/#");
  send("shop/a", 40);
  broker().pass(6s);
  EXPECT_EQ(counted(Counter::QueueDroppedExpired), 40U);
  EXPECT_GT(counted(Counter::TapMissed), 0U);
  EXPECT_EQ(counted(Counter::TapCopies) + counted(Counter::TapMissed), 40U);
}

TEST_F(VoiceTest, OnlyTheBrokerPublishesThere) {
  FakeClient ear = listener("$dead/#");
  FakeClient forger = login("forger");
  for (const char* topic : {"$dead/a", "$dropped/a", "$expired/a", "$events/queue/deleted"}) {
    publish(forger, {topic, "x", kQoS1, 1});
    settle();
    EXPECT_THAT(heard(forger), ElementsAre("PUBACK #1 0x90")) << topic;
  }
  EXPECT_THAT(messages(ear), IsEmpty());
}

}  // namespace
}  // namespace hermod::broker::testing
