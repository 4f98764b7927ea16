#include "store/sequence_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <unordered_map>
#include <vector>

namespace hermod::store {
namespace {

TEST(SequenceTable, SequencesStartAtOneAndNeverRepeat) {
  SequenceTable table;
  EXPECT_EQ(table.peek({5}), Seq{1});
  EXPECT_EQ(table.take({5}).seq, Seq{1});
  EXPECT_EQ(table.take({5}).seq, Seq{2});
  EXPECT_EQ(table.take({6}).seq, Seq{1});
  EXPECT_EQ(table.take({5}).seq, Seq{3});
  EXPECT_EQ(table.peek({5}), Seq{4});
}

TEST(SequenceTable, StreamZeroIsAStreamLikeAnyOther) {
  SequenceTable table;
  EXPECT_EQ(table.take({0}).seq, Seq{1});
  EXPECT_EQ(table.take({0}).seq, Seq{2});
  EXPECT_EQ(table.size(), 1U);
}

TEST(SequenceTable, ABlockIsOfNeighboursThatNobodyElseGets) {
  SequenceTable table;
  EXPECT_EQ(table.take({5}).seq, Seq{1});
  EXPECT_EQ(table.take_block({5}, 10).seq, Seq{2});
  EXPECT_EQ(table.take({5}).seq, Seq{12});
}

TEST(SequenceTable, ABlockAsksForItsBoundUntilThatIsOnDisk) {
  SequenceTable table;
  const SequenceTable::Taken first = table.take_block({5}, 10);
  EXPECT_FALSE(first.may_be_told);
  ASSERT_GE(first.reserve, Seq{11});
  const SequenceTable::Taken second = table.take_block({5}, 10);
  EXPECT_FALSE(second.may_be_told);
  EXPECT_GE(second.reserve, Seq{21}) << "the first reservation may not have been synced";
  table.settle({5}, second.reserve);
  const SequenceTable::Taken third = table.take_block({5}, 1);
  EXPECT_TRUE(third.may_be_told);
  EXPECT_EQ(third.reserve, Seq{}) << "nothing has to be written";
}

TEST(SequenceTable, ABlockLargerThanAReservationHasOneOfItsOwn) {
  SequenceTable table;
  const SequenceTable::Taken large = table.take_block({5}, 100'000);
  EXPECT_GE(large.reserve, Seq{100'001});
}

TEST(SequenceTable, RestoreNeverGoesBack) {
  SequenceTable table;
  table.restore({1}, {100});
  table.restore({1}, {50});
  EXPECT_EQ(table.take({1}).seq, Seq{100});
}

TEST(SequenceTable, ForgettingWhatIsNotThereIsNothing) {
  SequenceTable table;
  table.forget({1});
  (void)table.take({2});
  table.forget({1});
  EXPECT_EQ(table.size(), 1U);
}

TEST(SequenceTable, BehavesAsAMapUnderRandomUse) {
  SequenceTable table;
  std::unordered_map<std::uint64_t, std::uint64_t> oracle;
  std::mt19937_64 random(7);
  for (int step = 0; step < 200'000; ++step) {
    // Slot in the low half, generation in the high half, as session numbers are.
    const std::uint64_t stream = (random() % 300) | (random() % 3) << 32;
    if (random() % 4 == 0) {
      table.forget({stream});
      oracle.erase(stream);
    } else {
      std::uint64_t& next = oracle.try_emplace(stream, 1).first->second;
      ASSERT_EQ(table.take({stream}).seq, Seq{next}) << "step " << step;
      ++next;
    }
    ASSERT_EQ(table.size(), oracle.size());
  }
  for (const auto& [stream, next] : oracle) EXPECT_EQ(table.peek({stream}), Seq{next});
}

TEST(SequenceTable, ReservesInBlocksThatGrowWithTheStream) {
  SequenceTable table;
  std::uint64_t bound = 0;
  std::vector<std::uint64_t> blocks;
  for (std::uint64_t seq = 1; seq <= 40'000; ++seq) {
    const SequenceTable::Taken taken = table.take({1});
    ASSERT_EQ(taken.seq, Seq{seq});
    if (taken.reserve.v != 0) {
      ASSERT_GT(taken.reserve, taken.seq);
      blocks.push_back(taken.reserve.v - seq);
      ASSERT_LE(bound, seq + blocks.back() / 4) << "only when a quarter of a block is left";
      bound = taken.reserve.v;
    }
    ASSERT_LT(seq, bound);
  }
  EXPECT_EQ(blocks.front(), 64U);
  EXPECT_EQ(blocks.back(), 4096U);
  EXPECT_TRUE(std::is_sorted(blocks.begin(), blocks.end()));
}

TEST(SequenceTable, ARestoredStreamReservesWithItsFirstSequence) {
  SequenceTable table;
  table.restore({1}, {65});
  EXPECT_EQ(table.take({1}).reserve, Seq{129});
}

TEST(SequenceTable, ASequenceMayBeToldWhenABoundAboveItIsOnDisk) {
  SequenceTable table;
  EXPECT_FALSE(table.take({1}).may_be_told);
  EXPECT_FALSE(table.take({1}).may_be_told) << "the bound is on its way";
  table.settle({1}, {65});
  EXPECT_TRUE(table.take({1}).may_be_told);
  table.settle({1}, {10});
  EXPECT_TRUE(table.take({1}).may_be_told) << "a bound never goes back";
  while (table.peek({1}) < Seq{65}) EXPECT_TRUE(table.take({1}).may_be_told);
  EXPECT_FALSE(table.take({1}).may_be_told);
  table.settle({7}, {100});
  EXPECT_EQ(table.size(), 1U) << "a stream that has ended is not made again";
}

TEST(SequenceTable, ForgottenReservationsAreMadeAgain) {
  SequenceTable table;
  EXPECT_EQ(table.take({1}).reserve, Seq{65});
  EXPECT_EQ(table.take({1}).reserve, Seq{0});
  table.forget_reservations();
  EXPECT_EQ(table.take({1}).reserve, Seq{67});
}

}  // namespace
}  // namespace hermod::store
