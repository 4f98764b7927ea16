#include "topic/shared_group.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace hermod::topic {
namespace {

using Rank = MemberSelector::Rank;

/// Says of each member what it was told to.
class RankedMembers final : public MemberSelector {
 public:
  Rank rank(SessionId member) const override {
    const auto known = ranks.find(member.v);
    return known == ranks.end() ? Rank::Never : known->second;
  }
  std::map<std::uint64_t, Rank> ranks;
};

class SharedGroupTest : public testing::Test {
 protected:
  void join(std::initializer_list<Rank> ranks) {
    for (const Rank rank : ranks) {
      const std::uint64_t id = group.members().size() + 1;
      group.members().set({id}, {});
      selector.ranks[id] = rank;
    }
  }
  /// Whom the next message goes to; zero: nobody.
  std::uint64_t next() const {
    const Subscriber* chosen = group.choose(selector);
    return chosen == nullptr ? 0 : chosen->session.v;
  }
  std::vector<std::uint64_t> next(int count) const {
    std::vector<std::uint64_t> chosen;
    while (count-- > 0) chosen.push_back(next());
    return chosen;
  }

  SharedGroup group{GroupKey{1}, {"g", "a"}};
  RankedMembers selector;
};

using Turns = std::vector<std::uint64_t>;

TEST_F(SharedGroupTest, NobodyIsChosenOfNobody) {
  EXPECT_EQ(next(), 0U);
  join({Rank::Never, Rank::Never});
  EXPECT_EQ(next(2), (Turns{0, 0}));
}

TEST_F(SharedGroupTest, ABusyMemberIsPassedOverWhileAnotherHasRoom) {
  join({Rank::Busy, Rank::Online, Rank::Busy, Rank::Online});
  EXPECT_EQ(next(4), (Turns{2, 4, 2, 4}));
}

TEST_F(SharedGroupTest, WhenAllAreBusyTheyTakeTurnsAndWhoIsAwayGetsNothing) {
  join({Rank::Busy, Rank::Offline, Rank::Busy, Rank::Never, Rank::Offline, Rank::Busy});
  std::map<std::uint64_t, int> taken;
  for (int i = 0; i < 300; ++i) ++taken[next()];
  EXPECT_EQ(taken, (std::map<std::uint64_t, int>{{1, 100}, {3, 100}, {6, 100}}))
      << "whoever stands beside members that are away gets no more than its share";
}

TEST_F(SharedGroupTest, WhileAllAreAwayOneKeepsEverythingInOrder) {
  join({Rank::Never, Rank::Offline, Rank::Offline, Rank::Never, Rank::Offline});
  const std::uint64_t keeper = next();
  EXPECT_EQ(selector.ranks[keeper], Rank::Offline);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(next(), keeper);
  selector.ranks[5] = Rank::Busy;
  EXPECT_EQ(next(3), (Turns{5, 5, 5})) << "who is there goes before who is away";
  selector.ranks[5] = Rank::Offline;
  EXPECT_EQ(next(), keeper);
}

TEST_F(SharedGroupTest, EveryOnlineMemberHasItsTurnHoweverManyAreNot) {
  for (std::uint64_t online = 1; online <= 5; ++online) {
    SCOPED_TRACE(online);
    while (!group.members().empty()) group.members().remove(group.members()[0].session);
    join({Rank::Online, Rank::Offline, Rank::Online, Rank::Never, Rank::Online, Rank::Busy, Rank::Online});
    selector.ranks[2 * online % 7 + 1] = Rank::Online;
    std::map<std::uint64_t, int> taken;
    int members = 0;
    for (const auto& [id, rank] : selector.ranks) members += rank == Rank::Online ? 1 : 0;
    for (int i = 0; i < 10 * members; ++i) ++taken[next()];
    EXPECT_EQ(taken.size(), static_cast<std::size_t>(members));
    for (const auto& [id, count] : taken) EXPECT_EQ(count, 10) << id;
  }
}

TEST_F(SharedGroupTest, AMemberThatLeavesTakesNothingWithIt) {
  join({Rank::Online, Rank::Online, Rank::Online});
  next(2);
  group.members().remove({1});
  std::map<std::uint64_t, int> taken;
  for (int i = 0; i < 10; ++i) ++taken[next()];
  EXPECT_EQ(taken, (std::map<std::uint64_t, int>{{2, 5}, {3, 5}}));
}

}  // namespace
}  // namespace hermod::topic
