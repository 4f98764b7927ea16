#include "topic/subscription_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/topic/index_model.h"

namespace hermod::topic {
namespace {

class SubscriptionTreeTest : public ::testing::Test {
 protected:
  const MatchSet& match(std::string_view name, std::uint64_t publisher = 0) {
    tree.match(name_of(name), {publisher}, selector, set_);
    return set_;
  }
  SubscriptionTree tree;
  FakeSelector selector;

 private:
  MatchSet set_;
};

TEST_F(SubscriptionTreeTest, EmptyTreeMatchesNobody) {
  EXPECT_TRUE(match("a/b").empty());
  EXPECT_TRUE(match("$SYS/x").is_reusable());
}

TEST_F(SubscriptionTreeTest, OutcomesTellNewFromReplaced) {  // [MQTT-3.8.4-3]
  for (const char* filter : {"a/b", "a/+", "a/#", "#", "+", "$share/g/a/b", "$share/g/a/+"}) {
    EXPECT_EQ(tree.apply(set(filter, 1)), ChangeOutcome::Added) << filter;
    EXPECT_EQ(tree.apply(set(filter, 1, {.granted_qos = 2})), ChangeOutcome::Replaced) << filter;
    EXPECT_EQ(tree.apply(set(filter, 2)), ChangeOutcome::Added) << filter;
    EXPECT_EQ(tree.apply(remove(filter, 1)), ChangeOutcome::Removed) << filter;
    EXPECT_EQ(tree.apply(remove(filter, 1)), ChangeOutcome::NotFound) << filter;
    EXPECT_EQ(tree.apply(remove(filter, 2)), ChangeOutcome::Removed) << filter;
    EXPECT_EQ(tree.apply(remove(filter, 2)), ChangeOutcome::NotFound) << filter;
  }
  EXPECT_EQ(tree.subscription_count(), 0U);
  EXPECT_EQ(tree.shared_subscription_count(), 0U);
  EXPECT_EQ(tree.node_count(), 0U);
}

TEST_F(SubscriptionTreeTest, ReplacingTakesTheNewOptions) {
  tree.apply(set("a/+", 1, {.granted_qos = 2, .retain_as_published = true, .identifier = 7}));
  tree.apply(set("a/+", 1, {.granted_qos = 1}));
  EXPECT_EQ(plain_copies(match("a/b")), (Copies{{1, {1, false, {}}}}));
}

TEST_F(SubscriptionTreeTest, OverlappingSubscriptionsAreOneCopyWithTheHighestQoSAndAllIdentifiers) {
  tree.apply(set("a/b", 1, {.granted_qos = 0, .identifier = 5}));  // [MQTT-3.3.4-2], [MQTT-3.3.4-4]
  tree.apply(set("a/+", 1, {.granted_qos = 2, .identifier = 6}));
  tree.apply(set("#", 1, {.granted_qos = 1, .retain_as_published = true, .identifier = 5}));
  tree.apply(set("a/#", 1));
  tree.apply(set("a/#", 2, {.identifier = 9}));
  EXPECT_EQ(plain_copies(match("a/b")), (Copies{{1, {2, true, {5, 5, 6}}}, {2, {0, false, {9}}}}));
  EXPECT_EQ(match("a/b").size(), 2U);
  EXPECT_EQ(plain_copies(match("c")), (Copies{{1, {1, true, {5}}}}));
}

TEST_F(SubscriptionTreeTest, NoLocalDropsOnlyItsOwnSubscription) {  // [MQTT-3.8.3-3]
  tree.apply(set("a/b", 1, {.granted_qos = 2, .no_local = true, .identifier = 5}));
  EXPECT_TRUE(match("a/b", 1).empty());
  EXPECT_FALSE(match("a/b", 1).is_reusable());
  EXPECT_FALSE(match("a/b", 2).is_reusable());
  EXPECT_EQ(match("a/b", 2).size(), 1U);
  tree.apply(set("a/+", 1, {.granted_qos = 1, .identifier = 6}));
  EXPECT_EQ(plain_copies(match("a/b", 1)), (Copies{{1, {1, false, {6}}}}));
  EXPECT_EQ(plain_copies(match("a/b", 2)), (Copies{{1, {2, false, {5, 6}}}}));
  EXPECT_TRUE(match("a/c", 2).is_reusable());
}

TEST_F(SubscriptionTreeTest, WildcardsAtTheFirstLevelDoNotReachReservedNames) {  // [MQTT-4.7.2-1]
  tree.apply(set("#", 1));
  tree.apply(set("+/x", 1));
  tree.apply(set("+/#", 1));
  tree.apply(set("$share/g/#", 1));
  EXPECT_TRUE(match("$SYS").empty());
  EXPECT_TRUE(match("$SYS/x").empty());
  EXPECT_TRUE(match("$dead/x/y").empty());
  tree.apply(set("$SYS/+", 2));
  tree.apply(set("$SYS/#", 3));
  tree.apply(set("$SYS/x", 4));
  EXPECT_EQ(plain_copies(match("$SYS/x")), (Copies{{2, {}}, {3, {}}, {4, {}}}));
  EXPECT_EQ(plain_copies(match("$SYS")), (Copies{{3, {}}}));
}

TEST_F(SubscriptionTreeTest, EachGroupGivesOneCopyAndLeavesOrdinarySubscriptionsAlone) {  // 4.8.2
  tree.apply(set("a/b", 1, {.identifier = 1}));
  tree.apply(set("$share/g/a/b", 1, {.granted_qos = 2, .identifier = 2}));
  tree.apply(set("$share/g/a/+", 1, {.granted_qos = 1, .identifier = 3}));
  tree.apply(set("$share/h/a/b", 1, {.identifier = 4}));
  const MatchSet& found = match("a/b", 1);
  EXPECT_FALSE(found.is_reusable());
  EXPECT_EQ(plain_copies(found), (Copies{{1, {0, false, {1}}}}));
  std::map<std::string, Copy> shared;
  for (const Match& m : found) {
    if (!m.is_shared()) continue;
    const GroupName* name = tree.group_name(m.group);
    ASSERT_NE(name, nullptr);
    shared[name->share_name + ':' + name->filter] = copy_of(m, found);
  }
  EXPECT_EQ(shared, (std::map<std::string, Copy>{
                        {"g:a/b", {2, false, {2}}}, {"g:a/+", {1, false, {3}}}, {"h:a/b", {0, false, {4}}}}));
}

TEST_F(SubscriptionTreeTest, OnlineMembersOfAGroupTakeTurns) {
  for (std::uint64_t member = 1; member <= 4; ++member) tree.apply(set("$share/g/t", member));
  selector.offline = {2};
  std::map<std::uint64_t, int> taken;
  for (int i = 0; i < 300; ++i) {
    const MatchSet& found = match("t");
    ASSERT_EQ(found.size(), 1U);
    ++taken[found[0].session.v];
  }
  EXPECT_EQ(taken, (std::map<std::uint64_t, int>{{1, 100}, {3, 100}, {4, 100}}));
}

TEST_F(SubscriptionTreeTest, OfflineMembersAreTheSecondChoiceAndMissingOnesNone) {
  for (std::uint64_t member = 1; member <= 3; ++member) tree.apply(set("$share/g/t", member));
  selector.never = {1, 3};
  selector.offline = {2};
  EXPECT_EQ(match("t")[0].session.v, 2U);
  EXPECT_EQ(match("t")[0].session.v, 2U);
  selector.never = {1, 2, 3};
  EXPECT_TRUE(match("t").empty());
  EXPECT_FALSE(match("t").is_reusable());
}

TEST_F(SubscriptionTreeTest, AnotherMemberCanBePickedByGroup) {
  tree.apply(set("$share/g/t/+", 1));
  tree.apply(set("$share/g/t/+", 2, {.granted_qos = 1}));
  const auto group = parse_subscription("$share/g/t/+").value();
  const GroupKey key = match("t/1")[0].group;
  MatchSet set;
  selector.never = {1};
  ASSERT_TRUE(tree.pick(group, selector, set));
  ASSERT_EQ(set.size(), 1U);
  EXPECT_EQ(set[0].session.v, 2U);
  EXPECT_EQ(set[0].group, key);
  EXPECT_EQ(set[0].granted_qos, 1);
  selector.never = {1, 2};
  EXPECT_FALSE(tree.pick(group, selector, set));
  EXPECT_TRUE(set.empty());
  for (const char* other : {"$share/h/t/+", "$share/g/t/x", "$share/g/u/+", "$share/g/t/#"}) {
    EXPECT_FALSE(tree.pick(parse_subscription(other).value(), selector, set)) << other;
  }
}

TEST_F(SubscriptionTreeTest, GroupThatLostItsLastMemberComesBackUnderItsKey) {
  tree.apply(set("$share/g/t", 1));
  const GroupKey old = match("t")[0].group;
  tree.apply(remove("$share/g/t", 1));
  EXPECT_EQ(tree.group_name(old), nullptr);
  tree.apply(set("$share/g/t", 1));
  EXPECT_EQ(match("t")[0].group, old);
  EXPECT_NE(tree.group_name(old), nullptr);
}

TEST_F(SubscriptionTreeTest, GroupKeyIsTheSameInEveryTree) {
  tree.apply(set("$share/g/t/+", 1));
  SubscriptionTree other;
  other.apply(set("$share/g/u", 2));
  other.apply(set("$share/g/t/+", 3));
  MatchSet others;
  other.match(TopicName::parse("t/x").value(), {}, selector, others);
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].group, match("t/x")[0].group);
}

TEST_F(SubscriptionTreeTest, SharedAndPlainOfOneFilterAreRemovedApart) {
  tree.apply(set("t/+", 1));
  tree.apply(set("$share/g/t/+", 1));
  EXPECT_EQ(tree.apply(remove("$share/h/t/+", 1)), ChangeOutcome::NotFound);
  EXPECT_EQ(tree.apply(remove("t/+", 1)), ChangeOutcome::Removed);
  EXPECT_EQ(tree.apply(remove("t/+", 1)), ChangeOutcome::NotFound);
  ASSERT_EQ(match("t/x").size(), 1U);
  EXPECT_TRUE(match("t/x")[0].is_shared());
  EXPECT_EQ(tree.apply(remove("$share/g/t/+", 1)), ChangeOutcome::Removed);
  EXPECT_EQ(tree.node_count(), 0U);
}

TEST_F(SubscriptionTreeTest, CrowdOfSleepersIsAskedOnlySoOften) {
  class Counting final : public MemberSelector {
   public:
    Rank rank(SessionId) const override {
      ++asked;
      return Rank::Offline;
    }
    mutable std::size_t asked = 0;
  };
  for (std::uint64_t member = 0; member < 3 * SharedGroup::kMostAsked; ++member)
    tree.apply(set("$share/g/t", member));
  Counting counting;
  MatchSet set;
  tree.match(name_of("t"), {}, counting, set);
  EXPECT_EQ(counting.asked, SharedGroup::kMostAsked);
  EXPECT_EQ(set.size(), 1U);
}

TEST_F(SubscriptionTreeTest, DeepestFiltersAndNamesWork) {
  std::string deep = "a";
  for (int level = 1; level < 200; ++level) deep += "/a";
  const std::string wild = deep.substr(0, deep.size() - 1) + "+";
  const std::string all = deep.substr(0, deep.size() - 1) + "#";
  std::string pluses = "+";
  for (int level = 1; level < 200; ++level) pluses += "/+";
  const std::string* const filters[] = {&deep, &wild, &all, &pluses};
  for (const auto* filter : filters) {
    EXPECT_EQ(tree.apply(set(*filter, 1, {.identifier = 1})), ChangeOutcome::Added);
  }
  const MatchSet& found = match(deep);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.identifiers(found[0]).size(), 4U);
  for (const auto* filter : filters) {
    EXPECT_EQ(tree.apply(remove(*filter, 1)), ChangeOutcome::Removed);
  }
  EXPECT_EQ(tree.node_count(), 0U);
}

TEST_F(SubscriptionTreeTest, TreesDeeperThanTheLimitNeedNoRecursion) {
  const std::string slashes(65535, '/');
  const std::string filter = slashes.substr(1) + "+";
  tree.apply(
      {SubscriptionChange::Kind::Set, {{}, TopicFilter::parse(filter, {.levels = 65536}).value()}, {1}});
  EXPECT_EQ(tree.node_count(), 65535U);
  tree.apply(set("#", 2));
  EXPECT_EQ(match(slashes.substr(1)).size(), 2U);
  EXPECT_EQ(match(slashes).size(), 1U);
}

TEST_F(SubscriptionTreeTest, LongListsAnswerLikeShortOnes) {
  constexpr std::uint64_t kSessions = 5000;
  for (std::uint64_t s = 1; s <= kSessions; ++s) ASSERT_EQ(tree.apply(set("t", s)), ChangeOutcome::Added);
  for (std::uint64_t s = 1; s <= kSessions; s += 2) {
    ASSERT_EQ(tree.apply(set("t", s, {.granted_qos = 1})), ChangeOutcome::Replaced);
  }
  for (std::uint64_t s = 1; s <= kSessions; ++s) {
    if (s % 3 == 0) {
      ASSERT_EQ(tree.apply(remove("t", s)), ChangeOutcome::Removed);
    }
  }
  for (std::uint64_t s = 1; s <= kSessions; s += 7) tree.apply(set("+", s, {.granted_qos = 2}));
  const Copies copies = plain_copies(match("t"));
  for (std::uint64_t s = 1; s <= kSessions; ++s) {
    const bool wild = s % 7 == 1;
    ASSERT_EQ(copies.contains(s), s % 3 != 0 || wild) << s;
    if (copies.contains(s)) {
      ASSERT_EQ(copies.at(s).granted_qos, wild ? 2 : static_cast<std::uint8_t>(s % 2)) << s;
    }
  }
  for (std::uint64_t s = 1; s <= kSessions; ++s) tree.apply(remove("t", s));
  EXPECT_EQ(match("t").size(), (kSessions + 6) / 7);
}

class RandomTreeTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomTreeTest, AgreesWithTheModel) {
  RandomTopics random(GetParam());
  SubscriptionTree tree;
  IndexModel model;
  FakeSelector selector;
  selector.offline = {3};
  MatchSet found;
  for (int round = 0; round < 2000; ++round) {
    const std::string target = random.target();
    const std::uint64_t session = 1 + random.below(12);
    SubscriptionChange change = set(target, session,
                                    {static_cast<std::uint8_t>(random.below(3)), random.below(4) == 0,
                                     random.below(4) == 0, random.below(4)});
    if (random.below(5) < 2) change.kind = SubscriptionChange::Kind::Remove;
    ASSERT_EQ(tree.apply(change), model.apply(change)) << target;
    ASSERT_EQ(tree.subscription_count(), model.count());

    const std::string text = random.name();
    const TopicName name = name_of(text);
    const std::uint64_t publisher = random.below(13);
    tree.match(name, {publisher}, selector, found);
    ASSERT_EQ(plain_copies(found), model.plain(name, publisher)) << text;
    auto groups = model.groups(name);
    for (const Match& m : found) {
      if (!m.is_shared()) continue;
      const GroupName* group = tree.group_name(m.group);
      ASSERT_NE(group, nullptr);
      const auto at = groups.find({group->share_name, group->filter});
      ASSERT_NE(at, groups.end()) << text << ' ' << group->filter;
      const auto member = at->second.find(m.session.v);
      ASSERT_NE(member, at->second.end());
      EXPECT_EQ(m.granted_qos, member->second.granted_qos);
      if (at->second.size() > 1) {
        EXPECT_NE(m.session.v, 3U) << "offline, and others were there";
      }
      groups.erase(at);
    }
    ASSERT_TRUE(groups.empty()) << "a group was left out for " << text;
  }
  for (const auto& [target, members] : model.all()) {
    for (const auto& [session, options] : members) {
      SubscriptionChange change{SubscriptionChange::Kind::Remove,
                                {target.first, TopicFilter::parse(target.second).value()},
                                {session}};
      ASSERT_EQ(tree.apply(change), ChangeOutcome::Removed);
    }
  }
  EXPECT_EQ(tree.subscription_count(), 0U);
  EXPECT_EQ(tree.node_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTreeTest, ::testing::Range(1U, 11U));

}  // namespace
}  // namespace hermod::topic
