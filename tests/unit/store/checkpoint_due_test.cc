#include "store/checkpoint_due.h"

#include <gtest/gtest.h>

namespace hermod::store::testing {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kCheckpointBytes = 64 * kMiB;
constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
constexpr std::uint64_t kThin = 10'000;  // streams over which 64 MiB are thin
constexpr std::uint64_t kThick = 100;

class CheckpointDueTest : public ::testing::Test {
 protected:
  bool is_due(std::uint64_t live, std::uint64_t streams, std::uint64_t records, std::uint64_t memory,
              std::uint64_t room = kNoLimit) const {
    return due_.is_due({live * kMiB, streams, records * kMiB, memory * kMiB}, room);
  }
  const CheckpointDue due_{kCheckpointBytes, 0};
};

TEST_F(CheckpointDueTest, ThickStreamsAreWrittenWhenThereIsEnoughOfThem) {
  EXPECT_FALSE(is_due(63, kThick, 63, 9));
  EXPECT_TRUE(is_due(64, kThick, 64, 9));
  EXPECT_TRUE(is_due(30, kThick, 30, 10)) << "small entries take memory first";
}

TEST_F(CheckpointDueTest, ThinStreamsWaitForMemoryOrForEightTimesAsMuch) {
  EXPECT_FALSE(is_due(300, kThin, 300, 27));
  EXPECT_TRUE(is_due(300, kThin, 300, 28));
  EXPECT_FALSE(is_due(300, kThin, 511, 27));
  EXPECT_TRUE(is_due(300, kThin, 512, 27));
}

TEST_F(CheckpointDueTest, WhatIsMostlyErasedIsWrittenSoon) {
  EXPECT_TRUE(is_due(7, kThin, 64, 1));
  EXPECT_FALSE(is_due(8, kThin, 64, 1));
}

TEST_F(CheckpointDueTest, WhatGetsNoBetterByWaitingTakesNoMoreMemory) {
  EXPECT_EQ(due_.most_memory({30 * kMiB, kThick, 30 * kMiB, 12 * kMiB}), 20 * kMiB);
  EXPECT_EQ(due_.most_memory({7 * kMiB, kThin, 100 * kMiB, 12 * kMiB}), 20 * kMiB) << "it is erased";
  EXPECT_EQ(due_.most_memory({300 * kMiB, kThin, 300 * kMiB, 12 * kMiB}), 56 * kMiB);
}

TEST_F(CheckpointDueTest, LittleRoomMakesItDue) {
  EXPECT_TRUE(is_due(20, kThin, 20, 1, 20 * kMiB));
  EXPECT_FALSE(is_due(19, kThin, 19, 1, 20 * kMiB));
}

TEST_F(CheckpointDueTest, TheNextLookComesBeforeItIsDue) {
  const auto first = due_.first_look(kNoLimit);
  EXPECT_EQ(first.record_bytes, kCheckpointBytes);
  EXPECT_EQ(first.memory_bytes, 10 * kMiB);
  const auto little = due_.next_look({kMiB, kThin, kMiB, kMiB}, kNoLimit);
  EXPECT_EQ(little.record_bytes, kCheckpointBytes);
  EXPECT_EQ(little.memory_bytes, 10 * kMiB);
  const auto next = due_.next_look({100 * kMiB, kThin, 500 * kMiB, 26 * kMiB}, kNoLimit);
  EXPECT_EQ(next.record_bytes, 8 * kCheckpointBytes);
  EXPECT_EQ(next.memory_bytes, 28 * kMiB);
}

TEST_F(CheckpointDueTest, ASmallMachineKnowsLessInMemory) {
  const CheckpointDue::Waiting thin{300 * kMiB, kThin, 300 * kMiB, 20 * kMiB};
  EXPECT_EQ(due_.most_memory(thin), 56 * kMiB);
  EXPECT_EQ(CheckpointDue(kCheckpointBytes, 16 * kGiB).most_memory(thin), 56 * kMiB);
  EXPECT_EQ(CheckpointDue(kCheckpointBytes, kGiB / 2).most_memory(thin), 16 * kMiB);
  EXPECT_EQ(CheckpointDue(kCheckpointBytes, kGiB / 16).most_memory(thin), 8 * kMiB)
      << "it has to work all the same";
  const CheckpointDue small(kCheckpointBytes, kGiB / 2);
  EXPECT_TRUE(small.is_due({100 * kMiB, kThin, 100 * kMiB, 8 * kMiB}, kNoLimit));
  EXPECT_FALSE(small.is_due({100 * kMiB, kThin, 100 * kMiB, 7 * kMiB}, kNoLimit));
  EXPECT_TRUE(small.is_due({30 * kMiB, kThick, 30 * kMiB, 3 * kMiB}, kNoLimit));
}

}  // namespace
}  // namespace hermod::store::testing
