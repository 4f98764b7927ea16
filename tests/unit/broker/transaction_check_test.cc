// Transactions of which nothing is heard: who is asked, what he may answer, and when they are given up.

#include <nlohmann/json.hpp>

#include "tests/unit/broker/transaction_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class TransactionCheck : public TransactionTest {
 protected:
  FakeClient member(const std::string& client_id, const std::string& group = "sender") {
    FakeClient client = login(client_id);
    subscribe(client, "$tx/check/" + group, kQoS1);
    return client;
  }
  /// What a member was asked, acknowledged.
  static std::vector<test::Arrived> asked(FakeClient& client) {
    std::vector<test::Arrived> all = messages(client);
    for (const test::Arrived& one : all)
      if (one.id.v != 0) client.ack(PacketType::Puback, one.id);
    return all;
  }
};

TEST_F(TransactionCheck, AMemberOfTheGroupIsAskedWhenNothingIsHeard) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  FakeClient keeper = member("keeper");
  FakeClient stranger = member("stranger", "other");
  pass(5900ms);
  EXPECT_THAT(heard(keeper), IsEmpty());
  pass(200ms);
  const auto questions = asked(keeper);
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].topic, "$tx/check/sender");
  EXPECT_EQ(questions[0].response_topic, "$tx/1/outcome");
  EXPECT_EQ(questions[0].correlation_data, "1");
  const json said = json::parse(questions[0].payload);
  EXPECT_EQ(said.at("txn-id"), "1");
  EXPECT_EQ(said.at("messages"), 2);
  EXPECT_EQ(said.at("age"), 6);
  EXPECT_THAT(heard(stranger), IsEmpty());
  pass(29'800ms);
  EXPECT_THAT(heard(keeper), IsEmpty());
  pass(200ms);
  EXPECT_EQ(asked(keeper).size(), 1U);
  EXPECT_EQ(counted(Counter::TransactionChecks), 2U);
}

TEST_F(TransactionCheck, OneIsAskedAtATimeAndNobodyWhoIsAway) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  FakeClient one = member("one");
  FakeClient two = member("two");
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "$tx/check/sender", kQoS1);
  away.peer().drop(0);
  settle();
  pass(6s + 30s * 3);
  EXPECT_EQ(asked(one).size(), 2U);
  EXPECT_EQ(asked(two).size(), 2U);
  EXPECT_EQ(queued("away"), 0U);
}

TEST_F(TransactionCheck, TheAnswerIsSentToItsResponseTopic) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  prepare(sender, "2", "b");
  prepare(sender, "3", "c");
  FakeClient keeper = member("keeper");
  pass(6s);
  const auto questions = asked(keeper);
  ASSERT_EQ(questions.size(), 3U);
  publish(keeper, {questions[0].response_topic, "commit", kQoS1, 1});
  publish(keeper, {questions[1].response_topic, "rollback", kQoS1, 2});
  publish(keeper, {questions[2].response_topic, "unknown", kQoS1, 3});
  settle();
  EXPECT_THAT(heard(keeper), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3"));
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"a"});
  EXPECT_EQ(open(), 1U);
  pass(30s);
  EXPECT_EQ(asked(keeper).size(), 1U) << "who does not know is asked again";
}

TEST_F(TransactionCheck, T79_WhoNeverKnowsLosesIt) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient watcher = login("watcher");
  subscribe(watcher, "$events/txn/rolled-back", kQoS0);
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  sender.peer().drop(0);
  FakeClient keeper = member("keeper");
  std::size_t questions = 0;
  for (int i = 0; i < 100 && open() > 0; ++i) {
    pass(6s);
    for (const auto& question : asked(keeper)) {
      ++questions;
      publish(keeper, {question.response_topic, "unknown", kQoS1, ++packet_id_});
      settle();
      heard(keeper);
    }
  }
  EXPECT_EQ(questions, 15U);
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(counted(Counter::TransactionsGivenUp), 1U);
  EXPECT_EQ(counted(Counter::TransactionsRolledBack), 1U);
  const auto events = messages(watcher);
  ASSERT_EQ(events.size(), 1U);
  const json said = json::parse(events[0].payload);
  EXPECT_EQ(said.at("txn-id"), "1");
  EXPECT_EQ(said.at("producer-group"), "sender");
  EXPECT_EQ(said.at("messages"), 1);
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(end(keeper, "1"), "0x83") << "it was rolled back";
}

TEST_F(TransactionCheck, WithoutAnybodyToAskItEndsToo) {
  options_.transactions.check_max = 2;
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  pass(6s + 2 * 30s - 1s);
  EXPECT_EQ(open(), 1U);
  pass(1s);
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(counted(Counter::TransactionChecks), 0U);
}

TEST_F(TransactionCheck, T69_AClockThatIsSetRollsNothingBack) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  broker().clock().set_wall(24h * 30);
  pass(5s);
  EXPECT_EQ(open(), 1U);
  EXPECT_EQ(counted(Counter::TransactionsGivenUp), 0U);
  EXPECT_EQ(end(sender, "1"), "");
}

TEST_F(TransactionCheck, AStoreThatHasFailedKeepsItUntilItWorks) {
  options_.transactions.check_max = 0;
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  fail_next_commit();
  pass(7s);
  EXPECT_EQ(open(), 1U);
  repair_store();
  pass(31s);
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(counted(Counter::TransactionsGivenUp), 1U);
}

}  // namespace
}  // namespace hermod::broker::testing
