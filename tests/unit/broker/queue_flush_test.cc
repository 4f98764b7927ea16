// What is synced before it counts as durable when named queues have a flush policy of their own.

#include "broker/queue_flush.h"

#include "tests/unit/broker/stream_group_fixture.h"
#include "tests/unit/broker/synced_journal.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using store::Flush;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Flush kSyncFlush{};
constexpr Flush kMemoryFlush{Flush::When::Memory, {}};
constexpr Flush kIntervalFlush{Flush::When::Interval, std::chrono::seconds(10)};

class QueueFlush : public StreamGroupTest {
 protected:
  ~QueueFlush() override { end_broker(); }
  store::Journal& journal() override { return synced_; }
  std::vector<std::string> groups() { return std::exchange(synced_.groups, {}); }
  /// A queue of that policy. Before broker() is used first.
  void make(const std::string& name, const std::string& filter, std::optional<Flush> flush) {
    queue::QueueDefinition& made = configure(name, filter);
    made.flush = flush;
    made.order = queue::QueueDefinition::Order::None;
  }
  /// Queues for these have their first sequences reserved.
  void warm_up(std::initializer_list<const char*> topics) {
    for (const char* topic : topics) send(topic, 1);
    groups();
  }
  /// A consumer of the queue, whom one message waits for that was stored just now.
  FakeClient consumer_of_one(const std::string& queue, const std::string& topic) {
    FakeClient client = consumer("of-" + queue, queue);
    send(topic, 1);
    groups();
    return client;
  }
  /// What becomes of one message at QoS 1, whose publisher is answered.
  std::vector<std::string> groups_of_one(const std::string& topic, QoS qos = kQoS1) {
    FakeClient publisher = login("pub");
    publish(publisher, {topic, "1", qos, static_cast<std::uint16_t>(qos == kQoS0 ? 0 : 7)});
    settle();
    if (qos == kQoS1) {
      EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
    }
    return groups();
  }

  SyncedJournal synced_;
};

TEST_F(QueueFlush, OfABatchTheStrictestCounts) {
  const auto strictest = [](const Flush& broker, std::initializer_list<std::optional<Flush>> all) {
    StrictestFlush it(broker);
    for (const std::optional<Flush>& one : all) it.add(one);
    return it.get();
  };
  EXPECT_EQ(strictest(kSyncFlush, {}), std::nullopt);
  EXPECT_EQ(strictest(kSyncFlush, {std::nullopt}), std::nullopt);
  EXPECT_EQ(strictest(kSyncFlush, {kMemoryFlush}), kMemoryFlush);
  EXPECT_EQ(strictest(kSyncFlush, {kMemoryFlush, kIntervalFlush}), kIntervalFlush);
  EXPECT_EQ(strictest(kSyncFlush, {kMemoryFlush, std::nullopt}), std::nullopt);
  EXPECT_EQ(strictest(kMemoryFlush, {std::nullopt, kIntervalFlush}), kIntervalFlush);
  EXPECT_EQ(strictest(kMemoryFlush, {kSyncFlush, kIntervalFlush, std::nullopt}), kSyncFlush);
}

TEST_F(QueueFlush, BesideABrokerThatSyncsAQueueMayDoWithout) {
  make("plain", "plain/#", std::nullopt);
  make("sync", "sync/#", kSyncFlush);
  make("interval", "interval/#", kIntervalFlush);
  make("memory", "memory/#", kMemoryFlush);
  warm_up({"plain/a", "sync/a", "interval/a", "memory/a"});
  EXPECT_THAT(groups_of_one("plain/a"), ElementsAre("now"));
  EXPECT_THAT(groups_of_one("sync/a"), ElementsAre("now"));
  EXPECT_THAT(groups_of_one("interval/a"), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("memory/a"), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("memory/a", kQoS0), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("plain/a", kQoS0), ElementsAre("now")) << "as the broker says";
}

TEST_F(QueueFlush, BesideABrokerThatDoesNotSyncAQueueMayHaveItSynced) {
  options_.store.flush = kMemoryFlush;
  make("plain", "plain/#", std::nullopt);
  make("sync", "sync/#", kSyncFlush);
  make("memory", "memory/#", kMemoryFlush);
  warm_up({"plain/a", "sync/a", "memory/a"});
  EXPECT_THAT(groups_of_one("plain/a"), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("memory/a"), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("sync/a"), ElementsAre("now"));
  EXPECT_THAT(groups_of_one("sync/a", kQoS0), ElementsAre("now")) << "nobody waits, and the queue is strict";
}

TEST_F(QueueFlush, AMessageForSeveralIsAsSafeAsTheStrictestOfThemWants) {
  make("strict", "both/#", kSyncFlush);
  make("lax", "both/#", kMemoryFlush);
  make("memory", "lax/#", kMemoryFlush);
  make("interval", "lax/#", kIntervalFlush);
  make("follows", "mixed/#", std::nullopt);
  make("leads", "mixed/#", kMemoryFlush);
  warm_up({"both/a", "lax/a", "mixed/a"});
  EXPECT_THAT(groups_of_one("both/a"), ElementsAre("now"));
  EXPECT_THAT(groups_of_one("lax/a"), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("mixed/a"), ElementsAre("now")) << "one of them follows the broker";
}

TEST_F(QueueFlush, ASessionFollowsTheBroker) {
  make("memory", "shop/#", kMemoryFlush);
  FakeClient reader = login({.client_id = "reader", .durable = true});
  subscribe(reader, "shop/a", kQoS1);
  warm_up({"shop/a", "shop/b"});
  EXPECT_THAT(groups_of_one("shop/b"), ElementsAre("later"));
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("now"));
  FakeClient listener = login({.client_id = "listener", .durable = true});
  subscribe(listener, "shop/b", kQoS0);
  groups();
  EXPECT_THAT(groups_of_one("shop/b"), ElementsAre("later")) << "nothing is stored for it";
}

TEST_F(QueueFlush, QoS2AndRetainedMessagesAreSyncedWhateverTheQueueSays) {
  make("memory", "shop/#", kMemoryFlush);
  warm_up({"shop/a"});
  EXPECT_THAT(groups_of_one("shop/a", kQoS2), ElementsAre("now")) << "of a publisher without disk";
  FakeClient publisher = login({.client_id = "exact", .durable = true});
  groups();
  publish(publisher, {"shop/a", "1", kQoS2, 1});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
  publish(publisher, {.topic = "shop/a", .payload = "1", .qos = kQoS1, .id = 2, .retain = true});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
  FakeClient taker = login({.client_id = "taker", .durable = true});
  subscribe(taker, "$queue/memory", kQoS2);
  groups();
  FakeClient source = login("other");
  publish(source, {"shop/a", "1", kQoS1, 9});
  settle();
  EXPECT_THAT(groups(), ElementsAre("later", "now")) << "the message, and its claim";
  const auto came = messages(taker);
  ASSERT_THAT(came, Not(IsEmpty()));
  taker.ack(PacketType::Pubrec, came.back().id);
  settle();
  EXPECT_THAT(groups(), AllOf(Not(IsEmpty()), Each("now"))) << "the end of a claim";
}

TEST_F(QueueFlush, WhatAQueueSettlesFollowsIt) {
  make("memory", "memory/#", kMemoryFlush);
  make("plain", "plain/#", std::nullopt);
  warm_up({"memory/a", "plain/a"});
  for (const auto& [queue, when] : {std::pair{"memory", "later"}, std::pair{"plain", "now"}}) {
    FakeClient taker = consumer_of_one(queue, std::string(queue) + "/a");
    const auto came = messages(taker);
    ASSERT_THAT(came, SizeIs(1)) << queue;
    taker.ack(PacketType::Puback, came[0].id, ReasonCode::UnspecifiedError);
    settle();
    EXPECT_THAT(groups(), ElementsAre(when)) << queue << ": its state";
    broker().pass(11s);
    const auto again = messages(taker);
    ASSERT_THAT(again, SizeIs(1)) << queue;
    taker.ack(PacketType::Puback, again[0].id);
    settle();
    EXPECT_THAT(groups(), ElementsAre(when)) << queue << ": its end";
  }
}

TEST_F(QueueFlush, AQueueThatIsSyncedHasItsEndsSynced) {
  options_.store.flush = kMemoryFlush;
  make("sync", "shop/#", kSyncFlush);
  warm_up({"shop/a"});
  FakeClient taker = consumer_of_one("sync", "shop/a");
  const auto came = messages(taker);
  ASSERT_THAT(came, SizeIs(1));
  taker.ack(PacketType::Puback, came[0].id);
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
}

TEST_F(QueueFlush, ADeadLetterIsAsSafeAsTheStricterOfBothQueues) {
  make("one", "one/#", kMemoryFlush);  // its dead letters follow the broker
  make("two", "two/#", kMemoryFlush);
  configure("two.dlq", "two/dead").flush = kMemoryFlush;
  configure("three", "three/#").flush = kMemoryFlush;
  options_.queues.configured.back().dead_letter = "three.dlq";
  configure("three.dlq", "three/dead").flush = kSyncFlush;
  for (const auto& [queue, topic, when] :
       {std::tuple{"one", "one/a", "now"}, std::tuple{"two", "two/a", "later"},
        std::tuple{"three", "three/a", "now"}}) {
    FakeClient taker = consumer(std::string("of-") + queue, queue);
    for (int i = 0; i < 2; ++i) {  // the dead letters' queue gets its sequences with the first
      send(topic, 1);
      const auto came = messages(taker);
      ASSERT_THAT(came, SizeIs(1)) << queue;
      groups();
      taker.ack(PacketType::Puback, came[0].id, ReasonCode::NotAuthorized);
      settle();
    }
    EXPECT_THAT(groups(), ElementsAre(when)) << queue;
  }
}

TEST_F(QueueFlush, WhatLeavesForANewMessageIsAsSafeAsTheStricterOfBothQueues) {
  queue::QueueDefinition& full = configure("orders", "shop/#");
  full.flush = kMemoryFlush;
  full.max_length = 1;
  full.overflow = queue::QueueDefinition::Overflow::DeadLetter;
  warm_up({"shop/a", "shop/a", "shop/a"});
  EXPECT_EQ(counted(Counter::QueueDeadMaxLength), 2U);
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("now")) << "its dead letters follow the broker";
}

TEST_F(QueueFlush, AnEditCountsForWhatComesBehindIt) {
  make("orders", "shop/#", std::nullopt);
  warm_up({"shop/a"});
  FakeClient boss = operator_client();
  const auto edit = [&](const std::string& flush) {
    const json answer =
        ask(boss, R"({"command":"edit","queue":"orders","options":{"flush":")" + flush + R"("}})");
    EXPECT_FALSE(answer.contains("error")) << answer.dump();
    EXPECT_THAT(groups(), AllOf(Contains("now"), Not(Contains("later")))) << "a change is synced";
  };
  const auto shown = [&] {
    const json state = describe(boss, "orders");
    groups();
    return state.at("flush").get<std::string>() + " by " + state.at("options").at("flush").get<std::string>();
  };
  EXPECT_EQ(shown(), "sync by broker");
  edit("memory");
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("later"));
  EXPECT_EQ(shown(), "memory by memory");
  edit("interval:250");
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("later"));
  EXPECT_EQ(shown(), "interval:250 by interval:250");
  edit("sync");
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("now"));
  edit("broker");
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("now"));
  EXPECT_EQ(shown(), "sync by broker");
  const json refused = ask(boss, R"({"command":"edit","queue":"orders","options":{"flush":"interval:0"}})");
  EXPECT_EQ(refused.value("error", ""),
            "options.flush: broker, sync, memory, or interval: with 1 to 60000 ms behind it is expected");
}

TEST_F(QueueFlush, AStreamAndWhoReadsItFollowIt) {
  make_stream(R"("flush":"memory","retention_count":1000,)");
  store(1, 1);
  FakeClient reader = login({.client_id = "reader", .durable = true});
  ASSERT_THAT(join(reader, "earliest", "$stream/log"), ElementsAre(1));
  FakeClient worker = member("worker");
  groups();
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("later"));
  EXPECT_THAT(taken_by(reader), SizeIs(2));
  EXPECT_THAT(taken_by(worker), SizeIs(2));
  broker().pass(3s);
  EXPECT_THAT(groups(), AllOf(Not(IsEmpty()), Each("later"))) << "where both of them stand";
  FakeClient boss = operator_client("boss");
  EXPECT_FALSE(ask(boss, R"({"command":"edit","queue":"log","options":{"flush":"sync"}})").contains("error"));
  groups();
  EXPECT_THAT(groups_of_one("shop/a"), ElementsAre("now"));
  EXPECT_THAT(taken_by(reader), SizeIs(1));
  EXPECT_THAT(taken_by(worker), SizeIs(1));
  broker().pass(3s);
  EXPECT_THAT(groups(), AllOf(Not(IsEmpty()), Each("now")));
}

TEST_F(QueueFlush, WhatLeavesAStreamFollowsIt) {
  make_stream(R"("flush":"memory","last_value":true,)");
  store(1, 1, 1);
  groups();
  store(2, 4, 1);
  EXPECT_EQ(counted(Counter::StreamCompacted), 3U);
  EXPECT_THAT(groups(), AllOf(Not(IsEmpty()), Each("later")));
}

TEST_F(QueueFlush, ADeadLetterOfAGroupIsAsSafeAsTheStricterOfBothQueues) {
  make_stream(R"("flush":"memory",)");
  store(1, 3);
  FakeClient worker = member("worker");
  const auto came = come_to(worker);
  ASSERT_THAT(came, SizeIs(3));
  worker.ack(PacketType::Puback, came[0].id, ReasonCode::NotAuthorized);
  settle();
  groups();
  worker.ack(PacketType::Puback, came[1].id, ReasonCode::NotAuthorized);
  settle();
  EXPECT_THAT(groups(), ElementsAre("now", "later")) << "log.dlq follows the broker; where the group stands";
}

}  // namespace
}  // namespace hermod::broker::testing
