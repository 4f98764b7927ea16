// Purge, move and redrive.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TransferPath : public ControlTest {
 protected:
  static json gone(const std::string& command, std::uint64_t messages) {
    return {{"command", command}, {"data", {{"messages", messages}}}};
  }
  std::uint64_t messages_in(FakeClient& boss, const std::string& queue) {
    return describe(boss, queue).at("messages").get<std::uint64_t>();
  }
  /// Rejects all that has come.
  void reject_all(FakeClient& taker) {
    for (const test::Arrived& one : messages(taker))
      taker.ack(PacketType::Puback, one.id, ReasonCode::NotAuthorized);
    settle();
  }
  static std::vector<std::string> peeked(const json& answer) {
    std::vector<std::string> all;
    for (const json& one : answer.at("data").at("messages")) all.push_back(one.at("payload"));
    return all;
  }
};

TEST_F(TransferPath, APurgeTakesWhatNobodyHas) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.order = queue::QueueDefinition::Order::None;
  orders.max_inflight = 1;
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 5);
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
  EXPECT_EQ(ask(boss, R"({"command":"purge","queue":"orders"})"), gone("purge", 4));
  EXPECT_EQ(messages_in(boss, "orders"), 1U);
  EXPECT_EQ(ask(boss, R"({"command":"purge","queue":"orders"})"), gone("purge", 0));
  EXPECT_EQ(counted(Counter::QueuePurged), 4U);
}

TEST_F(TransferPath, ALargePurgeIsAnsweredWhenAllIsGoneForGood) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  send_many("shop/a", 3000);
  send_commands(boss, R"({"command":"purge","queue":"orders"})");
  settle_without_commit();
  broker().commit();
  settle_without_commit();
  EXPECT_THAT(responses(boss), SizeIs(0));
  settle();
  EXPECT_EQ(responses(boss).at(0), gone("purge", 3000));
}

TEST_F(TransferPath, MessagesGoToTheEndOfAnotherQueueInTheirOrder) {
  options_.threads = 2;
  configure("orders", "shop/#");
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send("shop/a", 5);
  written();
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","count":2})"), gone("move", 2));
  EXPECT_THAT(written(), ElementsAre("append, erase Entries, append, erase Entries")) << "in one batch";
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":4})"), gone("move", 1));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"backlog"})")), ElementsAre("1", "2", "4"));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"orders"})")), ElementsAre("3", "5"));
  EXPECT_EQ(counted(Counter::QueueMoved), 3U);
}

TEST_F(TransferPath, ALargeMoveGoesInSlicesAndCountsWhatWent) {
  configure("orders", "shop/#");
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send_many("shop/a", 2000);
  written();
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})"), gone("move", 2000));
  EXPECT_THAT(written(), SizeIs(4));
  EXPECT_EQ(messages_in(boss, "backlog"), 2000U);
  EXPECT_EQ(messages_in(boss, "orders"), 0U);
}

TEST_F(TransferPath, WhatDoesNotFitStays) {
  configure("orders", "shop/#");
  configure("backlog", "none/#").max_length = 2;
  FakeClient boss = operator_client();
  send("shop/a", 5);
  const json answer = ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})");
  EXPECT_EQ(answer.at("code"), "full");
  EXPECT_THAT(answer.at("error").get<std::string>(), HasSubstr("to: the queue backlog is full"));
  EXPECT_THAT(answer.at("error").get<std::string>(), HasSubstr("2 messages went"));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"orders"})")), ElementsAre("3", "4", "5"));
  const FakeClient taker = consumer("c");
  EXPECT_EQ(describe(boss, "orders").at("out"), 1) << "what did not go is given out";
}

TEST_F(TransferPath, AQueueThatDropsItsOldestIsAsked) {
  options_.threads = 2;
  configure("orders", "shop/#");
  queue::QueueDefinition& backlog = configure("backlog", "none/#");
  backlog.max_length = 2;
  backlog.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient boss = operator_client();
  send("shop/a", 5);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","count":2})"), gone("move", 2));
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","count":1})"), gone("move", 1));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"backlog"})")), ElementsAre("2", "3"));
  EXPECT_EQ(messages_in(boss, "orders"), 2U);
}

TEST_F(TransferPath, AQueueThatDropsItsOldestTakesMoreThanItHolds) {
  options_.threads = 2;
  configure("orders", "shop/#");
  queue::QueueDefinition& backlog = configure("backlog", "none/#");
  backlog.max_length = 2;
  backlog.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient boss = operator_client();
  send("shop/a", 6);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","count":3})"), gone("move", 3));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"backlog"})")), ElementsAre("2", "3"));
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})"), gone("move", 3));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"backlog"})")), ElementsAre("5", "6"));
  FakeClient publisher = login("pub");
  publish(publisher, {"none/a", "7", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1")) << "nobody waits for what is gone";
}

TEST_F(TransferPath, AMoveThatWaitsForRoomEndsWithItsQueue) {
  configure("orders", "shop/#");
  queue::QueueDefinition& backlog = configure("backlog", "none/#");
  backlog.max_length = 1;
  backlog.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient boss = operator_client();
  FakeClient second = operator_client("second");
  send("shop/a", 2);
  FakeClient publisher = login("pub");
  publish(publisher, {"none/a", "x", kQoS0});  // on its way to the store: it leaves for nobody
  settle_without_commit();
  send_commands(boss, R"({"command":"move","queue":"orders","to":"backlog"})", kQoS0);
  settle_without_commit();
  send_commands(second, R"({"command":"delete","queue":"orders","force":true})", kQoS0);
  settle();
  EXPECT_THAT(responses(boss), SizeIs(1));
  EXPECT_EQ(responses(second).at(0).at("command"), "delete");
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
}

TEST_F(TransferPath, TwoMovesIntoASmallQueueDoNotLockEachOther) {
  configure("one", "one/#");
  configure("two", "two/#");
  for (const char* name : {"left", "right"}) {
    queue::QueueDefinition& small = configure(name, "none/#");
    small.max_length = 2;
    small.overflow = queue::QueueDefinition::Overflow::DropOldest;
  }
  FakeClient boss = operator_client();
  FakeClient second = operator_client("second");
  send("one/a", 5);
  send("two/a", 5);
  for (const char* to : {"left", "right"}) {
    const std::string behind = std::string(R"(","to":")") + to + R"("})";
    send_commands(boss, R"({"command":"move","count":2,"queue":"one)" + behind);
    send_commands(second, R"({"command":"move","count":2,"queue":"two)" + behind);
  }
  settle();
  EXPECT_EQ(responses(boss), json::array({gone("move", 2), gone("move", 2)}));
  EXPECT_EQ(responses(second), json::array({gone("move", 2), gone("move", 2)}));
}

TEST_F(TransferPath, WhatIsOutIsNotMoved) {
  configure("orders", "shop/#");
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 2);
  ASSERT_THAT(payloads(taker), ElementsAre("1"));
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":1})").at("code"), "busy");
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog","offset":9})").at("error"),
            "offset: there is no message 9 in the queue");
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"nowhere"})").at("error"),
            "to: there is no queue nowhere");
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})"), gone("move", 1));
}

TEST_F(TransferPath, WhatIsBehindOneThatDoesNotFitStaysAlsoWhereTheQueueIsAsked) {
  configure("orders", "shop/#");
  queue::QueueDefinition& backlog = configure("backlog", "none/#");
  backlog.max_bytes = 500;
  backlog.dedup_window = 1min;
  FakeClient boss = operator_client();
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", std::string(800, 'x'), kQoS1, 1});
  publish(publisher, {"shop/a", "2", kQoS1, 2});
  settle();
  const json answer = ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})");
  EXPECT_THAT(answer.at("error").get<std::string>(), HasSubstr("0 messages went"));
  EXPECT_EQ(messages_in(boss, "orders"), 2U);
  EXPECT_EQ(messages_in(boss, "backlog"), 0U);
}

TEST_F(TransferPath, WhatIsOnItsWayToTheStoreIsWaitedFor) {
  configure("orders", "shop/#");
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 2);
  const auto out = messages(taker);
  ASSERT_THAT(out, SizeIs(1));
  taker.ack(PacketType::Puback, out[0].id, ReasonCode::UnspecifiedError);
  settle_without_commit();
  send_commands(boss, R"({"command":"move","queue":"orders","to":"backlog"})", kQoS0);
  settle_without_commit();
  settle();
  EXPECT_EQ(responses(boss), json::array({gone("move", 2)}));
  EXPECT_THAT(peeked(ask(boss, R"({"command":"peek","queue":"backlog"})")), ElementsAre("1", "2"));
}

TEST_F(TransferPath, ARedriveTakesNothingOfAKeyFromBehindWhatIsOut) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 3);
  reject_all(taker);
  FakeClient looks = login("looks");
  looks.subscribe({1}, {{"$queue/orders.dlq", kQoS1}});
  settle();
  ASSERT_THAT(payloads(looks), ElementsAre("1"));
  EXPECT_EQ(ask(boss, R"({"command":"redrive","queue":"orders.dlq"})"), gone("redrive", 0));
  looks.peer().drop(0);
  settle();
  EXPECT_EQ(ask(boss, R"({"command":"redrive","queue":"orders.dlq"})"), gone("redrive", 3));
}

TEST_F(TransferPath, AFullStoreTakesNoMove) {
  configure("orders", "shop/#");
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send("shop/a", 2);
  broker().set_full(true);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})").at("code"), "full");
  broker().set_full(false);
  EXPECT_EQ(messages_in(boss, "orders"), 2U);
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})"), gone("move", 2));
}

TEST_F(TransferPath, WhatStaysIsNotCountedAsDropped) {
  configure("orders", "shop/#");
  queue::QueueDefinition& few = configure("few", "none/#");
  few.max_length = 1;
  few.overflow = queue::QueueDefinition::Overflow::DropNewest;
  few.dedup_window = 1min;
  FakeClient boss = operator_client();
  send("shop/a", 3);
  send_commands(boss, R"({"command":"move","queue":"orders","to":"few"})");
  settle();
  broker().pass(1ms);
  EXPECT_EQ(responses(boss).at(0).at("code"), "full");
  EXPECT_EQ(messages_in(boss, "orders"), 2U);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 0U);
}

TEST_F(TransferPath, AFailedBatchLeavesMessagesWhereTheyWere) {
  configure("orders", "shop/#");
  configure("backlog", "none/#");
  FakeClient boss = operator_client();
  send("shop/a", 2);
  fail_next_commit();
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})").at("code"), "failed");
  repair_store();
  EXPECT_EQ(messages_in(boss, "orders"), 2U);
  EXPECT_EQ(messages_in(boss, "backlog"), 0U) << "and its room is free";
  EXPECT_EQ(ask(boss, R"({"command":"move","queue":"orders","to":"backlog"})"), gone("move", 2));
}

TEST_F(TransferPath, DeadLettersGoBackToWhereTheyDied) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 3);
  reject_all(taker);
  EXPECT_EQ(messages_in(boss, "orders.dlq"), 3U);
  EXPECT_EQ(ask(boss, R"({"command":"redrive","queue":"orders.dlq","count":2})"), gone("redrive", 2));
  const auto again = messages(taker);
  ASSERT_THAT(again, SizeIs(2));
  EXPECT_EQ(again[0].payload, "1");
  EXPECT_EQ(again[0].said.at("x-delivery-count"), "1");
  EXPECT_EQ(again[0].said.at("x-first-death-reason"), "rejected");
  EXPECT_EQ(messages_in(boss, "orders.dlq"), 1U);
}

TEST_F(TransferPath, DeadLettersWithoutAQueueStayUntilOneIsNamed) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  configure("other", "none/#");
  FakeClient boss = operator_client();
  {
    FakeClient taker = consumer("c");
    send("shop/a", 2);
    reject_all(taker);
  }
  EXPECT_EQ(ask(boss, R"({"command":"delete","queue":"orders","force":true})").at("command"), "delete");
  const json answer = ask(boss, R"({"command":"redrive","queue":"orders.dlq"})");
  EXPECT_THAT(answer.value("error", ""),
              HasSubstr("to: of 2 messages the queue where they died is not there"));
  EXPECT_EQ(ask(boss, R"({"command":"redrive","queue":"orders.dlq","to":"other"})"), gone("redrive", 2));
  EXPECT_EQ(messages_in(boss, "other"), 2U);
}

}  // namespace
}  // namespace hermod::broker::testing
