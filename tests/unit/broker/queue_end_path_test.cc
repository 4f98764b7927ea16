// A named queue is deleted, while others publish to it and consume from it.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class QueueEndPath : public ControlTest {
 protected:
  static constexpr const char* kDelete = R"({"command":"delete","queue":"orders"})";
  static constexpr const char* kForce = R"({"command":"delete","queue":"orders","force":true})";
  static json deleted(int messages) { return {{"command", "delete"}, {"data", {{"messages", messages}}}}; }
};

TEST_F(QueueEndPath, AnEmptyQueueGoes) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  written();
  EXPECT_EQ(ask(boss, kDelete), deleted(0));
  EXPECT_THAT(written(), ElementsAre("put Queues", "erase Queues, erase stream")) << "a start would end it";
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1 0x10")) << "nobody takes it";
}

TEST_F(QueueEndPath, OneWithMessagesGoesOnlyByForce) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  send("shop/a", 3);
  const json refused = ask(boss, kDelete);
  EXPECT_EQ(refused.at("code"), "busy");
  EXPECT_THAT(refused.at("error").get<std::string>(), HasSubstr("force: the queue holds 3 messages"));
  send("shop/a", 1);
  EXPECT_EQ(describe(boss, "orders").at("messages"), 4) << "it goes on as before";
  EXPECT_EQ(ask(boss, kForce), deleted(4));
  EXPECT_EQ(describe(boss, "orders").at("code"), "not-found");
}

TEST_F(QueueEndPath, WhatIsPublishedWhileItIsDecidedIsNotLost) {
  options_.threads = 2;
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  send_commands(boss, kDelete);
  settle_without_commit();
  publish(publisher, {"shop/a", "2", kQoS1, 2});
  settle_without_commit();
  settle();
  EXPECT_EQ(responses(boss).at(0).at("code"), "busy");
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2"));
  const FakeClient taker = consumer("c");
  EXPECT_EQ(describe(boss, "orders").at("messages"), 2);
  EXPECT_EQ(describe(boss, "orders").at("out"), 1);
}

TEST_F(QueueEndPath, AWillDoesNotFallBesideAQueueThatStays) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  send("shop/a", 1);
  FakeClient dying = login({.client_id = "dying", .will = Testament{.topic = "shop/will", .qos = kQoS1}});
  send_commands(boss, kDelete, kQoS0);
  settle_without_commit();
  dying.peer().drop(0);
  settle_without_commit();
  settle();
  EXPECT_EQ(responses(boss).at(0).at("code"), "busy");
  EXPECT_EQ(describe(boss, "orders").at("messages"), 2);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 0U);
}

TEST_F(QueueEndPath, WhoPublishesWhileAnEmptyOneGoesIsToldThatNobodyTookIt) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient publisher = login("pub");
  send_commands(boss, kDelete, kQoS0);
  settle_without_commit();
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle();
  EXPECT_EQ(responses(boss).at(0), deleted(0));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1 0x10"));
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 0U);
}

TEST_F(QueueEndPath, ConsumersLoseTheirSubscriptionAndKeepTheirConnection) {
  options_.threads = 2;
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient boss = operator_client();
  FakeClient watcher = login("watcher");
  subscribe(watcher, "$events/queue/#", kQoS1);
  FakeClient here = login({.client_id = "here", .durable = true});
  subscribe(here, "$queue/orders", kQoS1);
  FakeClient away = login({.client_id = "away", .durable = true, .shard = 1});
  subscribe(away, "$queue/orders?a=b", kQoS2);
  away.peer().drop(0);
  settle();
  send("shop/a", 2);
  const auto out = messages(here);
  ASSERT_THAT(out, SizeIs(2));
  EXPECT_EQ(ask(boss, kForce), deleted(2));
  const auto told = messages(watcher);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].topic, "$events/queue/deleted");
  EXPECT_EQ(told[0].payload, R"({"queue":"orders","messages":2})");
  here.ack(PacketType::Puback, out[0].id);
  here.ping();
  settle();
  EXPECT_THAT(heard(here), ElementsAre("PINGRESP"));
  // A queue of the same name is another one.
  EXPECT_EQ(ask(boss, R"({"command":"create","queue":"orders","options":{"bind":"shop/#"}})").at("command"),
            "create");
  FakeClient back = login({.client_id = "away", .durable = true, .shard = 0});
  send("shop/a", 1);
  EXPECT_THAT(messages(here), IsEmpty());
  EXPECT_THAT(messages(back), IsEmpty());
  EXPECT_EQ(describe(boss, "orders").at("consumers"), 0);
}

TEST_F(QueueEndPath, AnExchangeAtQoS2ComesToItsEnd) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient taker = login({.client_id = "taker", .durable = true});
  subscribe(taker, "$queue/orders", kQoS2);
  send("shop/a", 1);
  const auto out = messages(taker);
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(ask(boss, kForce), deleted(1));
  taker.ack(PacketType::Pubrec, out[0].id);
  settle();
  const auto released = taker.receive();
  ASSERT_THAT(released, SizeIs(1));
  EXPECT_EQ(released[0].type, PacketType::Pubrel);
  taker.ack(PacketType::Pubcomp, out[0].id);
  settle();
  EXPECT_EQ(counted(Counter::StrayAcks), 0U);
}

TEST_F(QueueEndPath, RoomThatSomebodyElseGivesBackIsNotWaitedForForEver) {
  configure("orders", "shop/b");
  queue::QueueDefinition& other = configure("other", "shop/#");
  other.max_length = 1;
  other.overflow = queue::QueueDefinition::Overflow::DropOldest;
  FakeClient boss = operator_client();
  FakeClient one = login("one");
  FakeClient two = login("two");
  FakeClient between = login("between");
  publish(one, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  publish(between, {"shop/a", "x", kQoS1, 1});
  settle_without_commit();
  publish(two, {"shop/b", "2", kQoS1, 1});  // has room in orders, and waits for the other queue
  settle_without_commit();
  send_commands(boss, kForce, kQoS0);
  settle_without_commit();
  broker().commit();  // the first message and the barrier; the one between is let in
  settle_without_commit();
  broker().commit();  // that one, and the record of the deletion; the second is let in
  settle_without_commit();
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(two), ElementsAre("PUBACK #1 0x83"));
  repair_store();
  broker().pass(3s);
  EXPECT_EQ(responses(boss), json::array({deleted(1)}));
}

TEST_F(QueueEndPath, NobodyMakesAQueueOfTheNameBeforeItIsGone) {
  options_.queues.auto_create = true;
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient taker = login({.client_id = "taker", .durable = true});
  send_commands(boss, kForce, kQoS0);
  settle_without_commit();
  broker().commit();  // the barrier
  settle_without_commit();
  broker().commit();  // the record of the deletion
  settle_without_commit();
  ASSERT_EQ(broker().queues().find("orders"), nullptr);
  taker.subscribe({1}, {{"$queue/orders/shop/#", kQoS1}});
  settle();
  const auto refused = taker.receive();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_THAT(refused[0].reasons, ElementsAre(ReasonCode::ImplementationSpecificError));
  EXPECT_THAT(refused[0].reason_string, HasSubstr("another command changes the queue orders"));
  EXPECT_EQ(responses(boss).at(0), deleted(0));
  taker.subscribe({2}, {{"$queue/orders/shop/#", kQoS1}});
  settle();
  EXPECT_THAT(heard(taker), ElementsAre("SUBACK #2 0x01"));
  send("shop/a", 1);
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
}

TEST_F(QueueEndPath, WhoSubscribesWhileItGoesIsToldWhy) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient taker = login({.client_id = "taker", .durable = true});
  send_commands(boss, kDelete, kQoS0);
  settle_without_commit();
  broker().commit();  // the barrier
  settle_without_commit();
  taker.subscribe({1}, {{"$queue/orders", kQoS1}});  // behind the record of the deletion
  settle();
  const auto refused = taker.receive();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_THAT(refused[0].reasons, ElementsAre(ReasonCode::TopicFilterInvalid));
  EXPECT_THAT(refused[0].reason_string, HasSubstr("deleted meanwhile"));
}

TEST_F(QueueEndPath, AQueueThatOthersSendDeadLettersToStays) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  const json refused = ask(boss, R"({"command":"delete","queue":"orders.dlq","force":true})");
  EXPECT_THAT(refused.at("error").get<std::string>(),
              HasSubstr("queue: the dead letters of the queue orders"));
  EXPECT_EQ(ask(boss, kDelete), deleted(0));
  EXPECT_EQ(ask(boss, R"({"command":"delete","queue":"orders.dlq"})").at("command"), "delete");
  EXPECT_EQ(broker().queues().count(), 0U);
}

TEST_F(QueueEndPath, APlaceForDeadLettersStaysWhileSomebodyMakesItsQueue) {
  options_.queues.auto_create = true;
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  EXPECT_EQ(ask(boss, kDelete), deleted(0));
  FakeClient taker = login("taker");
  taker.subscribe({1}, {{"$queue/orders/shop/#", kQoS1}});
  settle_without_commit();
  send_commands(boss, R"({"command":"delete","queue":"orders.dlq"})", kQoS0);
  settle();
  EXPECT_EQ(responses(boss).at(0).at("code"), "busy");
  EXPECT_THAT(heard(taker), ElementsAre("SUBACK #1 0x01"));
  // And the other way round.
  EXPECT_EQ(ask(boss, kDelete), deleted(0));
  taker.receive();
  send_commands(boss, R"({"command":"delete","queue":"orders.dlq"})", kQoS0);
  settle_without_commit();
  taker.subscribe({2}, {{"$queue/orders/shop/#", kQoS1}});
  settle();
  EXPECT_EQ(responses(boss), json::array({deleted(0)}));
  EXPECT_THAT(heard(taker), ElementsAre("SUBACK #2 0x83"));
}

TEST_F(QueueEndPath, AStoreThatFailsIsWaitedFor) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  send("shop/a", 2);
  send_commands(boss, kForce);
  settle_without_commit();
  broker().commit();  // the barrier
  fail_next_commit();
  settle();
  EXPECT_THAT(responses(boss), SizeIs(0));
  repair_store();
  broker().pass(3s);
  EXPECT_EQ(responses(boss).at(0), deleted(2));
}

TEST_F(QueueEndPath, NobodyWaitsForAStoreThatDoesNotTakeTheDeletion) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient publisher = login("pub");
  FakeClient later = login("later");
  send_commands(boss, kForce);
  settle_without_commit();
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty()) << "it may stay";
  broker().commit();  // the barrier
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1 0x97"));
  publish(later, {"shop/a", "2", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(later), ElementsAre("PUBACK #1 0x97"));
  repair_store();
  broker().pass(3s);
  EXPECT_EQ(responses(boss).at(0), deleted(0));
}

TEST_F(QueueEndPath, WhatIsAskedOfItMeanwhileIsAnswered) {
  configure("orders", "shop/#");
  configure("other", "none/#");
  FakeClient boss = operator_client();
  FakeClient second = operator_client("second");
  FakeClient third = operator_client("third");
  send("shop/a", 5);
  send_commands(boss, kForce);
  settle_without_commit();
  send_commands(second, R"({"command":"move","queue":"orders","to":"other"})");
  send_commands(third, R"({"command":"pause","queue":"orders"})");
  settle();
  EXPECT_THAT(responses(boss), SizeIs(1));
  EXPECT_EQ(responses(second).at(0).at("code"), "not-found");
  EXPECT_EQ(responses(third).at(0).at("code"), "not-found");
}

}  // namespace
}  // namespace hermod::broker::testing
