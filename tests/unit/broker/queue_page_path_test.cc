// Named queues whose messages wait in the store alone.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class QueuePagePath : public ControlTest {
 protected:
  /// Of what waits in a queue eight messages are in memory, and two are read at once.
  queue::QueueDefinition& small_orders() {
    options_.queues.held_messages = 8;
    options_.queues.page_messages = 2;
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
  /// The number of its stream.
  StreamId stream(std::string_view queue = "orders") { return StreamId{broker().queues().find(queue)->id.v}; }
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

TEST_F(QueuePagePath, AQueueIsBoundFromItsFirstMessageOn) {
  small_orders();
  FakeClient boss = operator_client();
  ask(boss, R"({"command":"create","queue":"fresh","options":{"bind":["fresh/#"]}})");
  send("fresh/a", 20);
  EXPECT_EQ(kept("fresh").messages, 20U);
  EXPECT_EQ(in_memory("fresh").messages, 8U);
}

TEST_F(QueuePagePath, WhoHasLessBecauseThereAreMoreLetsItGo) {
  options_.queues.held_messages = 100;
  options_.queues.held_bytes = 64 << 10;
  options_.queues.held_bytes_together = 128 << 10;
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  send("shop/a", 100);
  EXPECT_EQ(in_memory().messages, 100U);
  for (const std::string name : {"a", "b", "c"}) {
    ask(boss, R"({"command":"create","queue":")" + name + R"(","options":{"bind":["new/#"]}})");
  }
  send("new/a", 1);
  EXPECT_LE(in_memory().messages, 50U) << "nothing has happened to it";
}

// --- what cannot be read ---

TEST_F(QueuePagePath, ADeadLetterThatCannotBeReadKeepsBackNothing) {
  small_orders().ttl = 5s;
  send("shop/a", 40);
  broker().pages().break_entry(stream(), Seq{30});
  broker().pass(20s);
  EXPECT_EQ(kept().messages, 0U);
  EXPECT_EQ(kept("orders.dlq").messages, 39U);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 1U);
}

TEST_F(QueuePagePath, WhatIsInFrontOfADeadLetterThatCannotBeReadIsStored) {
  small_orders().ttl = 5s;
  send("shop/a", 40);
  broker().pages().break_all();
  broker().pass(5500ms);
  EXPECT_EQ(kept("orders.dlq").messages, 8U) << "those that were in memory";
  EXPECT_EQ(kept().messages, 32U);
  broker().pages().mend();
  broker().pass(2s);
  EXPECT_EQ(kept("orders.dlq").messages, 40U);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 0U);
}

/// However long it lasts.
TEST_F(QueuePagePath, AStoreThatCannotBeReadForAWhileLosesNothing) {
  small_orders().ttl = 5s;
  send("shop/a", 40);
  broker().pages().break_all();
  broker().pass(35s, 500ms);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 0U);
  broker().pages().mend();
  broker().pass(5s, 500ms);
  EXPECT_EQ(kept("orders.dlq").messages, 40U);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 0U);
}

/// A page names all that it met, also what was lost before.
TEST_F(QueuePagePath, WhatIsDamagedIsCountedOnce) {
  options_.queues.held_messages = 16;
  options_.queues.page_messages = 4;
  queue::QueueDefinition& definition = configure("orders", "shop/#");
  definition.order = queue::QueueDefinition::Order::None;
  definition.ttl = 60s;
  FakeClient boss = operator_client();
  send("shop/a", 60);
  for (const std::uint64_t seq : {31U, 32U, 40U}) broker().pages().damage_entry(stream(), Seq{seq});
  const json seen = ask(boss, R"({"command":"peek","queue":"orders","from":32,"count":1})").at("data");
  EXPECT_EQ(seen.at("messages")[0].at("offset"), 33);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 1U) << "it alone was in the page";
  ask(boss, R"({"command":"peek","queue":"orders","from":31,"count":1})");
  EXPECT_EQ(counted(Counter::DroppedDamaged), 2U) << "the other one was in this page, too";
  broker().pass(65s, 1s);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 3U);
  EXPECT_EQ(kept("orders.dlq").messages, 57U);
  EXPECT_EQ(kept().messages, 0U);
}

TEST_F(QueuePagePath, OneThatCannotBeReadIsPassedOver) {
  small_orders().order = queue::QueueDefinition::Order::None;
  send("shop/a", 40);
  broker().pages().break_entry(stream(), Seq{20});
  FakeClient taker = subscriber("orders");
  std::vector<std::string> all = taken_by(taker);
  for (int i = 0; i < 10; ++i) {
    broker().pass(1s);
    for (const std::string& one : taken_by(taker)) all.push_back(one);
  }
  std::vector<std::string> expected = counted_up(40);
  expected.erase(expected.begin() + 19);
  EXPECT_EQ(all, expected);
  EXPECT_EQ(counted(Counter::DroppedDamaged), 1U);
  EXPECT_EQ(kept().messages, 0U);
}

TEST_F(QueuePagePath, APublisherDoesNotWaitForAPageThatCannotBeRead) {
  queue::QueueDefinition& definition = small_orders();
  definition.max_length = 20;
  definition.overflow = queue::QueueDefinition::Overflow::DeadLetter;
  send("shop/a", 20);
  broker().pages().break_all();
  FakeClient publisher = login("late");
  const auto answer_to = [&](std::uint16_t id) {
    publish(publisher, {"shop/a", "late", kQoS1, id});
    settle();
    const auto answers = publisher.receive();
    return answers.size() == 1 ? answers[0].reason : ReasonCode::UnspecifiedError;
  };
  for (std::uint16_t id = 1; id <= 8; ++id) EXPECT_EQ(answer_to(id), ReasonCode::Success) << id;
  EXPECT_EQ(answer_to(9), ReasonCode::QuotaExceeded);
  broker().pages().mend();
  broker().pass(2s);
  EXPECT_EQ(answer_to(10), ReasonCode::Success);
}

// --- commands ---

TEST_F(QueuePagePath, ALookFarBehindTakesNothing) {
  small_orders();
  FakeClient boss = operator_client();
  send("shop/a", 100);
  const json seen = ask(boss, R"({"command":"peek","queue":"orders","from":50,"count":20})").at("data");
  ASSERT_EQ(seen.at("messages").size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(seen.at("messages")[i].at("offset"), 50 + i);
    EXPECT_EQ(seen.at("messages")[i].at("payload"), std::to_string(50 + i));
  }
  EXPECT_EQ(seen.at("more"), true);
  EXPECT_EQ(ask(boss, R"({"command":"peek","queue":"orders","from":95})").at("data").at("more"), false);
  EXPECT_EQ(kept().messages, 100U);
  EXPECT_EQ(in_memory().messages, 8U);
  const std::size_t answered = broker().pages().answered();
  FakeClient taker = login({.client_id = "c"});
  taker.subscribe({1}, {{"$queue/orders", kQoS1}});
  do {
    settle_without_commit();
  } while (broker().commit());
  EXPECT_THAT(payloads(taker), ElementsAre("1")) << "of one key";
  EXPECT_EQ(broker().pages().answered(), answered) << "the first are still there";
}

TEST_F(QueuePagePath, ALookWaitsUntilTheStoreCanBeRead) {
  small_orders();
  FakeClient boss = operator_client();
  send("shop/a", 40);
  send_commands(boss, R"({"command":"peek","queue":"orders","from":40})");
  while (broker().pages().asked() == 0) {
    settle_without_commit();
    broker().commit();
  }
  while (broker().pages().fail()) settle_without_commit();
  settle();
  EXPECT_TRUE(responses(boss).empty());
  broker().pass(2s);
  settle();
  const json all = responses(boss);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].at("data").at("messages")[0].at("payload"), "40");
}

TEST_F(QueuePagePath, MessagesFarBehindMoveInTheirOrder) {
  options_.threads = 2;
  small_orders();
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send("shop/a", 100);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":60})").at("data"),
            json({{"messages", 1}}));
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})").at("data"),
            json({{"messages", 99}}));
  EXPECT_EQ(kept().messages, 0U);
  EXPECT_EQ(in_memory(), queue::Amount{});
  EXPECT_EQ(in_memory("backlog").messages, 8U);
  FakeClient taker = subscriber("backlog");
  std::vector<std::string> expected = counted_up(100);
  expected.erase(expected.begin() + 59);
  expected.insert(expected.begin(), "60");
  EXPECT_EQ(taken_by(taker), expected);
}

/// It was with a consumer when its page came, and in memory alone; then it left memory.
TEST_F(QueuePagePath, WhatCannotBeReadHoldsUpNoMove) {
  small_orders().order = queue::QueueDefinition::Order::None;
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  FakeClient publisher = login("source");
  for (std::uint16_t i = 1; i <= 30; ++i)
    publish_with(publisher, i, std::to_string(i), {{"tags", i >= 12 && i <= 24 ? "rare" : "common"}});
  settle();
  FakeClient taker = subscriber("orders?tags=rare");
  const auto taken = messages(taker);
  ASSERT_EQ(taken.size(), 13U);
  broker().pages().damage_entry(stream(), Seq{12});
  for (const test::Arrived& one : taken)
    taker.ack(PacketType::Puback, one.id, ReasonCode::ImplementationSpecificError);
  settle_without_commit();
  send_commands(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":12})", kQoS0);
  settle_without_commit();
  while (broker().pages().answer()) settle_without_commit();
  settle();
  const json moved = responses(boss);
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].value("error", ""), "queue: 1 message cannot be read; 0 messages went");
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":13})").at("data"),
            json({{"messages", 1}}));
}

TEST_F(QueuePagePath, AMoveOfWhatItCannotReadSaysSo) {
  small_orders();
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send("shop/a", 40);
  broker().pages().damage_entry(stream(), Seq{30});
  send_commands(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":30})");
  broker().pass(1s, 100ms);  // a slice without messages goes on in the next tick
  const json moved = responses(boss);
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].value("error", ""),
            "offset: message 30 has left meanwhile, a consumer has it, or it cannot be read");
  EXPECT_EQ(kept().messages, 39U);
}

/// As on a shard with many queues.
TEST_F(QueuePagePath, WhatIsMovedOrDeadIsReadInLargePagesHoweverLittleIsHeld) {
  small_orders().ttl = 60s;
  options_.queues.page_messages = 256;
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send("shop/a", 100);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","count":50})").at("data"),
            json({{"messages", 50}}));
  EXPECT_LE(broker().pages().answered(), 1U);
  broker().pass(65s, 1s);
  EXPECT_EQ(kept("orders.dlq").messages, 50U);
  EXPECT_LE(broker().pages().answered(), 2U);
}

TEST_F(QueuePagePath, MessagesFarBehindMoveWhereTheQueueIsAsked) {
  small_orders();
  queue::QueueDefinition& backlog = configure("backlog", "none/#");
  backlog.max_length = 30;
  backlog.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient boss = operator_client();
  send("shop/a", 100);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})").at("data"),
            json({{"messages", 100}}));
  FakeClient taker = subscriber("backlog");
  const std::vector<std::string> all = counted_up(100);
  EXPECT_EQ(taken_by(taker), std::vector<std::string>(all.begin() + 70, all.end()));
}

TEST_F(QueuePagePath, DeadLettersFarBehindAreRedriven) {
  small_orders().ttl = 5s;
  FakeClient boss = operator_client();
  send("shop/a", 60);
  broker().pass(7s);
  ASSERT_EQ(kept("orders.dlq").messages, 60U);
  EXPECT_EQ(ask(boss, R"({"command":"redrive","queue":"orders.dlq"})").at("data"), json({{"messages", 60}}));
  EXPECT_EQ(kept("orders.dlq").messages, 0U);
  FakeClient taker = subscriber("orders");
  EXPECT_EQ(taken_by(taker), counted_up(60));
}

TEST_F(QueuePagePath, APurgeReadsNothing) {
  small_orders();
  FakeClient boss = operator_client();
  send("shop/a", 100);
  EXPECT_EQ(ask(boss, R"({"command":"purge","queue":"orders"})").at("data"), json({{"messages", 100}}));
  EXPECT_EQ(kept(), queue::Amount{});
  EXPECT_EQ(in_memory(), queue::Amount{});
  EXPECT_EQ(broker().pages().answered(), 0U);
}

TEST_F(QueuePagePath, AQueueGoesWithWhatIsInTheStoreAlone) {
  small_orders();
  FakeClient boss = operator_client();
  send("shop/a", 100);
  send_commands(boss, R"({"command":"delete","queue":"orders","force":true})", kQoS0);
  FakeClient second = operator_client("second");
  send_commands(second, R"({"command":"peek","queue":"orders","from":50})", kQoS0);
  settle();
  EXPECT_EQ(responses(boss).at(0).at("data"), json({{"messages", 100}}));
  EXPECT_EQ(responses(second).size(), 1U) << "whatever it says";
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
}

TEST_F(QueuePagePath, WhatIsReplacedOrRepeatedFarBehindIsNotRead) {
  queue::QueueDefinition& definition = small_orders();
  definition.last_value = true;
  definition.dedup_window = 1min;
  FakeClient publisher = login("keys");
  const auto tell = [&](int number, const std::string& payload, const std::string& id) {
    publish_with(publisher, 1, payload, {{"key", std::to_string(number).c_str()}, {"msg-id", id.c_str()}});
    settle();
  };
  for (int i = 1; i <= 40; ++i) tell(i, std::to_string(i), std::to_string(i));
  ASSERT_EQ(in_memory().messages, 8U);
  tell(30, "again", "30");
  tell(31, "newer", "x");
  EXPECT_EQ(kept().messages, 40U);
  EXPECT_EQ(counted(Counter::QueueReplaced), 1U);
  EXPECT_EQ(broker().pages().answered(), 0U);
  FakeClient taker = subscriber("orders");
  std::vector<std::string> expected = counted_up(40);
  expected.erase(expected.begin() + 30);
  expected.push_back("newer");
  EXPECT_EQ(taken_by(taker), expected);
}

TEST(QueuePages, ManyQueuesHoldLessEach) {
  const queue::NamedQueueOptions options;
  const queue::Amount alone = queue::held_limit(options, 1);
  EXPECT_EQ(alone, (queue::Amount{options.held_messages, options.held_bytes}));
  const queue::Amount one_of_many = queue::held_limit(options, 1000);
  EXPECT_LT(one_of_many.bytes, alone.bytes / 10);
  EXPECT_EQ(queue::held_limit(options, 1'000'000).messages, 32U);
  EXPECT_EQ(queue::reader_limit(options, 32), (queue::Amount{options.reader_messages, options.reader_bytes}));
  EXPECT_EQ(queue::reader_limit(options, 320).bytes, options.reader_bytes / 10);
  EXPECT_EQ(queue::reader_limit(options, 1'000'000), (queue::Amount{32, 16 << 10}));
}

}  // namespace
}  // namespace hermod::broker::testing
