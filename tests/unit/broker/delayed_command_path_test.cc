// listDelayed and cancelDelayed.

#include "queue/delayed_records.h"
#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class DelayedCommands : public ControlTest {
 protected:
  /// Ten messages, half of them to shop/a and half to shop/b, due in 100 seconds.
  void fill() {
    FakeClient sender = login("till");
    for (std::uint16_t i = 1; i <= 10; ++i)
      publish(sender,
              {i % 2 == 1 ? "$delayed/100/shop/a" : "$delayed/100/shop/b", std::to_string(i), kQoS1, i});
    settle();
    EXPECT_EQ(pending(), 10U);
  }
  std::uint64_t pending() { return broker().delayed().taken(); }
  static std::vector<int> ids(const json& answer) {
    std::vector<int> all;
    for (const json& one : answer.at("data").at("messages")) all.push_back(one.at("id"));
    return all;
  }
};

TEST_F(DelayedCommands, AreListedInTheOrderInWhichTheyWereSent) {
  fill();
  FakeClient client = operator_client();
  const json all = ask(client, R"({"command":"listDelayed"})");
  EXPECT_EQ(ids(all).size(), 10U);
  EXPECT_FALSE(all.at("data").at("more"));
  const json& first = all.at("data").at("messages")[0];
  EXPECT_EQ(first.at("topic"), "shop/a");
  EXPECT_EQ(first.at("client"), "till");
  EXPECT_EQ(first.at("qos"), 1);
  EXPECT_EQ(first.at("due").get<std::uint64_t>() - first.at("sent").get<std::uint64_t>(), 100'000'000U);
  const json page = ask(client, R"({"command":"listDelayed","topic":"+/b","count":2})");
  EXPECT_EQ(ids(page), (std::vector<int>{2, 4}));
  EXPECT_TRUE(page.at("data").at("more"));
  const json rest = ask(
      client, R"({"command":"listDelayed","topic":"+/b","from":)" + page.at("data").at("next").dump() + "}");
  EXPECT_EQ(ids(rest), (std::vector<int>{6, 8, 10}));
}

TEST_F(DelayedCommands, TheOneWithAnIdIsCancelledOnce) {
  fill();
  FakeClient client = operator_client();
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","id":3})").at("data").at("messages"), 1);
  EXPECT_EQ(pending(), 9U);
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","id":3})").at("code"), "not-found");
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","id":99})").at("code"), "not-found");
  FakeClient reader = login("reader");
  subscribe(reader, "shop/a", kQoS0);
  broker().pass(100s);
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"1", "5", "7", "9"}));
  EXPECT_EQ(counted(Counter::DelayedCancelled), 1U);
}

TEST_F(DelayedCommands, AllWithATopicOrAnIdentifierAreCancelled) {
  fill();
  FakeClient client = operator_client();
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","topic":"shop/a"})").at("data").at("messages"), 5);
  EXPECT_EQ(ids(ask(client, R"({"command":"listDelayed"})")), (std::vector<int>{2, 4, 6, 8, 10}));
  FakeClient sender = login("sender");
  for (std::uint16_t i = 1; i <= 2; ++i)
    publish_with(sender, i, "x", {{"delay-level", "18"}, {"msg-id", "order 7"}});
  settle();
  const json listed = ask(client, R"({"command":"listDelayed","from":11})");
  EXPECT_EQ(listed.at("data").at("messages")[0].at("msg_id"), "order 7");
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","msg_id":"order 7"})").at("data").at("messages"), 2);
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","msg_id":"order 8"})").at("data").at("messages"), 0);
  EXPECT_EQ(pending(), 5U);
}

TEST_F(DelayedCommands, ATopicFilterThatIsNoneIsRefused) {
  FakeClient client = operator_client();
  const json answer = ask(client, R"({"command":"listDelayed","topic":"a/#/b"})");
  EXPECT_EQ(answer.at("code"), "invalid");
  EXPECT_THAT(answer.at("error").get<std::string>(), ::testing::StartsWith("topic: "));
}

TEST_F(DelayedCommands, WhatCouldNotBeCancelledIsPublished) {
  fill();
  FakeClient client = operator_client();
  FakeClient reader = login("reader");
  subscribe(reader, "shop/a", kQoS0);
  send_commands(client, R"({"command":"cancelDelayed","topic":"shop/a"})");
  fail_next_commit();
  settle();
  EXPECT_EQ(pending(), 10U);
  repair_store();
  broker().pass(105s);
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"1", "3", "5", "7", "9"}));
  EXPECT_EQ(pending(), 0U);
}

TEST_F(DelayedCommands, AreAskedForFromAnyShard) {
  options_.threads = 2;
  fill();
  FakeClient client = operator_client("operator", kV5, 1);
  EXPECT_EQ(ids(ask(client, R"({"command":"listDelayed","count":3})")), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","id":1})").at("data").at("messages"), 1);
}

TEST_F(DelayedCommands, WhileTheStoreCannotBeReadTheAnswerSaysSo) {
  fill();
  FakeClient client = operator_client();
  broker().pages().break_all();
  EXPECT_EQ(ask(client, R"({"command":"listDelayed"})").at("code"), "failed");
  EXPECT_EQ(ask(client, R"({"command":"cancelDelayed","id":3})").at("data").at("messages"), 1);
}

}  // namespace
}  // namespace hermod::broker::testing
