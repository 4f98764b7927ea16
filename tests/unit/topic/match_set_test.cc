#include "topic/match_set.h"

#include <gtest/gtest.h>

#include "tests/unit/topic/index_model.h"

namespace hermod::topic {
namespace {

SubscriberList list_of(std::uint64_t first, std::uint64_t last, std::uint64_t step,
                       SubscriptionOptions options) {
  SubscriberList list;
  for (std::uint64_t session = first; session <= last; session += step) list.set({session}, options);
  return list;
}

TEST(MatchSet, LargeListsMergeLikeSmallOnes) {
  const SubscriberList all = list_of(1, 3000, 1, {.granted_qos = 0, .identifier = 1});
  const SubscriberList even = list_of(2, 3000, 2, {.granted_qos = 2, .identifier = 2});
  const SubscriberList thirds = list_of(3, 4000, 3, {.granted_qos = 1, .retain_as_published = true});
  MatchSet set;
  for (int round = 0; round < 3; ++round) {  // the set is used again
    set.reset({});
    set.add(all);
    set.add(even);
    set.add(thirds);
    set.merge();
    const Copies copies = plain_copies(set);
    ASSERT_EQ(copies.size(), set.size());
    ASSERT_EQ(copies.size(), 3000U + 333U);
    for (const auto& [session, copy] : copies) {
      const bool in_all = session <= 3000;
      const bool in_even = in_all && session % 2 == 0;
      ASSERT_EQ(copy.granted_qos, in_even ? 2 : session % 3 == 0 ? 1 : 0) << session;
      ASSERT_EQ(copy.retain_as_published, session % 3 == 0);
      ASSERT_EQ(copy.identifiers.count(1), in_all ? 1U : 0U);
      ASSERT_EQ(copy.identifiers.count(2), in_even ? 1U : 0U);
    }
  }
}

TEST(MatchSet, SmallRoundAfterLargeOneRemembersNothing) {
  const SubscriberList many = list_of(1, 3000, 1, {.granted_qos = 2, .identifier = 1});
  const SubscriberList some = list_of(1, 50, 1, {.identifier = 3});
  const SubscriberList few = list_of(1, 9, 1, {.identifier = 4});
  MatchSet set;
  for (const bool large : {true, false, true, false}) {
    set.reset({});
    if (large) set.add(many);
    set.add(few);
    set.add(some);
    set.merge();
    ASSERT_EQ(set.size(), large ? 3000U : 50U);
    for (const Match& match : set) {
      const std::multiset<std::uint32_t> wanted = [&] {
        std::multiset<std::uint32_t> identifiers;
        if (large) identifiers.insert(1);
        if (match.session.v <= 50) identifiers.insert(3);
        if (match.session.v <= 9) identifiers.insert(4);
        return identifiers;
      }();
      ASSERT_EQ(copy_of(match, set).identifiers, wanted);
      ASSERT_EQ(match.granted_qos, large ? 2 : 0);
    }
  }
  set.reset({});
  set.merge();
  EXPECT_TRUE(set.empty());
}

TEST(MatchSet, SteadyStateKeepsItsMemory) {
  const SubscriberList a = list_of(1, 40, 1, {.identifier = 1});
  const SubscriberList b = list_of(1, 40, 1, {.identifier = 2});
  MatchSet set;
  const auto fill = [&] {
    set.reset({});
    set.add(a);
    set.add(b);
    set.merge();
    return std::pair{&set[0], set.identifiers(set[0]).data()};
  };
  const auto first = fill();
  EXPECT_EQ(fill(), first);
}

}  // namespace
}  // namespace hermod::topic
