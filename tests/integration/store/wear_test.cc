// What the store says that it has written is what it gave to the system.

#include "store/wear.h"

#include <cstdlib>

#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

constexpr std::uint64_t kWearBlock = 4096;

/// Bytes that this thread gave to write calls; nothing where the system does not tell.
std::optional<std::uint64_t> given_to_the_system() {
  std::ifstream io("/proc/thread-self/io");
  for (std::string name, value; io >> name >> value;)
    if (name == "wchar:") return std::strtoull(value.c_str(), nullptr, 10);
  return std::nullopt;
}

class WearTest : public StoreTest {
 protected:
  /// The smallest segments there are: 256 KiB.
  WearTest() { options_.max_size = 16 * kMegabyte; }
  /// `count` entries as one group.
  void append_group(int count, std::size_t size, std::uint64_t stream = 1) {
    WriteBatch batch;
    for (int i = 0; i < count; ++i) batch.append({stream}, as_bytes(std::string(size, 'v')));
    commit(std::move(batch));
  }
  Wear wear() const { return store_->wear(); }
};

TEST_F(WearTest, ANewStoreHasAcceptedNothing) {
  open();
  EXPECT_EQ(wear().accepted, 0U);
  EXPECT_EQ(wear().tables, 0U);
  EXPECT_EQ(wear().per_byte(), 0.0);
}

TEST_F(WearTest, AGroupWritesWholeBlocksOfTheJournal) {
  open();
  const Wear before = wear();
  append_group(1, 16);
  EXPECT_EQ(wear().accepted, before.accepted + 16);
  EXPECT_EQ(wear().journal, before.journal + kWearBlock);
  append_group(100, 100);
  EXPECT_EQ(wear().accepted, before.accepted + 16 + 10'000);
  const std::uint64_t second = wear().journal - before.journal - kWearBlock;
  EXPECT_EQ(second % kWearBlock, 0U);
  EXPECT_GT(second, 10'000U);
  EXPECT_LT(second, 16'000U);
}

TEST_F(WearTest, AnotherSegmentWritesItsHeader) {
  open();
  const Wear before = wear();
  constexpr int kGroups = 100;  // of a block each, more than a segment has
  for (int i = 0; i < kGroups; ++i) append_group(1, 16);
  EXPECT_EQ(wear().journal - before.journal, (kGroups + 1) * kWearBlock);
}

TEST_F(WearTest, WhatIsRefusedIsNotAccepted) {
  open();
  append_group(1, 1000);
  const Wear before = wear();
  WriteBatch batch;
  batch.append({1}, as_bytes(std::string(options_.max_size, 'v')));
  batch.refuse_when_full();
  commit(std::move(batch));
  ASSERT_EQ(observer_.failed, 1U);
  EXPECT_EQ(wear().accepted, before.accepted);
  EXPECT_EQ(wear().journal, before.journal);
}

TEST_F(WearTest, AStartBeginsAnew) {
  open();
  append_group(10, 1000);
  reopen();
  EXPECT_EQ(wear().accepted, 0U);
  EXPECT_EQ(wear().tables, 0U);
}

/// New pages, pages that are used again, large values with pages of their own, and erased ones.
TEST_F(WearTest, WhatACheckpointWritesIsWhatItGaveToTheSystem) {
  if (!given_to_the_system()) GTEST_SKIP() << "the system does not tell";
  open();
  for (int round = 0; round < 12; ++round) {
    for (std::uint64_t stream = 1; stream <= 20; ++stream)
      append_group(5, round % 3 == 0 ? 9'000 : 150, stream + 20 * (round % 4));
    if (round % 4 == 3) {
      WriteBatch batch;
      for (std::uint64_t stream = 1; stream <= 40; ++stream)
        batch.erase_stream({stream + 1000 * (round / 4)});
      for (std::uint64_t stream = 41; stream <= 60; ++stream) batch.erase_entry({stream}, {1});
      commit(std::move(batch));
    }
    const std::uint64_t given_before = *given_to_the_system();
    const std::uint64_t before = wear().tables;
    ASSERT_TRUE(store_->checkpoint());
    const std::uint64_t given = *given_to_the_system() - given_before;
    const std::uint64_t counted = wear().tables - before;
    // The page of the roots is given to the system in part.
    EXPECT_GE(counted, given) << "round " << round;
    EXPECT_LE(counted, given + 2 * kWearBlock) << "round " << round;
  }
}

TEST_F(WearTest, ACheckpointOfNothingWritesNothing) {
  open();
  append_group(1, 100);
  ASSERT_TRUE(store_->checkpoint());
  const std::uint64_t before = wear().tables;
  EXPECT_GT(before, 0U);
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_EQ(wear().tables, before);
}

TEST_F(WearTest, StatisticsHaveTheSameNumbers) {
  open();
  append_group(10, 100);
  ASSERT_TRUE(store_->checkpoint());
  const Stats stats = store_->stats();
  EXPECT_EQ(stats.wear.accepted, 1000U);
  EXPECT_EQ(stats.wear.journal, wear().journal);
  EXPECT_EQ(stats.wear.tables, wear().tables);
  EXPECT_DOUBLE_EQ(stats.wear.per_byte(),
                   static_cast<double>(stats.wear.journal + stats.wear.tables) / 1000.0);
}

}  // namespace
}  // namespace hermod::store::testing
