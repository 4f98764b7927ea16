// A store of the format before this one, as a broker once wrote it (tests/data/store/3), on its way to this
// one.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "store/folder.h"
#include "store/format3.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment.h"
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
  struct Content {
    GroupNo next;
    std::uint64_t groups = 0;
    std::size_t sessions = 0;
    friend bool operator==(const Content&, const Content&) = default;
  };
  Content content() { return {report_.next_group, report_.groups_replayed, count(Table::Sessions)}; }
  /// Upgrades the store to learn what it holds, and puts the old one back.
  Content content_of_upgraded() {
    open();
    const Content found = content();
    close();
    fs::remove_all(options_.path);
    SetUp();
    return found;
  }
  /// The names of all files but those that every start makes.
  std::set<std::string> names() {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(options_.path))
      all.insert(fs::relative(entry.path(), options_.path).string());
    all.erase("lock");
    all.erase("tables-lock");
    return all;
  }
  unsigned long format_number() { return Folder::look(options_.path)->format_number(); }
  /// Nothing is left of an upgrade that cannot be done, and nothing is missing.
  Error failure_of_upgrade() {
    const std::set<std::string> before = names();
    const auto opened = Store::open(options_, clock_, report_);
    EXPECT_FALSE(opened);
    EXPECT_FALSE(report_.upgraded);
    EXPECT_FALSE(report_.set_aside) << report_.why;
    EXPECT_EQ(names(), before);
    EXPECT_EQ(format_number(), Folder::kUpgradable);
    return opened ? Error{} : opened.error();
  }
  void expect_upgrade_to(const Content& expected) {
    open();
    EXPECT_TRUE(report_.upgraded);
    EXPECT_FALSE(report_.set_aside) << report_.why;
    EXPECT_EQ(content(), expected);
    EXPECT_EQ(backups(), 1U);
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

/// The process ends at each of the places at which the upgrade says how far it is, the tables that have their
/// new databases already among them.
TEST_F(UpgradeTest, WhereverItIsInterruptedItIsDoneAgainAndOneCopyIsLeft) {
  const Content expected = content_of_upgraded();
  constexpr int kInterrupted = 7;
  int interrupted = 0;
  for (;; ++interrupted) {
    ASSERT_LT(interrupted, 100);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int left = interrupted;
      OpenReport report;
      const auto opened = Store::open(options_, clock_, report, [&](const std::string&) {
        if (left-- == 0) ::_exit(kInterrupted);
      });
      ::_exit(opened ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0) break;
    ASSERT_EQ(WEXITSTATUS(status), kInterrupted);
    EXPECT_EQ(format_number(), Folder::kUpgradable);
    EXPECT_LE(backups(), 1U);
  }
  EXPECT_GT(interrupted, 6) << "reading, copying, writing, reading";
  EXPECT_EQ(backups(), 1U);
  EXPECT_FALSE(fs::exists(options_.path + "/format-3-unfinished"));
  open();
  EXPECT_FALSE(report_.upgraded) << "that was the child";
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(content(), expected);
}

TEST_F(UpgradeTest, AJournalOfSeveralSegmentsIsConvertedToSeveral) {
  const Content expected = content_of_upgraded();
  const std::string journal = options_.path + "/journal";
  {
    auto tables = LmdbTables::open(options_.path + "/tables");
    ASSERT_TRUE(tables);
    const auto position = (*tables)->position();
    ASSERT_TRUE(position);
    ASSERT_TRUE((*tables)->sync());
    std::size_t told = 0;
    const auto count_told = [&](const std::string&) { ++told; };
    ASSERT_TRUE(convert_journal_of_format_3(journal, *position, {}, count_told, /*segment_content=*/300));
    EXPECT_GT(told, 2U);
    EXPECT_LT(told, expected.groups) << "there are some with more than one group";
    EXPECT_TRUE(fs::exists(journal + "/segment-" + std::to_string(1 + told)));
    auto folder = Folder::lock(options_.path);
    ASSERT_TRUE(folder);
    ASSERT_TRUE(folder->write_format());
  }
  open();
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(content(), expected);
}

/// Of this process, as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const struct rlimit limit { bytes, before_.rlim_max };
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  struct rlimit before_ {};
  void (*handler_)(int);
};

TEST_F(UpgradeTest, WithoutRoomForTheCopyTheStoreStaysWhatItWas) {
  const Content expected = content_of_upgraded();
  {
    const FileSizeLimit limit(std::uint64_t{64} << 10);
    const Error why = failure_of_upgrade();
    EXPECT_EQ(why.code, Errc::NoSpace);
    EXPECT_NE(why.detail.find("Make room"), std::string::npos) << why.detail;
  }
  expect_upgrade_to(expected);
}

TEST_F(UpgradeTest, WhenTheJournalCannotBeWrittenTheStoreStaysWhatItWas) {
  const Content expected = content_of_upgraded();
  const std::string in_the_way = options_.path + "/journal/segment-2.new";
  fs::create_directory(in_the_way);
  EXPECT_EQ(failure_of_upgrade().code, Errc::Io);
  fs::remove(in_the_way);
  expect_upgrade_to(expected);
}

TEST_F(UpgradeTest, WhenTheNumberCannotBeWrittenTheStoreStaysWhatItWas) {
  const Content expected = content_of_upgraded();
  const std::string in_the_way = options_.path + "/format.new";
  fs::create_directory(in_the_way);
  EXPECT_EQ(failure_of_upgrade().code, Errc::Io);
  fs::remove(in_the_way);
  expect_upgrade_to(expected);
}

/// To format 3 that file is free, and to this one it is damage: found while format 3 still counts.
TEST_F(UpgradeTest, WhatWasConvertedIsReadBeforeItCounts) {
  const Content expected = content_of_upgraded();
  const std::string file = options_.path + "/journal/segment-2";
  {
    auto made = Segment::create(file, 4 * Segment::kBlock, Segment::Life::begin(1));
    ASSERT_TRUE(made);
    const Bytes group = as_bytes("no matter");
    ASSERT_TRUE((*made)->append({1'000'000}, {1}, {&group, 1}, group.size()));
  }
  std::fstream(file, std::ios::binary | std::ios::in | std::ios::out) << "X";
  const Error why = failure_of_upgrade();
  EXPECT_EQ(why.code, Errc::Io);
  EXPECT_NE(why.detail.find("header is damaged"), std::string::npos) << why.detail;
  fs::remove(file);
  expect_upgrade_to(expected);
}

TEST_F(UpgradeTest, ANewSegmentOfAnEarlierAttemptThatIsCutOffIsWrittenAnew) {
  const Content expected = content_of_upgraded();
  const std::string file = options_.path + "/journal/segment-2";
  ASSERT_TRUE(Segment::create(file, 4 * Segment::kBlock, Segment::Life::begin(1)));
  fs::resize_file(file, 2 * Segment::kBlock);
  expect_upgrade_to(expected);
}

}  // namespace
}  // namespace hermod::store::testing
