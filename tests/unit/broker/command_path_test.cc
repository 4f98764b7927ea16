// What the commands of $CONTROL/queue/v1 do to queues and to who uses them.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CommandPath : public ControlTest {
 protected:
  static json done(const std::string& command) { return {{"command", command}}; }
  static json counted_done(const std::string& command, int messages) {
    return {{"command", command}, {"data", {{"messages", messages}}}};
  }
  static std::string error_of(const json& answer) { return answer.value("error", std::string()); }
};

// --- create ---

TEST_F(CommandPath, AQueueThatIsMadeTakesMessages) {
  FakeClient boss = operator_client();
  EXPECT_EQ(
      ask(boss, R"({"command":"create","queue":"orders","options":{"bind":["shop/#","a/b"],"lanes":4}})"),
      done("create"));
  EXPECT_EQ(counted(Counter::QueueStored), 0U);
  send("shop/1", 2);
  const json state = describe(boss, "orders");
  EXPECT_EQ(state.at("messages"), 2);
  EXPECT_EQ(state.at("ready"), 2);
  EXPECT_EQ(state.at("configured"), false);
  EXPECT_EQ(state.at("options").at("lanes"), "4");
  EXPECT_EQ(state.at("options").at("bind"), json::parse(R"(["shop/#","a/b"])"));
  EXPECT_EQ(describe(boss, "orders.dlq").at("messages"), 0);
}

TEST_F(CommandPath, WhatCannotBeMadeIsRefusedWithTheField) {
  configure("orders", "shop/#");
  options_.queues.max_queues = 3;
  FakeClient boss = operator_client();
  const auto create = [&](const std::string& name, const std::string& options) {
    return ask(boss, R"({"command":"create","queue":")" + name + R"(","options":{)" + options + "}}");
  };
  EXPECT_THAT(error_of(create("orders", R"("bind":"x")")), HasSubstr("queue: there is a queue orders"));
  EXPECT_THAT(error_of(create("more", R"("bind":"a#")")), HasSubstr("options.bind: "));
  EXPECT_THAT(error_of(create("more", R"("bind":["a","b/#/c"])")), HasSubstr("options.bind: b/#/c: "));
  EXPECT_THAT(error_of(create("more", R"("bind":"a","dead_letter":"grave")")),
              HasSubstr("options.dead_letter: there is no queue grave"));
  EXPECT_THAT(error_of(create("more", R"("bind":"a","dead_letter":"orders")")),
              HasSubstr("options.dead_letter: "));
  EXPECT_EQ(create("more", R"("bind":"a")").at("code"), "full") << "orders, its dead letters, and two more";
  EXPECT_EQ(create("more", R"("bind":"a","dead_letter":"none")"), done("create"));
}

TEST_F(CommandPath, OfTwoThatMakeOneQueueTheSecondIsToldSo) {
  options_.threads = 2;
  FakeClient one = operator_client("one");
  FakeClient two = operator_client("two", kV5, 1);
  const char* const create = R"({"command":"create","queue":"orders","options":{"bind":"shop/#"}})";
  send_commands(one, create);
  send_commands(two, create);
  settle();
  json all = responses(one);
  for (const json& answer : responses(two)) all.push_back(answer);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].contains("error") + all[1].contains("error"), 1);
  EXPECT_EQ(broker().queues().count(), 2U);
}

// --- edit ---

TEST_F(CommandPath, OptionsChangeWhileAQueueRuns) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_inflight = 1;
  orders.order = queue::QueueDefinition::Order::None;
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 3);
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
  written();
  EXPECT_EQ(ask(boss, R"({"command":"edit","queue":"orders","options":{"max_inflight":2}})"), done("edit"));
  EXPECT_THAT(written(), ElementsAre("put Queues"));
  EXPECT_THAT(payloads(taker), ElementsAre("2")) << "whoever consumes has more room at once";
}

TEST_F(CommandPath, ALimitCountsForThePublishersAtOnce) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  send("shop/a", 2);
  EXPECT_EQ(ask(boss, R"({"command":"edit","queue":"orders","options":{"max_length":2}})"), done("edit"));
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "3", kQoS1, 1});
  settle();
  EXPECT_THAT(publisher.receive().at(0).reason, ReasonCode::QuotaExceeded);
}

TEST_F(CommandPath, FiltersAreBoundAnew) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  EXPECT_EQ(ask(boss, R"({"command":"edit","queue":"orders","options":{"bind":["bar/#"]}})"), done("edit"));
  send("shop/a", 1);
  EXPECT_EQ(describe(boss, "orders").at("messages"), 0);
  FakeClient publisher = login("pub");
  publish(publisher, {"bar/a", "1", kQoS1, 1});
  settle();
  EXPECT_EQ(describe(boss, "orders").at("messages"), 1);
}

TEST_F(CommandPath, WhatOnlyAnEmptyQueueChangesIsRefusedWithMessages) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  EXPECT_EQ(ask(boss, R"({"command":"edit","queue":"orders","options":{"lanes":2}})"), done("edit"));
  send("shop/a", 1);
  const json refused = ask(boss, R"({"command":"edit","queue":"orders","options":{"lanes":3}})");
  EXPECT_EQ(refused.at("code"), "busy");
  EXPECT_EQ(error_of(refused), "options.lanes: changes only while the queue is empty");
  EXPECT_EQ(describe(boss, "orders").at("options").at("lanes"), "2");
}

TEST_F(CommandPath, AMessageThatComesDuringTheChangeUndoesIt) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient publisher = login("pub");
  send_commands(boss, R"({"command":"edit","queue":"orders","options":{"lanes":2}})");
  settle_without_commit();
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle();
  EXPECT_EQ(responses(boss).at(0).at("code"), "busy");
  EXPECT_EQ(describe(boss, "orders").at("options").at("lanes"), "16");
}

TEST_F(CommandPath, WhatWasUndoneIsRefusedWhenTheOldRecordIsBack) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient publisher = login("pub");
  send_commands(boss, R"({"command":"edit","queue":"orders","options":{"last_value":true}})", kQoS0);
  settle_without_commit();
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  while (broker().commit()) continue;
  settle_without_commit();
  fail_next_commit();
  settle();
  EXPECT_THAT(responses(boss), SizeIs(0)) << "the next start would make the change";
  repair_store();
  written();
  broker().pass(3s);
  EXPECT_EQ(responses(boss).at(0).at("code"), "busy");
  EXPECT_THAT(written(), ElementsAre("put Queues"));
  EXPECT_EQ(ask(boss, R"({"command":"pause","queue":"orders"})"), done("pause")) << "it goes on";
}

TEST_F(CommandPath, AQueueGetsDeadLettersLater) {
  configure("orders", "shop/#").dead_letter = "none";
  FakeClient boss = operator_client();
  EXPECT_EQ(broker().queues().find("orders.dlq"), nullptr);
  EXPECT_EQ(ask(boss, R"({"command":"edit","queue":"orders","options":{"dead_letter":"orders.dlq"}})"),
            done("edit"));
  EXPECT_NE(broker().queues().find("orders.dlq"), nullptr);
}

TEST_F(CommandPath, AQueueForDeadLettersStaysOne) {
  configure("orders", "shop/#").dead_letter = "grave";
  configure("grave", "none/#").dead_letter = "none";
  FakeClient boss = operator_client();
  EXPECT_THAT(error_of(ask(boss, R"({"command":"edit","queue":"grave","options":{"dead_letter":"x.dlq"}})")),
              HasSubstr("options.dead_letter: the queue orders sends its dead letters here"));
}

// --- pause, resume ---

TEST_F(CommandPath, APausedQueueTakesMessagesAndGivesNone) {
  configure("orders", "shop/#");
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  EXPECT_EQ(ask(boss, R"({"command":"pause","queue":"orders"})"), done("pause"));
  send("shop/a", 1);
  EXPECT_THAT(payloads(taker), IsEmpty());
  EXPECT_EQ(describe(boss, "orders").at("paused"), true);
  EXPECT_EQ(describe(boss, "orders").at("ready"), 1);
  EXPECT_EQ(ask(boss, R"({"command":"resume","queue":"orders"})"), done("resume"));
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
}

// --- list, peek ---

TEST_F(CommandPath, QueuesAreListedPageByPage) {
  options_.threads = 2;
  for (const char* name : {"c", "a", "b"}) configure(name, std::string(name) + "/#").dead_letter = "none";
  FakeClient boss = operator_client();
  send("b/x", 2);
  json page = ask(boss, R"({"command":"list","count":2})").at("data");
  ASSERT_EQ(page.at("queues").size(), 2U);
  EXPECT_EQ(page.at("queues")[0].at("queue"), "a");
  EXPECT_EQ(page.at("queues")[1].at("messages"), 2);
  EXPECT_EQ(page.at("more"), true);
  page = ask(boss, R"({"command":"list","after":"b"})").at("data");
  ASSERT_EQ(page.at("queues").size(), 1U);
  EXPECT_EQ(page.at("more"), false);
}

TEST_F(CommandPath, ALookChangesNothing) {
  configure("orders", "shop/#").order = queue::QueueDefinition::Order::None;
  FakeClient boss = operator_client();
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  EXPECT_THAT(payloads(taker), ElementsAre("1"));
  EXPECT_EQ(ask(boss, R"({"command":"pause","queue":"orders"})"), done("pause"));
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/b", "long payload", kQoS1, 1});
  settle();
  const json seen =
      ask(boss, R"({"command":"peek","queue":"orders","count":2,"payload_bytes":4})").at("data");
  ASSERT_EQ(seen.at("messages").size(), 2U);
  EXPECT_EQ(seen.at("messages")[0].at("state"), "out");
  EXPECT_EQ(seen.at("messages")[0].at("deliveries"), 1);
  EXPECT_EQ(seen.at("messages")[1].at("state"), "ready");
  EXPECT_EQ(seen.at("messages")[1].at("payload"), "long");
  EXPECT_EQ(seen.at("messages")[1].at("payload_bytes"), 12);
  EXPECT_EQ(seen.at("more"), false);
  EXPECT_EQ(ask(boss, R"({"command":"peek","queue":"orders","count":1})").at("data").at("more"), true);
  const json state = describe(boss, "orders");
  EXPECT_EQ(state.at("messages"), 2);
  EXPECT_EQ(state.at("out"), 1);
  EXPECT_EQ(state.at("consumers"), 1);
}

TEST_F(CommandPath, AnUnknownQueueIsSaidToBeUnknown) {
  FakeClient boss = operator_client();
  for (const char* word : {"describe", "purge", "pause", "resume", "peek", "delete", "redrive"}) {
    const json answer = ask(boss, R"({"command":")" + std::string(word) + R"(","queue":"orders"})");
    EXPECT_EQ(answer.at("code"), "not-found") << word;
    EXPECT_EQ(error_of(answer), "queue: there is no queue orders") << word;
  }
}

}  // namespace
}  // namespace hermod::broker::testing
