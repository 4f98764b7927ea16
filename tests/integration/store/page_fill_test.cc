// How full the pages of the entries are behind checkpoints that append to many streams, counted as the
// library does.

#include <lmdb.h>

#include "store/lmdb/lmdb_tables.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

class PageFillTest : public StoreTest {
 protected:
  /// Appends `count` entries to each of the streams 1 to `streams`, one behind the other.
  void append_to_all(std::uint64_t streams, int count, std::size_t size) {
    for (int i = 0; i < count; ++i) {
      WriteBatch batch;
      for (std::uint64_t stream = 1; stream <= streams; ++stream)
        batch.append({stream}, as_bytes(std::string(size, static_cast<char>('a' + stream % 26))));
      commit(std::move(batch));
    }
  }
  /// Moves them to the tables.
  void checkpoint() {
    const Status written = store_->checkpoint();
    ASSERT_TRUE(written) << written.error().detail;
  }
  /// The tables forget how far they are, but nothing else, as when a checkpoint was not ended: the next start
  /// replays what they have.
  void forget_position() {
    close();
    auto tables = LmdbTables::open(options_.path + "/tables");
    ASSERT_TRUE(tables) << tables.error().detail;
    auto writer = (*tables)->writer(kMegabyte);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->set_position({1}));
    ASSERT_TRUE(writer->commit());
  }

  /// Of the table of entries, which nobody writes meanwhile.
  MDB_stat entry_pages() const {
    MDB_stat stat{};
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi entries = 0;
    const std::string file = options_.path + "/tables";
    EXPECT_EQ(mdb_env_create(&env), 0);
    EXPECT_EQ(mdb_env_set_maxdbs(env, 1), 0);
    EXPECT_EQ(mdb_env_open(env, file.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600), 0);
    EXPECT_EQ(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn), 0);
    EXPECT_EQ(mdb_dbi_open(txn, table_name(Table::Entries), 0, &entries), 0);
    EXPECT_EQ(mdb_stat(txn, entries, &stat), 0);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return stat;
  }
};

/// The last page of a stream has the first entries of the next one behind it. A page has room for 14 entries
/// of this size; the first entries of a stream come to lie on one page more or two, once.
TEST_F(PageFillTest, StreamsThatGrowSideBySideFillTheirPages) {
  open();
  constexpr std::uint64_t kStreams = 50;
  constexpr int kRounds = 6;
  constexpr int kRun = 40;
  for (int round = 0; round < kRounds; ++round) {
    append_to_all(kStreams, kRun, 256);
    checkpoint();
  }
  close();
  const MDB_stat pages = entry_pages();
  constexpr std::size_t kEntries = kStreams * kRounds * kRun;
  EXPECT_EQ(pages.ms_entries, kEntries);
  EXPECT_LE(pages.ms_leaf_pages, kEntries / 14 + 2 * kStreams);
  EXPECT_EQ(pages.ms_overflow_pages, 0U);
}

/// Then the tables may know some of what is replayed, and what they do not know is put as if it were new.
TEST_F(PageFillTest, StreamsThatGrowSideBySideFillTheirPagesBehindACrashToo) {
  open();
  constexpr std::uint64_t kStreams = 50;
  constexpr int kRounds = 6;
  constexpr int kRun = 40;
  for (int round = 0; round < kRounds; ++round) {
    append_to_all(kStreams, kRun, 256);
    if (round % 2 == 0) checkpoint();
    if (round == 2) forget_position();
    reopen();
  }
  checkpoint();
  close();
  const MDB_stat pages = entry_pages();
  constexpr std::size_t kEntries = kStreams * kRounds * kRun;
  EXPECT_EQ(pages.ms_entries, kEntries);
  EXPECT_LE(pages.ms_leaf_pages, kEntries / 14 + 3 * kStreams);
  open();
  for (const std::uint64_t stream : {std::uint64_t{1}, kStreams}) {
    const std::vector<std::string> all = entries(stream);
    ASSERT_EQ(all.size(), std::size_t{kRounds * kRun});
    const std::string value(256, static_cast<char>('a' + stream % 26));
    // Each start leaves out the sequences that the one before it may have given.
    for (const std::string& entry : all) EXPECT_EQ(entry.substr(entry.find('=')), "=" + value);
  }
}

/// What is taken out and put back is the same behind it, also in the middle of a checkpoint of several
/// transactions, and beside values that have pages of their own.
TEST_F(PageFillTest, StreamsThatGrowSideBySideKeepTheirEntries) {
  open();
  constexpr std::uint64_t kStreams = 30;
  std::map<std::uint64_t, std::vector<std::string>> expected;
  std::uint64_t count = 0;
  const auto append_run = [&](std::uint64_t stream, int run, std::size_t size) {
    WriteBatch batch;
    for (int i = 0; i < run; ++i) {
      ++count;
      const std::string value = std::to_string(count) + std::string(size + count % 40, 'v');
      batch.append({stream}, as_bytes(value));
      expected[stream].push_back(value);
    }
    commit(std::move(batch));
  };
  for (const std::size_t size : {10, 250, 1500, 5000, 60, 3000, 900}) {
    for (std::uint64_t stream = 1; stream <= kStreams; ++stream)
      append_run(stream, static_cast<int>(3 + 31 * stream % 97), stream % 7 == 3 ? 2200 : size);
    if (size == 60) append_run(15, 20'000, 20);  // more than a transaction
    ASSERT_TRUE(store_->checkpoint());
    WriteBatch batch;
    batch.erase_entry({9}, {expected[9].size()});
    expected[9].back().clear();
    commit(std::move(batch));
  }
  reopen();
  ASSERT_TRUE(store_->checkpoint());
  for (const auto& [stream, values] : expected) {
    std::vector<std::string> numbered;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!values[i].empty()) numbered.push_back(std::to_string(i + 1) + "=" + values[i]);
    EXPECT_EQ(entries(stream), numbered) << "stream " << stream;
  }
}

}  // namespace
}  // namespace hermod::store::testing
