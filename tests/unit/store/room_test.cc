#include "store/room.h"

#include <gtest/gtest.h>

namespace hermod::store {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kJournal = 16 * kMegabyte;
constexpr std::uint64_t kTables = 48 * kMegabyte;

TEST(Room, WhatWaitsInTheJournalNeedsRoomInTheTablesToo) {
  Room room(kJournal, kTables);
  room.set_tables_used(kTables - 5 * kMegabyte);
  EXPECT_TRUE(room.has(2 * kMegabyte, 3 * kMegabyte));
  EXPECT_FALSE(room.has(2 * kMegabyte, 3 * kMegabyte + 1));
}

TEST(Room, HalfOfTheJournalIsKeptForWhatIsNeverRefused) {
  const Room room(kJournal, kTables);
  EXPECT_TRUE(room.has(1, kJournal / 2 - 1));
  EXPECT_FALSE(room.has(1, kJournal / 2));
}

TEST(Room, AFullStoreIsFullUntilThereIsTwiceTheRoomAtWhichItBecameFull) {
  Room room(kJournal, kTables);
  EXPECT_FALSE(room.set_tables_used(kTables - 3 * kMegabyte));
  EXPECT_FALSE(room.full());
  EXPECT_TRUE(room.set_tables_used(kTables - 3 * kMegabyte + 1)) << "a sixteenth is left free";
  EXPECT_TRUE(room.full());
  EXPECT_FALSE(room.has(0, 0));
  EXPECT_FALSE(room.set_tables_used(kTables - 6 * kMegabyte + 1));
  EXPECT_TRUE(room.full());
  EXPECT_TRUE(room.set_tables_used(kTables - 6 * kMegabyte));
  EXPECT_FALSE(room.full());
  EXPECT_TRUE(room.has(1, 0));
}

TEST(Room, TablesThatAreLargerThanTheyMayBeAreFull) {
  Room room(kJournal, kTables);
  EXPECT_TRUE(room.set_tables_used(2 * kTables));
  EXPECT_FALSE(room.has(1, 0));
}

/// One generation is written and the next one grows: at the most both have reached the point where commits
/// wait.
TEST(Room, TwoGenerationsAtTheirLargestFitIntoWhatIsLeft) {
  for (std::uint64_t left = 4 * kMegabyte; left <= kTables; left += kMegabyte) {
    Room room(kJournal, kTables);
    room.set_tables_used(kTables - left);
    EXPECT_GT(room.due_at(), 0U);
    EXPECT_LT(room.due_at(), room.wait_at()) << "else commits would wait for a checkpoint that is not due";
    EXPECT_TRUE(room.has(1, 2 * room.wait_at())) << left;
  }
}

TEST(Room, AFullStoreWritesItsCheckpointsAsALargeOne) {
  Room room(kJournal, kTables);
  const std::uint64_t due_at = room.due_at();
  room.set_tables_used(kTables);
  EXPECT_EQ(room.due_at(), due_at) << "what is left of the tables says nothing about what consumers erase";
  EXPECT_GT(room.wait_at(), due_at);
}

}  // namespace
}  // namespace hermod::store
