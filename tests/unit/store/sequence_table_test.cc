#include "store/sequence_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace hermod::store {
namespace {

TEST(SequenceTable, SequencesStartAtOneAndNeverRepeat) {
  SequenceTable table;
  EXPECT_EQ(table.peek({5}), Seq{1});
  EXPECT_EQ(table.take({5}), Seq{1});
  EXPECT_EQ(table.take({5}), Seq{2});
  EXPECT_EQ(table.take({6}), Seq{1});
  EXPECT_EQ(table.take({5}), Seq{3});
  EXPECT_EQ(table.peek({5}), Seq{4});
}

TEST(SequenceTable, StreamZeroIsAStreamLikeAnyOther) {
  SequenceTable table;
  EXPECT_EQ(table.take({0}), Seq{1});
  EXPECT_EQ(table.take({0}), Seq{2});
  EXPECT_EQ(table.size(), 1U);
}

TEST(SequenceTable, RestoreNeverGoesBack) {
  SequenceTable table;
  table.restore({1}, {100});
  table.restore({1}, {50});
  EXPECT_EQ(table.take({1}), Seq{100});
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
      ASSERT_EQ(table.take({stream}), Seq{next}) << "step " << step;
      ++next;
    }
    ASSERT_EQ(table.size(), oracle.size());
  }
  for (const auto& [stream, next] : oracle) EXPECT_EQ(table.peek({stream}), Seq{next});
}

}  // namespace
}  // namespace hermod::store
