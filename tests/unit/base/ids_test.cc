#include "base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace hermod {
namespace {

TEST(Ids, NumbersOfDifferentKindsDoNotConvert) {
  static_assert(!std::is_convertible_v<SessionId, StreamId>);
  static_assert(!std::is_constructible_v<Seq, GroupNo>);
  static_assert(!std::is_convertible_v<std::uint64_t, Seq>);
  static_assert(sizeof(ShardId) == 2);
  EXPECT_EQ(Seq{}.v, 0U) << "an identifier that was not given is zero, not garbage";
}

TEST(Ids, OrderIsThatOfTheNumbers) {
  EXPECT_LT(Seq{1}, Seq{2});
  EXPECT_GT(Seq{0xFFFFFFFFFFFFFFFF}, Seq{1});
  EXPECT_EQ(SessionId{7}, SessionId{7});
}

TEST(Ids, ConnectionInAUsedSlotIsAnotherConnection) {
  const ConnectionId first{ShardId{1}, 5, 1};
  const ConnectionId second{ShardId{1}, 5, 2};
  EXPECT_NE(first, second);
  EXPECT_NE(first, (ConnectionId{ShardId{2}, 5, 1}));
  EXPECT_EQ(first, (ConnectionId{ShardId{1}, 5, 1}));
}

TEST(Ids, StandardHashTablesTellIdsApart) {
  std::unordered_set<SessionId> ids;
  for (std::uint64_t i = 0; i < 100; ++i) ids.insert(SessionId{i << 32});
  ids.insert(SessionId{0});
  EXPECT_EQ(ids.size(), 100U);
}

}  // namespace
}  // namespace hermod
