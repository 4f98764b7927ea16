// The user property `filter` of SUBSCRIBE: what consumers of queues and readers of streams take.

#include "broker/shard.h"
#include "tests/unit/broker/filter_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::HasSubstr;
constexpr int kInvalid = 0x8F;

class FilterProperty : public FilterTest {
 protected:
  static constexpr std::string_view kForms[] = {"$queue/orders", "$stream/log", "$share/work/$stream/log"};
  FilterProperty() { configure("orders", "shop/#").order = queue::QueueDefinition::Order::None; }
};

TEST_F(FilterProperty, AConsumerOfAQueueGetsOnlyWhatItTakes) {
  FakeClient anna = login("anna");
  EXPECT_THAT(wants(anna, "$queue/orders", {"n=1"}).reasons, ElementsAre(1));
  say(1, 6);
  EXPECT_THAT(taken_by(anna), ElementsAre("1", "4"));
  FakeClient bert = login("bert");
  wants(bert, "$queue/orders", {});
  EXPECT_THAT(taken_by(bert), ElementsAre("2", "3", "5", "6")) << "the others waited";
}

TEST_F(FilterProperty, AReaderOfAStreamPassesOverTheRest) {
  make_stream();
  say(1, 30);
  FakeClient anna = login("anna");
  EXPECT_THAT(wants(anna, "$stream/log", {"n=1"}).reasons, ElementsAre(1));
  EXPECT_THAT(taken_by(anna), ElementsAre("1", "4", "7", "10", "13", "16", "19", "22", "25", "28"));
  say(31, 33);
  EXPECT_THAT(taken_by(anna), ElementsAre("31"));
  EXPECT_EQ(counted(Counter::StreamFiltered), 22U);
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U) << "that is what was lost";
}

TEST_F(FilterProperty, EveryFormTakesTheSameBehindAQuestionMark) {
  make_unordered_stream();
  say(1, 3);
  FakeClient old = login({.client_id = "old", .version = kV311});
  for (const std::string_view form :
       {"$queue/orders?n=2", "$stream/log/@earliest?n=2", "$share/work/$stream/log/@earliest?n=2"}) {
    old.subscribe({1}, {{.filter = form, .qos = kQoS1}});
    settle();
    EXPECT_THAT(answer_to(old).reasons, ElementsAre(1)) << form;
    EXPECT_THAT(taken_by(old), ElementsAre("2")) << form;
  }
}

TEST_F(FilterProperty, WhatIsWrongIsRefusedInTheWordsOfTheForm) {
  make_stream();
  FakeClient anna = login("anna");
  const std::string seventeen = "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a";
  const std::string long_name(1025, 'n');
  for (const std::string_view form : kForms)
    for (const std::string_view wrong :
         {std::string_view("n>x"), std::string_view(""), std::string_view("a&"), std::string_view("%2"),
          std::string_view(seventeen), std::string_view(long_name)}) {
      const Answer property = wants(anna, form, {wrong});
      EXPECT_THAT(property.reasons, ElementsAre(kInvalid)) << form << " " << wrong;
      const Answer behind = wants(anna, std::string(form) + "?" + std::string(wrong), {});
      EXPECT_EQ(property.reasons, behind.reasons) << form << " " << wrong;
      EXPECT_EQ(property.why, behind.why) << form << " " << wrong;
      EXPECT_THAT(property.why, HasSubstr("property filter")) << form << " " << wrong;
    }
  EXPECT_TRUE(broker().queues().groups_of(stream()).empty()) << "no group was made";
}

TEST_F(FilterProperty, OfBothTheTextsAreTheSame) {
  make_stream();
  FakeClient anna = login("anna");
  for (const std::string_view form : kForms) {
    const std::string said = std::string(form) + "?n=1";
    const Answer refused = wants(anna, said, {"n=2"});
    EXPECT_THAT(refused.reasons, ElementsAre(kInvalid)) << form;
    EXPECT_THAT(refused.why, HasSubstr("leave one of them out")) << form;
    EXPECT_THAT(wants(anna, said, {"n=1"}).reasons, ElementsAre(1)) << form;
  }
}

TEST_F(FilterProperty, ItIsSaidOnce) {
  make_stream();
  FakeClient anna = login("anna");
  for (const std::string_view form : kForms) {
    const Answer refused = wants(anna, form, {"n=1", "n=1"});
    EXPECT_THAT(refused.reasons, ElementsAre(kInvalid)) << form;
    EXPECT_THAT(refused.why, HasSubstr("twice")) << form;
  }
}

TEST_F(FilterProperty, ForTopicsItMeansNothing) {
  FakeClient anna = login("anna");
  ask_for(anna, {"shop/a", "$share/g/shop/a", "$queue/orders"}, {"n>x"});
  settle();
  EXPECT_THAT(answer_to(anna).reasons, ElementsAre(1, 1, kInvalid));
  say(1, 1);
  EXPECT_EQ(come_to(anna).size(), 2U);
}

TEST_F(FilterProperty, ItCountsForEveryFormOfThePacket) {
  configure("bills", "shop/#");
  FakeClient anna = login("anna");
  ask_for(anna, {"$queue/orders", "$queue/bills"}, {"n=1"});
  settle();
  EXPECT_THAT(answer_to(anna).reasons, ElementsAre(1, 1));
  say(1, 3);
  EXPECT_THAT(taken_by(anna), ElementsAre("1", "1"));
}

TEST_F(FilterProperty, AnotherSubscribeToTheSameTopicFilterReplacesIt) {
  make_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  FakeClient reader = login({.client_id = "reader", .durable = true});
  wants(anna, "$queue/orders", {"n=1"});
  wants(reader, "$stream/log", {"n=1"});
  say(1, 3);
  EXPECT_THAT(taken_by(anna), ElementsAre("1"));
  EXPECT_THAT(taken_by(reader), ElementsAre("1"));
  wants(anna, "$queue/orders", {"n=2"});
  wants(reader, "$stream/log", {"n=2"});
  EXPECT_THAT(taken_by(anna), ElementsAre("2"));
  EXPECT_THAT(taken_by(reader), ElementsAre("2"));
  wants(anna, "$queue/orders", {});
  wants(reader, "$stream/log", {});
  EXPECT_THAT(taken_by(anna), ElementsAre("3"));
  EXPECT_THAT(taken_by(reader), ElementsAre("1", "2", "3"));
}

TEST_F(FilterProperty, WhatWasLentBeforeItIsNotSentBehindTheSuback) {
  options_.threads = 2;
  broker();
  const std::size_t owner = owner_of(broker().queues().find("orders")->id, 2).v;
  FakeClient anna = login({.client_id = "anna", .shard = 1 - owner});
  wants(anna, "$queue/orders", {"n=1"});
  FakeClient publisher = login({.client_id = "source", .shard = owner});
  publish_with(publisher, 1, "1", {{"n", "1"}});
  publisher.peer().transport()->on_ready();
  for (int round = 0; round < 4; ++round) {
    broker().step(owner);
    broker().commit();
  }
  ask_for(anna, {"$queue/orders"}, {"n=2"});
  anna.peer().transport()->on_ready();
  settle();
  EXPECT_THAT(answer_to(anna).reasons, ElementsAre(1));
  EXPECT_THAT(come_to(anna), IsEmpty());
  FakeClient bert = login("bert");
  wants(bert, "$queue/orders", {});
  EXPECT_THAT(taken_by(bert), ElementsAre("1")) << "it went back";
}

TEST_F(FilterProperty, TheSessionKeepsItOverReconnectAndTakeOverByAnotherShard) {
  options_.threads = 2;
  make_unordered_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  for (const std::string_view form : kForms) EXPECT_THAT(wants(anna, form, {"n=1"}).reasons, ElementsAre(1));
  anna.peer().drop(0);
  settle();
  say(1, 3);
  FakeClient again = call({.client_id = "anna", .durable = true, .shard = 1});
  settle();
  EXPECT_THAT(taken_by(again), ElementsAre("1", "1", "1"));
  FakeClient taken = call({.client_id = "anna", .durable = true});
  settle();
  say(4, 6);
  EXPECT_THAT(taken_by(taken), ElementsAre("4", "4", "4"));
}

TEST_F(FilterProperty, AReaderThatComesBackDoesNotReadAgainWhatItPassedOver) {
  make_stream();
  say(1, 5);
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, "$stream/log", {"n=1"});
  EXPECT_THAT(taken_by(anna), ElementsAre("1", "4"));
  anna.peer().drop(0);
  settle();
  const std::uint64_t before = counted(Counter::StreamFiltered);
  FakeClient again = login({.client_id = "anna", .durable = true});
  say(6, 7);
  EXPECT_THAT(taken_by(again), ElementsAre("7"));
  EXPECT_EQ(counted(Counter::StreamFiltered), before + 1);
}

TEST_F(FilterProperty, WithoutItsSubscriptionAReaderGoesOnAsTheOtherSays) {
  make_stream();
  FakeClient anna = login("anna");
  wants(anna, "$stream/log", {"n=1"});
  wants(anna, "$stream/log/@latest", {"n=2"});
  anna.unsubscribe({2}, {"$stream/log/@latest"});
  settle();
  say(1, 3);
  EXPECT_THAT(taken_by(anna), ElementsAre("1"));
}

TEST_F(FilterProperty, UnsubscribeNamesTheTopicFilterAlone) {
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, "$queue/orders", {"n=1"});
  anna.unsubscribe({2}, {"$queue/orders?n=1", "$queue/orders"});
  settle();
  EXPECT_THAT(heard(anna), ElementsAre("UNSUBACK #2 0x11 0x00"));
  say(1, 1);
  EXPECT_THAT(come_to(anna), IsEmpty());
}

TEST_F(FilterProperty, AStoreThatFailsLeavesWhatWasThere) {
  FakeClient anna = login({.client_id = "anna", .durable = true});
  wants(anna, "$queue/orders", {"n=1"});
  fail_next_commit();
  EXPECT_THAT(wants(anna, "$queue/orders", {"n=2"}).reasons, ElementsAre(0x83));
  repair_store();
  say(1, 3);
  EXPECT_THAT(taken_by(anna), ElementsAre("1"));
}

}  // namespace
}  // namespace hermod::broker::testing
