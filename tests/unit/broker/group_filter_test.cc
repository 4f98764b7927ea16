// Filters of consumer groups: one for all members, whoever comes first.

#include "tests/unit/broker/filter_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
constexpr int kRefused = 0x80;

class GroupFilter : public FilterTest {
 protected:
  json show() {
    FakeClient asks = operator_client();
    const json answer = ask(asks, R"({"command":"showGroup","queue":"log","group":"work"})");
    return answer.value("data", answer);
  }
  void expect_both_named(const Answer& answer, std::string_view own, std::string_view other) {
    EXPECT_THAT(answer.reasons, ElementsAre(kRefused));
    EXPECT_THAT(answer.why, HasSubstr("client " + std::string(own) + " asks for another one than client " +
                                      std::string(other)));
  }
};

TEST_F(GroupFilter, WhatItDoesNotTakeIsBehindItAndCounted) {
  make_unordered_stream();
  say(1, 30);
  FakeClient anna = login("anna");
  FakeClient bert = login("bert");
  EXPECT_THAT(wants(anna, kWork, {"n=1"}).reasons, ElementsAre(1));
  EXPECT_THAT(wants(bert, kWork, {"n=1"}).reasons, ElementsAre(1));
  std::vector<std::string> all;
  for (int round = 0; round < 10; ++round)
    for (FakeClient* one : {&anna, &bert})
      for (std::string& payload : taken_by(*one)) all.push_back(std::move(payload));
  EXPECT_THAT(all, UnorderedElementsAre("1", "4", "7", "10", "13", "16", "19", "22", "25", "28"));
  EXPECT_EQ(counted(Counter::StreamFiltered), 20U);
  const json group = show();
  EXPECT_EQ(group.at("position"), 31);
  EXPECT_EQ(group.at("lag"), 0);
  EXPECT_EQ(group.at("filter"), "n=1");
  EXPECT_EQ(group.at("filtered"), 20);
  EXPECT_EQ(group.at("passed_over"), 0);
  EXPECT_EQ(recorded()->position.next(), Seq{31});
}

TEST_F(GroupFilter, TheSecondMemberWithAnotherIsRefusedAndBothAreNamed) {
  make_unordered_stream();
  FakeClient anna = login("anna");
  FakeClient bert = login("bert");
  wants(anna, kWork, {"n=1"});
  expect_both_named(wants(bert, kWork, {"n=2"}), "bert", "anna");
  expect_both_named(wants(bert, kWork, {}), "bert", "anna");
  expect_both_named(wants(bert, "$share/work/$stream/log/@latest?n=2", {}), "bert", "anna");
  EXPECT_THAT(wants(bert, "$share/work/$stream/log?n=1", {}).reasons, ElementsAre(1))
      << "the same in the form";
  EXPECT_THAT(wants(bert, "$share/other/$stream/log", {"n=2"}).reasons, ElementsAre(1)) << "another group";
  FakeClient carl = login("carl");
  wants(carl, "$share/all/$stream/log", {});
  expect_both_named(wants(bert, "$share/all/$stream/log", {"n=2"}), "bert", "carl");
}

TEST_F(GroupFilter, AClientOfMqtt311IsRefusedAsWell) {
  make_unordered_stream();
  FakeClient anna = login("anna");
  wants(anna, kWork, {"n=1"});
  FakeClient old = login({.client_id = "old", .version = kV311});
  old.subscribe({1}, {{.filter = kWork, .qos = kQoS1}});
  settle();
  EXPECT_THAT(answer_to(old).reasons, ElementsAre(kRefused));
}

TEST_F(GroupFilter, OfTwoOnDifferentShardsInTheSameMomentOneIsRefused) {
  options_.threads = 2;
  make_unordered_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true, .shard = 0});
  FakeClient bert = login({.client_id = "bert", .durable = true, .shard = 1});
  ask_for(anna, {kWork}, {"n=1"});
  ask_for(bert, {kWork}, {"n=2"});
  settle_without_commit();  // both are read, and nothing is stored
  settle();
  const Answer to_anna = answer_to(anna);
  const Answer to_bert = answer_to(bert);
  ASSERT_THAT(std::vector({to_anna.reasons, to_bert.reasons}),
              UnorderedElementsAre(ElementsAre(1), ElementsAre(kRefused)));
  const bool has_anna = to_anna.reasons.at(0) == 1;
  expect_both_named(has_anna ? to_bert : to_anna, has_anna ? "bert" : "anna", has_anna ? "anna" : "bert");
  say(1, 3);
  EXPECT_EQ(taken_by(has_anna ? anna : bert), (std::vector<std::string>{has_anna ? "1" : "2"}));
}

TEST_F(GroupFilter, AMemberThatIsAwayWithItsSessionStillHasIts) {
  options_.threads = 2;
  make_unordered_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, kWork, {"n=1"});
  anna.peer().drop(0);
  settle();
  FakeClient bert = login({.client_id = "bert", .shard = 1});
  expect_both_named(wants(bert, kWork, {"n=2"}), "bert", "anna");
  FakeClient clean = call({.client_id = "anna", .clean = true});
  settle_without_commit();
  ask_for(bert, {kWork}, {"n=2"});
  settle_without_commit();
  expect_both_named(answer_to(bert), "bert", "anna");  // the end of that session is not stored
  settle();
  EXPECT_THAT(wants(bert, kWork, {"n=2"}).reasons, ElementsAre(1));
}

TEST_F(GroupFilter, OneWhoseSessionEndsWithTheConnectionGivesItUp) {
  make_unordered_stream();
  FakeClient anna = login("anna");
  wants(anna, kWork, {"n=1"});
  anna.peer().drop(0);
  settle();
  FakeClient bert = login("bert");
  EXPECT_THAT(wants(bert, kWork, {"n=2"}).reasons, ElementsAre(1));
  bert.unsubscribe({2}, {kWork});
  settle();
  FakeClient carl = login("carl");
  EXPECT_THAT(wants(carl, kWork, {}).reasons, ElementsAre(1));
}

TEST_F(GroupFilter, TheOnlyMemberMayReplaceIts) {
  make_unordered_stream();
  FakeClient anna = login("anna");
  wants(anna, kWork, {"n=1"});
  say(1, 6);
  const auto with_her = come_to(anna);
  ASSERT_EQ(with_her.size(), 2U) << "1 and 4 are out";
  EXPECT_THAT(wants(anna, kWork, {"n=2"}).reasons, ElementsAre(1));
  say(7, 9);
  EXPECT_THAT(taken_by(anna), ElementsAre("8")) << "it does not go back for 2 and 5";
  anna.ack(PacketType::Puback, with_her[0].id);
  anna.ack(PacketType::Puback, with_her[1].id, ReasonCode::UnspecifiedError);
  settle();
  broker().pass(std::chrono::minutes(1));
  EXPECT_THAT(taken_by(anna), IsEmpty()) << "4 has come back, and nobody takes it";
  EXPECT_EQ(recorded()->position.next(), Seq{10});
}

TEST_F(GroupFilter, NotTheOnlyMemberMayNot) {
  make_unordered_stream();
  FakeClient anna = login("anna");
  FakeClient bert = login("bert");
  wants(anna, kWork, {"n=1"});
  wants(bert, kWork, {"n=1"});
  expect_both_named(wants(anna, kWork, {"n=2"}), "anna", "bert");
  say(1, 2);
  std::vector<std::string> all = taken_by(anna);
  for (std::string& one : taken_by(bert)) all.push_back(std::move(one));
  EXPECT_THAT(all, ElementsAre("1")) << "the subscription that was there stays";
}

TEST_F(GroupFilter, TheNextMemberMayHaveAnotherWhenAllAreGone) {
  make_unordered_stream();
  FakeClient anna = login("anna");
  wants(anna, kWork, {"n=1"});
  say(1, 3);
  ASSERT_EQ(come_to(anna).size(), 1U);
  anna.peer().drop(0);
  settle();
  FakeClient bert = login("bert");
  EXPECT_THAT(wants(bert, kWork, {"n!=1"}).reasons, ElementsAre(1));
  say(4, 6);
  EXPECT_THAT(taken_by(bert), ElementsAre("5", "6")) << "2 and 3 are behind the group, and 1 nobody takes";
  EXPECT_EQ(recorded()->position.next(), Seq{7});
}

TEST_F(GroupFilter, AStoreThatFailsMakesNoMember) {
  make_unordered_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, kWork, {"n=1"});
  fail_next_commit();
  EXPECT_THAT(wants(anna, kWork, {"n=2"}).reasons, ElementsAre(0x83));
  repair_store();
  FakeClient bert = login("bert");
  expect_both_named(wants(bert, kWork, {"n=2"}), "bert", "anna");
  EXPECT_THAT(wants(bert, kWork, {"n=1"}).reasons, ElementsAre(1));
}

TEST_F(GroupFilter, AGroupThatIsDeletedKeepsItAsLongAsItHasSubscriptions) {
  make_unordered_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, kWork, {"n=1"});
  anna.peer().drop(0);
  settle();
  FakeClient asks = operator_client();
  const json deleted = ask(asks, R"({"command":"deleteGroup","queue":"log","group":"work"})");
  ASSERT_FALSE(deleted.contains("error")) << deleted.dump();
  FakeClient bert = login("bert");
  expect_both_named(wants(bert, kWork, {"n=2"}), "bert", "anna");
  FakeClient again = login({.client_id = "anna", .durable = true});
  say(1, 3);
  EXPECT_THAT(taken_by(again), ElementsAre("1"));
}

TEST_F(GroupFilter, AStreamThatIsDeletedTakesItAlong) {
  make_unordered_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, kWork, {"n=1"});
  FakeClient asks = operator_client();
  const json deleted = ask(asks, R"({"command":"delete","queue":"log","force":true})");
  ASSERT_FALSE(deleted.contains("error")) << deleted.dump();
  asks.disconnect();
  settle();
  make_unordered_stream();
  FakeClient bert = login("bert");
  EXPECT_THAT(wants(bert, kWork, {"n=2"}).reasons, ElementsAre(1));
}

}  // namespace
}  // namespace hermod::broker::testing
