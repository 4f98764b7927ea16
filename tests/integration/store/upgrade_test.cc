// A store of the format before this one, as a broker once wrote it (tests/data/store/3), on its way to this
// one.

#include "store/lmdb/lmdb_tables.h"
#include "tests/integration/golden/store_text.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;

class UpgradeTest : public StoreTest {
 protected:
  void SetUp() override {
    options_.max_size = 64 * kMegabyte;
    integration::write_store(text_of(std::string(HERMOD_GOLDEN_STORES) + "/3/store.txt"), options_.path);
  }
  static std::string text_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string segment() const { return options_.path + "/journal/segment-1"; }
  void write_segment(const std::string& bytes) {
    std::ofstream(segment(), std::ios::binary | std::ios::trunc) << bytes;
  }
  /// Turns a bit of the record whose group has this number.
  void damage_group(std::uint64_t number) {
    std::string bytes = text_of(segment());
    std::size_t at = bytes.find("HMG1");
    while (at != std::string::npos && ByteReader(as_bytes(bytes).subspan(at + 4)).u64() != number)
      at = bytes.find("HMG1", at + 1);
    ASSERT_NE(at, std::string::npos) << number;
    bytes[at + 50] ^= 1;
    write_segment(bytes);
  }
  std::size_t count(Table table) { return keys(table).size(); }
  std::size_t backups() {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(options_.path))
      if (entry.path().filename().string().starts_with("format-3-")) ++found;
    return found;
  }
};

TEST_F(UpgradeTest, EverythingIsThereAndTheNextStartFindsAStoreOfThisFormat) {
  open();
  EXPECT_TRUE(report_.upgraded);
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_FALSE(report_.torn_tail);
  EXPECT_GT(report_.groups_replayed, 10U);
  const std::size_t sessions = count(Table::Sessions);
  const std::size_t subscriptions = count(Table::Subscriptions);
  const GroupNo next = report_.next_group;
  EXPECT_GT(sessions, 15U);
  EXPECT_EQ(count(Table::Queues), 0U);
  reopen();
  EXPECT_FALSE(report_.upgraded);
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(report_.next_group, next);
  ASSERT_TRUE(store_->checkpoint());
  reopen();
  EXPECT_EQ(count(Table::Sessions), sessions);
  EXPECT_EQ(count(Table::Subscriptions), subscriptions);
  EXPECT_EQ(backups(), 1U);
  append(std::uint64_t{1} << 63, "of a named queue");
  EXPECT_EQ(entries(std::uint64_t{1} << 63).size(), 1U);
}

/// The power was cut under the old broker, and the new one is the first to see it.
TEST_F(UpgradeTest, ATornTailIsDroppedOnTheWay) {
  open();
  const GroupNo next = report_.next_group;
  close();
  fs::remove_all(options_.path);
  SetUp();
  damage_group(next.v - 1);
  open();
  EXPECT_TRUE(report_.upgraded);
  EXPECT_TRUE(report_.torn_tail);
  EXPECT_EQ(report_.next_group.v, next.v - 1);
  EXPECT_EQ(backups(), 1U);
  reopen();
  EXPECT_FALSE(report_.torn_tail);
  EXPECT_FALSE(report_.set_aside) << report_.why;
}

TEST_F(UpgradeTest, T66_ADamagedGroupSetsTheStoreAsideAndNothingIsConverted) {
  damage_group(5);
  open();
  EXPECT_TRUE(report_.set_aside);
  EXPECT_FALSE(report_.upgraded);
  EXPECT_NE(report_.why.find("group 5"), std::string::npos) << report_.why;
  EXPECT_EQ(backups(), 0U);
  std::ifstream format(report_.set_aside_path + "/format");
  EXPECT_NE((std::string{std::istreambuf_iterator<char>(format), {}}).find("format 3"), std::string::npos);
}

/// What an attempt has written that ended before the number was: to the old format these files are free.
TEST_F(UpgradeTest, WhatAnEarlierAttemptLeftIsWrittenAnew) {
  open();
  const GroupNo next = report_.next_group;
  close();
  const std::string made = text_of(options_.path + "/journal/segment-2");
  ASSERT_FALSE(made.empty());
  fs::remove_all(options_.path);
  SetUp();
  std::ofstream(options_.path + "/journal/segment-2", std::ios::binary) << made;
  open();
  EXPECT_TRUE(report_.upgraded);
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(report_.next_group, next);
  EXPECT_FALSE(fs::exists(options_.path + "/journal/segment-3"));
}

/// Nothing is in the journal alone: the new one begins without a group.
TEST_F(UpgradeTest, AJournalThatTheTablesHaveIsLeftBehind) {
  open();
  const GroupNo next = report_.next_group;
  close();
  fs::remove_all(options_.path);
  SetUp();
  {
    auto tables = LmdbTables::open(options_.path + "/tables");
    ASSERT_TRUE(tables);
    auto writer = (*tables)->writer(0);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->set_position(next));
    ASSERT_TRUE(writer->commit());
    ASSERT_TRUE((*tables)->sync());
  }
  open();
  EXPECT_TRUE(report_.upgraded);
  EXPECT_EQ(report_.groups_replayed, 0U);
  EXPECT_EQ(report_.next_group, next);
  append(1, "goes on");
  reopen();
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(report_.groups_replayed, 1U);
}

}  // namespace
}  // namespace hermod::store::testing
