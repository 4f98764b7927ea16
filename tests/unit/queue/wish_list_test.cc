#include "queue/wish_list.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace hermod::queue {
namespace {

using Firsts = std::vector<std::pair<Seq, LaneNo>>;

Firsts firsts(const ReadySet& ready) {
  Firsts all;
  ready.visit([&](Seq first, LaneNo lane) {
    all.emplace_back(first, lane);
    return true;
  });
  return all;
}

TEST(ReadySet, KnowsTheFirstOfEachLane) {
  ReadySet ready;
  ready.insert(1, Seq{5});
  ready.insert(1, Seq{3});
  ready.insert(0, Seq{4});
  ready.insert(1, Seq{9});
  EXPECT_EQ(firsts(ready), (Firsts{{Seq{3}, 1}, {Seq{4}, 0}}));
  ready.erase(1, Seq{3});
  ready.erase(1, Seq{3});
  ready.erase(0, Seq{4});
  EXPECT_EQ(firsts(ready), (Firsts{{Seq{5}, 1}}));
  EXPECT_TRUE(ready.contains(1, Seq{9}));
  EXPECT_FALSE(ready.contains(0, Seq{9}));
}

TEST(ReadySet, DoesWhatAPlainListWould) {
  std::mt19937 chance(1);
  ReadySet ready;
  std::map<LaneNo, std::set<Seq>> plain;
  for (int step = 0; step < 3'000; ++step) {
    const auto lane = static_cast<LaneNo>(chance() % 3);
    const Seq seq{1 + chance() % 20};
    if (chance() % 2 == 0) {
      ready.insert(lane, seq);
      plain[lane].insert(seq);
    } else {
      ready.erase(lane, seq);
      plain[lane].erase(seq);
    }
    std::set<std::pair<Seq, LaneNo>> expected;
    for (const auto& [number, entries] : plain)
      if (!entries.empty()) expected.insert({*entries.begin(), number});
    ASSERT_EQ(firsts(ready), Firsts(expected.begin(), expected.end())) << "step " << step;
  }
}

Wish filtering(std::string_view filter) {
  return {.filter = *PropertyFilter::parse(filter), .claims = false};
}

WishList::Newcomers newcomers(const WishList& wishes) {
  return wishes.newcomers([](WishNo, const ReadySet&) { return true; });
}

void make_level(WishList& wishes) {
  for (const WishList::Newcomer& newcomer : newcomers(wishes))
    wishes.set_seen(newcomer.number, WishList::kLevel);
}

TEST(WishList, ConsumersThatWantTheSameHaveOneWish) {
  WishList wishes;
  const WishNo n = wishes.add(filtering("!n"));
  EXPECT_EQ(wishes.add(filtering("!n")), n);
  EXPECT_NE(wishes.add(filtering("!m")), n);
  EXPECT_NE(wishes.add({.filter = *PropertyFilter::parse("!n"), .claims = true}), n);
  make_level(wishes);
  wishes.show(0, Seq{1}, {}, false);
  EXPECT_EQ(wishes.examined(), 3U) << "once for each";
  EXPECT_TRUE(wishes.wants(n, 0, Seq{1}));
  wishes.hide(0, Seq{1});
  EXPECT_FALSE(wishes.wants(n, 0, Seq{1}));
}

TEST(WishList, AWishIsForgottenWithTheLastThatHasIt) {
  WishList wishes;
  const WishNo first = wishes.add(filtering("!n"));
  wishes.add(filtering("!n"));
  wishes.remove(first);
  EXPECT_FALSE(wishes.is_empty());
  wishes.remove(first);
  EXPECT_TRUE(wishes.is_empty());
  EXPECT_NE(wishes.add(filtering("!n")), first) << "it knows nothing of what the old one was shown";
}

TEST(WishList, AClaimIsNotWantedBehindWhatPassed) {
  WishList wishes;
  const WishNo claims = wishes.add({.filter = {}, .claims = true});
  make_level(wishes);
  wishes.show(0, Seq{2}, {}, true);
  EXPECT_FALSE(wishes.wants(claims, 0, Seq{2}));
  wishes.show_claims(0, Seq{2}, {});
  EXPECT_TRUE(wishes.wants(claims, 0, Seq{2}));
  EXPECT_EQ(wishes.examined(), 0U) << "there is no filter";
  const WishNo filter = wishes.add(filtering("!n"));
  make_level(wishes);
  wishes.show_claims(0, Seq{3}, {});
  EXPECT_FALSE(wishes.wants(filter, 0, Seq{3})) << "it was shown that before";
}

TEST(WishList, ANewWishIsShownWhatIsReadyFromTheFrontOn) {
  WishList wishes;
  const WishNo n = wishes.add(filtering("!n"));
  ASSERT_EQ(newcomers(wishes).size(), 1U);
  EXPECT_EQ(newcomers(wishes)[0].number, n);
  EXPECT_EQ(newcomers(wishes)[0].seen_to, Seq{});
  wishes.show(0, Seq{7}, {}, false);
  EXPECT_FALSE(wishes.wants(n, 0, Seq{7})) << "it comes to that";
  EXPECT_FALSE(wishes.sees(Seq{7}));
  EXPECT_TRUE(wishes.newcomers([&](WishNo number, const ReadySet&) { return number != n; }).empty());
  wishes.show_newcomer(n, 0, Seq{3}, {}, false);
  wishes.set_seen(n, Seq{5});
  wishes.show(0, Seq{4}, {}, false);
  EXPECT_TRUE(wishes.wants(n, 0, Seq{3}));
  EXPECT_TRUE(wishes.wants(n, 0, Seq{4}));
  EXPECT_TRUE(wishes.sees(Seq{4}));
  wishes.set_seen(n, WishList::kLevel);
  wishes.show(0, Seq{7}, {}, false);
  EXPECT_TRUE(wishes.wants(n, 0, Seq{7}));
  EXPECT_TRUE(newcomers(wishes).empty());
}

TEST(WishList, WhatNobodyWillWantIsKnownWhenAllHaveSeenIt) {
  WishList wishes;
  const WishNo n = wishes.add(filtering("!n"));
  const WishNo rare = wishes.add(filtering("tags=rare"));
  wishes.show(0, Seq{1}, {}, false);
  EXPECT_FALSE(wishes.is_unwanted(0, Seq{1})) << "they have not seen it";
  wishes.set_seen(rare, WishList::kLevel);
  EXPECT_FALSE(wishes.is_unwanted(0, Seq{1}));
  wishes.show_newcomer(n, 0, Seq{1}, {}, false);
  wishes.set_seen(n, WishList::kLevel);
  EXPECT_FALSE(wishes.is_unwanted(0, Seq{1}));
  EXPECT_TRUE(wishes.is_wanted(0, Seq{1}));
  wishes.remove(n);
  EXPECT_TRUE(wishes.is_unwanted(0, Seq{1}));
  EXPECT_FALSE(wishes.is_wanted(0, Seq{1}));
  wishes.add({.filter = *PropertyFilter::parse("tags=rare"), .claims = true});
  make_level(wishes);
  EXPECT_FALSE(wishes.is_unwanted(0, Seq{1})) << "it may follow what is not gone from the store";
}

}  // namespace
}  // namespace hermod::queue
