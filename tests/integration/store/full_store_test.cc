#include <algorithm>
#include <utility>

#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

/// A small store: what is offered may be refused, what is taken must stay until a consumer is done with it.
class FullStoreTest : public StoreTest {
 protected:
  FullStoreTest() { options_.max_size = 16 * kMegabyte; }

  /// False: refused.
  bool offer(std::uint64_t stream, const std::string& value, int times = 1) {
    const std::size_t failed = observer_.failed;
    WriteBatch batch;
    for (int i = 0; i < times; ++i) batch.append({stream}, as_bytes(value));
    batch.refuse_when_full();
    for (const Seq seq : commit(std::move(batch))) kept_.emplace_back(stream, seq);
    return observer_.failed == failed;
  }
  /// Until the tables are full, with checkpoints on the way.
  void fill(const std::string& value, int times = 1, std::uint64_t streams = 1) {
    for (std::uint64_t i = 0; !store_->stats().full; ++i) {
      if (offer(1 + i % streams, value, times)) continue;
      ASSERT_EQ(observer_.last_error.code, Errc::NoSpace);
      ASSERT_TRUE(store_->checkpoint());
    }
    EXPECT_FALSE(offer(1, value));
  }
  /// What a consumer does: one message, one group.
  void consume() {
    const std::size_t failed = observer_.failed;
    const auto [stream, seq] = kept_.front();
    kept_.erase(kept_.begin());
    WriteBatch batch;
    batch.erase_entry({stream}, seq);
    commit(std::move(batch));
    ASSERT_EQ(observer_.failed, failed) << observer_.last_error.detail;
  }
  void expect_all_kept() {
    std::map<std::uint64_t, std::size_t> kept;
    for (const auto& [stream, seq] : kept_) ++kept[stream];
    for (const auto& [stream, count] : kept) EXPECT_EQ(entries(stream).size(), count) << "stream " << stream;
  }

  std::vector<std::pair<std::uint64_t, Seq>> kept_;
};

TEST_F(FullStoreTest, AFullStoreRefusesWhatIsNewUntilConsumersHaveMadeRoom) {
  open();
  const std::string value(100'000, 'v');
  fill(value);
  EXPECT_TRUE(committer_->healthy());
  EXPECT_LE(store_->stats().tables_used_bytes, options_.tables_size());
  expect_all_kept();
  while (store_->stats().full) {
    ASSERT_FALSE(kept_.empty());
    ASSERT_FALSE(offer(1, value));
    consume();
    ASSERT_TRUE(store_->checkpoint());
  }
  EXPECT_TRUE(offer(1, value));
  expect_all_kept();
}

TEST_F(FullStoreTest, AStoreThatIsFullAtItsStartIsEmptiedByConsumers) {
  open();
  const std::string value(100'000, 'v');
  fill(value);
  reopen();
  EXPECT_TRUE(store_->stats().full);
  EXPECT_FALSE(offer(1, value));
  for (int i = 0; i < 3; ++i) consume();
  reopen();  // these are in the journal alone
  expect_all_kept();
  while (store_->stats().full) {
    ASSERT_FALSE(kept_.empty());
    consume();
    ASSERT_TRUE(store_->checkpoint());
  }
  EXPECT_TRUE(offer(1, value));
  reopen();
  expect_all_kept();
}

TEST_F(FullStoreTest, AStoreThatMayHoldLessThanItHasIsEmptiedByConsumers) {
  open();
  fill(std::string(100'000, 'v'));
  options_.max_size /= 2;
  reopen();
  EXPECT_TRUE(store_->stats().full);
  while (!kept_.empty()) {
    consume();
    ASSERT_TRUE(store_->checkpoint());
  }
  EXPECT_FALSE(store_->stats().full);
}

/// Every message that is erased takes a block of the journal, more than it frees: it must not add up.
TEST_F(FullStoreTest, AFullStoreOfSmallMessagesIsEmptiedOneByOne) {
  options_.checkpoint_bytes = kMegabyte;
  open();
  store_->start();
  const std::string value(1'500, 'v');
  while (!store_->stats().full) offer(1 + kept_.size() % 100, value, 20);
  ASSERT_GT(kept_.size() * 4096, 2 * options_.journal_size()) << "more blocks than the journal has";
  std::reverse(kept_.begin(), kept_.end());  // the newest first, which is no better
  while (!kept_.empty()) ASSERT_NO_FATAL_FAILURE(consume());
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_FALSE(store_->stats().full);
  EXPECT_TRUE(offer(1, value));
}

/// Without a checkpoint, as when the disk has no room for one.
TEST_F(FullStoreTest, WhatWaitsForTheTablesLeavesRoomInTheJournalForConsumers) {
  open();
  const std::string value(10'000, 'v');
  while (offer(1, value)) continue;
  EXPECT_FALSE(store_->stats().full);
  EXPECT_LE(store_->stats().waiting_bytes, options_.journal_size() / 2);
  for (int i = 0; i < 50; ++i) consume();
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_TRUE(offer(1, value));
  expect_all_kept();
}

/// Three lie on a page. Half of the pages are free, but no more than two of them are neighbours.
TEST_F(FullStoreTest, LargeMessagesFitBetweenScatteredSmallOnes) {
  open();
  fill(std::string(1'000, 's'), 50);
  std::vector<std::pair<std::uint64_t, Seq>> all;
  all.swap(kept_);
  WriteBatch batch;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i / 6 % 2 == 0) {
      kept_.push_back(all[i]);
    } else {
      batch.erase_entry({all[i].first}, all[i].second);
    }
  }
  commit(std::move(batch));
  ASSERT_TRUE(store_->checkpoint());
  ASSERT_FALSE(store_->stats().full);
  fill(std::string(500'000, 'l'));
  expect_all_kept();
  reopen();
  expect_all_kept();
}

TEST_F(FullStoreTest, AMessageLargerThanACheckpointsTransactionReachesTheTables) {
  options_.max_size = 4096 * kMegabyte;
  open();
  const std::string value(130 * kMegabyte, 'v');
  append(1, "small");
  append(1, value);
  append(1, "small");
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_EQ(store_->stats().waiting_bytes, 0U);
  const auto found = entries(1);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].size(), value.size() + 2);
}

}  // namespace
}  // namespace hermod::store::testing
