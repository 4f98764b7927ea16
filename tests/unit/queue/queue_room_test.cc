#include "queue/queue_room.h"

#include <gtest/gtest.h>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

TEST(QueueRoom, TakesAllOrNothing) {
  QueueRoom room(2, 100);
  EXPECT_TRUE(room.take({1, 60}));
  EXPECT_FALSE(room.take({1, 41}));
  EXPECT_EQ(room.held(), (Amount{1, 60}));
  EXPECT_TRUE(room.take({1, 40}));
  EXPECT_FALSE(room.take({1, 0}));
  EXPECT_EQ(room.held(), (Amount{2, 100}));
  room.give_back({1, 60});
  EXPECT_TRUE(room.take({1, 1}));
  EXPECT_FALSE(room.take({0, ~0ULL})) << "nothing is so large that it fits again";
}

TEST(QueueRoom, WithoutLimitsItOnlyCounts) {
  QueueRoom room({}, {});
  EXPECT_TRUE(room.take({1'000'000, 1ULL << 40}));
  EXPECT_EQ(room.held(), (Amount{1'000'000, 1ULL << 40}));
}

TEST(QueueRoom, AboveALimitThatWasLoweredOnlyWhatNeedsNoneFits) {
  QueueRoom room(2, {});
  room.take_anyway({5, 50});
  EXPECT_TRUE(room.is_above_limits(room.held()));
  EXPECT_FALSE(room.take({1, 10}));
  EXPECT_TRUE(room.take({0, 10}));
}

TEST(QueueRoom, ALimitThatChangesCountsForWhatComesThen) {
  QueueRoom room(1, {});
  EXPECT_TRUE(room.take({1, 10}));
  EXPECT_FALSE(room.take({1, 10}));
  room.set_limits(3, 25);
  EXPECT_TRUE(room.take({1, 10}));
  EXPECT_FALSE(room.take({1, 10})) << "three messages fit, thirty bytes do not";
  room.set_limits(1, {});
  EXPECT_TRUE(room.is_above_limits(room.held()));
  EXPECT_EQ(room.held(), (Amount{2, 20})) << "nothing leaves because a limit is lower now";
  room.set_limits({}, {});
  EXPECT_TRUE(room.take({1'000'000, 1ULL << 40}));
}

struct QueueRoomOfGroup : GroupTest {};

TEST_F(QueueRoomOfGroup, IsTheSameForWhoAsksAndWhoDoesNot) {
  definition.max_length = 2;
  start();
  publish({.message = message("a"), .key = "k"}, "a");
  EXPECT_EQ(group->amount(), (Amount{1, 2})) << "counted once";
  const Admission second = admit("b", "k");
  EXPECT_FALSE(group->room()->take({1, 2})) << "who does not ask sees what is admitted";
  store(second.id, "b");
  join(kAnna);
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a b>1");
  EXPECT_TRUE(group->room()->take({1, 2}));
  EXPECT_EQ(admit("c", "k").what, Admission::What::Full);
  group->room()->give_back({1, 2});  // it could not be stored
  EXPECT_EQ(admit("c", "k").what, Admission::What::Admitted);
}

}  // namespace
}  // namespace hermod::queue
