#include "session/subscriptions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermod::session {
namespace {

std::vector<std::uint32_t> numbers(const Subscriptions& subscriptions) {
  std::vector<std::uint32_t> out;
  subscriptions.for_each_number([&](std::uint32_t number) { out.push_back(number); });
  std::sort(out.begin(), out.end());
  return out;
}

/// What SUBSCRIBE does when its commit succeeds.
std::uint32_t subscribe(Subscriptions& subscriptions, std::string_view filter) {
  const std::uint32_t number = subscriptions.number_for(filter);
  subscriptions.set(filter, {}, number);
  subscriptions.settle(filter);
  return number;
}

TEST(Subscriptions, ItemsAreSortedByFilterAndSecondSetReplaces) {
  Subscriptions subscriptions;
  EXPECT_TRUE(subscriptions.set("b/#", {.granted_qos = 1}));
  EXPECT_TRUE(subscriptions.set("a", {}));
  EXPECT_TRUE(subscriptions.set("$share/g/c", {}));
  EXPECT_FALSE(subscriptions.set("b/#", {.granted_qos = 2, .identifier = 9}));
  ASSERT_EQ(subscriptions.size(), 3U);
  EXPECT_EQ(subscriptions.items()[0].filter, "$share/g/c");
  EXPECT_EQ(subscriptions.items()[1].filter, "a");
  ASSERT_NE(subscriptions.find("b/#"), nullptr);
  EXPECT_EQ(subscriptions.find("b/#")->options.granted_qos, 2);
  EXPECT_EQ(subscriptions.find("b/#")->options.identifier, 9U);
}

TEST(Subscriptions, SecondRemoveSaysThatThereWasNone) {
  Subscriptions subscriptions;
  subscriptions.set("a", {});
  EXPECT_EQ(subscriptions.find("a/b"), nullptr);
  EXPECT_TRUE(subscriptions.remove("a"));
  EXPECT_FALSE(subscriptions.remove("a"));
  EXPECT_EQ(subscriptions.size(), 0U);
}

TEST(SubscriptionNumbers, FiltersHaveDifferentNumbersFromOneOn) {
  Subscriptions subscriptions;
  EXPECT_EQ(subscribe(subscriptions, "a"), 1U);
  EXPECT_EQ(subscribe(subscriptions, "b"), 2U);
  EXPECT_EQ(subscriptions.number_of("a"), 1U);
  EXPECT_EQ(subscriptions.number_of("b"), 2U);
  EXPECT_EQ(subscriptions.number_of("c"), 0U);
}

TEST(SubscriptionNumbers, SubscribingAgainWritesTheSameRecord) {
  Subscriptions subscriptions;
  subscribe(subscriptions, "a");
  subscribe(subscriptions, "b");
  EXPECT_EQ(subscribe(subscriptions, "a"), 1U);
  EXPECT_EQ(numbers(subscriptions), (std::vector<std::uint32_t>{1, 2}));
}

TEST(SubscriptionNumbers, NumberOfARemovedFilterIsNotGivenToAnother) {
  Subscriptions subscriptions;
  subscribe(subscriptions, "a");
  subscriptions.remove("a");
  EXPECT_EQ(subscribe(subscriptions, "b"), 2U);
  EXPECT_EQ(subscribe(subscriptions, "a"), 3U);
}

TEST(SubscriptionNumbers, TwoRecordsOnTheirWayHaveOneNumberUntilBothAreSettled) {
  Subscriptions subscriptions;
  EXPECT_EQ(subscriptions.number_for("a"), 1U);
  EXPECT_EQ(subscriptions.number_for("a"), 1U);
  EXPECT_EQ(subscriptions.on_their_way(), 1U);
  subscriptions.settle("a");
  EXPECT_EQ(subscriptions.on_their_way(), 1U);
  EXPECT_EQ(subscriptions.number_of("a"), 1U);
  subscriptions.settle("a");
  EXPECT_EQ(subscriptions.on_their_way(), 0U);
}

TEST(SubscriptionNumbers, RemovalWhileARecordIsOnItsWayKeepsTheNumber) {
  Subscriptions subscriptions;
  subscribe(subscriptions, "a");
  EXPECT_EQ(subscriptions.number_for("a"), 1U);  // subscribed again, not stored yet
  subscriptions.remove("a");
  EXPECT_EQ(subscriptions.number_of("a"), 1U);
  EXPECT_EQ(subscriptions.number_for("a"), 1U) << "two records of one filter would come back as two";
}

TEST(SubscriptionNumbers, NumberOfAFailedRecordIsNotUsedAgain) {
  Subscriptions subscriptions;
  EXPECT_EQ(subscriptions.number_for("a"), 1U);
  subscriptions.settle("a");
  EXPECT_EQ(subscriptions.number_of("a"), 0U);
  EXPECT_EQ(subscriptions.number_for("b"), 2U);
}

TEST(SubscriptionNumbers, EverythingThatMayBeInTheStoreIsVisitedOnce) {
  Subscriptions subscriptions;
  subscribe(subscriptions, "stored");
  subscriptions.number_for("stored");       // and once more on its way
  subscriptions.number_for("on its way");   // 2
  subscriptions.set("in memory only", {});  // 0
  EXPECT_EQ(numbers(subscriptions), (std::vector<std::uint32_t>{1, 2}));
}

TEST(SubscriptionNumbers, NewOnesGoOnBehindTheHighestThatWasRestored) {
  Subscriptions subscriptions;
  subscriptions.set("b", {}, 41);
  subscriptions.set("a", {}, 7);
  EXPECT_EQ(subscriptions.number_for("a"), 7U);
  EXPECT_EQ(subscriptions.number_for("c"), 42U);
}

TEST(SubscriptionNumbers, SettlingWhatIsNotOnItsWayChangesNothing) {
  Subscriptions subscriptions;
  subscribe(subscriptions, "a");
  subscriptions.settle("a");
  subscriptions.settle("never seen");
  EXPECT_EQ(numbers(subscriptions), (std::vector<std::uint32_t>{1}));
}

std::unique_ptr<SubscriptionWish> wish(std::string filter, queue::GroupFilters::Hold hold = {}) {
  return std::make_unique<SubscriptionWish>(SubscriptionWish{std::move(filter), std::move(hold)});
}

TEST(Subscriptions, WhatOneSaysOfMessagesIsReplacedWithIt) {
  Subscriptions subscriptions;
  subscriptions.set("$queue/q", {}, 1);
  EXPECT_EQ(subscriptions.find("$queue/q")->property_filter(), "");
  subscriptions.set("$queue/q", {}, 1, wish("n=1"));
  EXPECT_EQ(subscriptions.find("$queue/q")->property_filter(), "n=1");
  subscriptions.set("$queue/q", {}, 1);
  EXPECT_EQ(subscriptions.find("$queue/q")->property_filter(), "");
}

TEST(Subscriptions, AGroupTakesWhatTheyHoldUntilTheyEndOrLonger) {
  queue::GroupFilters filters;
  const queue::GroupFilters::Group work{QueueId{1}, "work"};
  const auto held = [&](std::string_view text) {
    auto hold = filters.hold(work, {SessionId{1}, "anna", text}, "n=1");
    hold->confirm();
    return *std::move(hold);
  };
  Subscriptions subscriptions;
  subscriptions.set("a", {}, 1, wish("n=1", held("a")));
  subscriptions.remove("a");
  EXPECT_EQ(filters.filter_of(work), std::nullopt);
  subscriptions.set("b", {}, 2, wish("n=1", held("b")));
  subscriptions.set("c", {}, 3);
  auto holds = subscriptions.take_group_holds();
  EXPECT_EQ(holds.size(), 1U);
  subscriptions.remove("b");
  EXPECT_EQ(filters.filter_of(work), "n=1");
  holds.clear();
  EXPECT_EQ(filters.filter_of(work), std::nullopt);
}

}  // namespace
}  // namespace hermod::session
