// What a power cut leaves of groups that were written and not synced: pages in any order. From the first hole
// on they are dropped, unless something says that they were synced.

#include <initializer_list>

#include "store/group_codec.h"
#include "store/segment.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kTailBlock = Segment::kBlock;

class TornTailTest : public StoreTest {
 protected:
  TornTailTest() {
    options_.max_size = std::uint64_t{64} << 20;  // a segment of a megabyte
    options_.flush = {Flush::When::Memory, {}};
    options_.elide_wait = {};
  }
  /// Groups 1 to 5 of a block each are synced, 6 to 10 are not. Stream 1 has entry n in group n.
  void make_tail() {
    open();
    for (int i = 1; i <= 10; ++i) add(/*needs_sync=*/i <= 5);
    close_as_power_cut();
  }
  void add(bool needs_sync, std::size_t size = 100) {
    WriteBatch batch;
    batch.append({1}, as_bytes(std::string(size, 'e')));
    committer_->submit(std::move(batch), nullptr, false, needs_sync);
    committer_->run_once();
  }
  /// The files as they are now; what a stop would do happens to files that are thrown away.
  void close_as_power_cut() {
    const fs::path copy = folder_.path() / "copy";
    fs::remove_all(copy);
    fs::copy(options_.path, copy, fs::copy_options::recursive);
    close();
    fs::remove_all(options_.path);
    fs::rename(copy, options_.path);
  }
  void lose(int segment, std::initializer_list<std::size_t> blocks) {
    for (const std::size_t block : blocks) overwrite(segment, block, std::string(kTailBlock, '\0'));
  }
  void overwrite(int segment, std::size_t block, const std::string& bytes, std::size_t offset = 0) {
    std::fstream out(options_.path + "/journal/segment-" + std::to_string(segment),
                     std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(block * kTailBlock + offset));
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(out.flush());
  }
  /// Opens; entries 1 to `last` are there, and the store goes on, also behind the next start.
  void expect_torn_behind(std::uint64_t last) {
    open();
    ASSERT_FALSE(report_.set_aside) << report_.why;
    EXPECT_TRUE(report_.torn_tail);
    EXPECT_EQ(report_.next_group, GroupNo{last + 1});
    EXPECT_EQ(entries(1).size(), last);
    for (int round = 0; round < 2; ++round) {
      add(/*needs_sync=*/true);
      close_as_power_cut();
      open();
      EXPECT_FALSE(report_.set_aside) << report_.why;
      EXPECT_FALSE(report_.torn_tail) << "what was dropped does not come back";
      EXPECT_EQ(entries(1).size(), last + 1 + static_cast<std::size_t>(round));
    }
  }
  void expect_damage() {
    open();
    EXPECT_TRUE(report_.set_aside);
    EXPECT_TRUE(entries(1).empty());
  }
};

TEST_F(TornTailTest, TheEndOfTheProcessTakesNothing) {
  make_tail();
  open();
  EXPECT_FALSE(report_.torn_tail);
  EXPECT_EQ(entries(1).size(), 10U);
}

TEST_F(TornTailTest, AHoleInWhatIsNotSyncedBeginsATornTail) {
  make_tail();
  lose(1, {7});
  expect_torn_behind(6);
}

TEST_F(TornTailTest, SeveralHolesBeginItAtTheFirst) {
  make_tail();
  lose(1, {6, 8, 9});
  expect_torn_behind(5);
}

TEST_F(TornTailTest, ARecordWithoutItsEndIsAHole) {
  make_tail();
  overwrite(1, 8, std::string(100, '\0'), 60);
  expect_torn_behind(7);
}

TEST_F(TornTailTest, AHoleInWhatWasSyncedIsDamage) {
  for (const std::size_t block : {1, 3, 5}) {
    make_tail();
    lose(1, {block});
    expect_damage();
    close();
    fs::remove_all(options_.path);
  }
}

TEST_F(TornTailTest, ALaterSyncMakesAHoleDamage) {
  open();
  for (int i = 1; i <= 10; ++i) add(/*needs_sync=*/i <= 5);
  add(/*needs_sync=*/true);   // says that 5 were synced
  add(/*needs_sync=*/false);  // and this one that 11 were
  close_as_power_cut();
  lose(1, {7});
  expect_damage();
}

TEST_F(TornTailTest, ASyncedGroupThatReachedTheDiskWithoutTheOthersIsDroppedWithThem) {
  open();
  for (int i = 1; i <= 10; ++i) add(/*needs_sync=*/i <= 5);
  add(/*needs_sync=*/true);
  close_as_power_cut();
  lose(1, {7});  // in the middle of that sync: nobody was answered for it
  expect_torn_behind(6);
}

TEST_F(TornTailTest, ASegmentThatWasLeftIsSynced) {
  open();
  for (int i = 0; i < 9; ++i) add(/*needs_sync=*/i == 0, 200'000);
  close_as_power_cut();
  ASSERT_TRUE(fs::exists(options_.path + "/journal/segment-2"));
  lose(2, {1});  // the first record of the second one
  expect_torn_behind(5);
  close();
  fs::remove_all(options_.path);
  open();
  for (int i = 0; i < 9; ++i) add(/*needs_sync=*/i == 0, 200'000);
  close_as_power_cut();
  lose(1, {1 + 4 * 49});  // the last one of the first
  expect_damage();
}

TEST_F(TornTailTest, WhatACheckpointHasIsSynced) {
  open();
  for (int i = 1; i <= 10; ++i) add(/*needs_sync=*/i <= 5);
  ASSERT_TRUE(store_->checkpoint());
  EXPECT_EQ(store_->journal().synced(), GroupNo{10});
  for (int i = 11; i <= 13; ++i) add(/*needs_sync=*/false);
  close_as_power_cut();
  lose(1, {12});
  expect_torn_behind(11);
}

TEST_F(TornTailTest, AStartMakesDurableWhatItReplays) {
  make_tail();
  open();
  EXPECT_EQ(store_->journal().synced(), GroupNo{10}) << "it is told to clients from now on";
  add(/*needs_sync=*/false);
  close_as_power_cut();
  lose(1, {10});
  expect_damage();
}

TEST_F(TornTailTest, ARepairKeepsWhatWasAnsweredAndDropsWhatWasNot) {
  open();
  for (int i = 1; i <= 10; ++i) add(/*needs_sync=*/i <= 5);
  // A group whose sync failed: written, not told.
  GroupEncoder encoder;
  encoder.begin();
  WriteBatch ghost;
  ghost.append({1}, as_bytes("ghost"));
  ghost.give_sequences([](std::size_t, StreamId) { return Seq{11}; });
  encoder.add(ghost);
  ASSERT_TRUE(store_->journal().append({11}, encoder.finish({11}, clock_.wall()), Journal::Sync::Later));
  const auto next = store_->reopen_journal();
  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_EQ(*next, GroupNo{11});
  EXPECT_EQ(store_->journal().synced(), GroupNo{10}) << "written again, and synced";
  committer_->resume(*next);
  add(/*needs_sync=*/true);
  reopen();
  EXPECT_EQ(entries(1).size(), 11U);
  EXPECT_EQ(entries(1).back().find("ghost"), std::string::npos);
}

TEST_F(TornTailTest, ARepairThatFindsAnAnsweredGroupGoneLeavesItToTheNextStart) {
  open();
  for (int i = 1; i <= 10; ++i) add(/*needs_sync=*/i <= 5);
  lose(1, {8});
  const auto next = store_->reopen_journal();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Errc::Corruption);
  EXPECT_EQ(store_->checkpoint().error().code, Errc::Closed) << "the tables never get ahead of it";
  close_as_power_cut();
  expect_torn_behind(7);
}

}  // namespace
}  // namespace hermod::store::testing
