// The journal's files: what is written comes back, what is torn is the end, what is damaged is told.

#include "store/segment_journal.h"

#include <optional>

#include "store/checksum.h"
#include "tests/integration/store/journal_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBlock = Segment::kBlock;

class SegmentJournalTest : public JournalTest {
 protected:
  Status append(std::uint64_t number, std::size_t size, Journal::Sync sync = Journal::Sync::Now) {
    const std::string text = payload(number, size);
    const Bytes pieces[] = {as_bytes(text).first(size / 2), as_bytes(text).subspan(size / 2)};
    return journal_->append({number}, pieces, sync);
  }
  void append_all(std::uint64_t from, std::uint64_t to, std::size_t size,
                  Journal::Sync sync = Journal::Sync::Now) {
    for (std::uint64_t number = from; number <= to; ++number) {
      const Status appended = append(number, size, sync);
      ASSERT_TRUE(appended) << number << ": " << appended.error().detail;
    }
  }
  static std::string payload(std::uint64_t number, std::size_t size) {
    std::string text = std::to_string(number) + ":";
    text.resize(size, static_cast<char>('a' + number % 26));
    return text;
  }
  /// Their numbers; the contents are what was written, `size` bytes each.
  std::vector<std::uint64_t> replayed(std::uint64_t from, std::size_t size) {
    std::vector<std::uint64_t> numbers;
    EXPECT_TRUE(journal_->replay({from}, [&](GroupNo number, Bytes record) -> Status {
      EXPECT_EQ(as_text(record), payload(number.v, size));
      numbers.push_back(number.v);
      return {};
    }));
    return numbers;
  }
  /// "group/synced" of every record that is found; behind a gap with a ?.
  std::vector<std::string> found() const {
    std::vector<std::string> all;
    EXPECT_TRUE(journal_->visit_found([&](const Segment::Record& record, Bytes, bool behind_gap) -> Status {
      all.push_back(std::to_string(record.group.v) + "/" + std::to_string(record.synced.v) +
                    (behind_gap ? "?" : ""));
      return {};
    }));
    return all;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path()), fs::directory_iterator()));
  }
  static std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> all;
    for (; from <= to; ++from) all.push_back(from);
    return all;
  }
  /// Puts `bytes` at the beginning of a block.
  static void overwrite(const std::string& file, std::size_t block, std::string_view bytes,
                        std::size_t offset = 0) {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(block * kBlock + offset));
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  static std::string block_of(const std::string& file, std::size_t block) {
    std::string bytes(kBlock, '\0');
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(block * kBlock));
    in.read(bytes.data(), kBlock);
    return bytes;
  }
};

TEST_F(SegmentJournalTest, WhatIsAppendedIsReplayedInOrderFromAnyGroup) {
  open();
  append_all(1, 20, 300);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(replayed(0, 300), numbers(1, 20));
    EXPECT_EQ(replayed(15, 300), numbers(15, 20));
    EXPECT_EQ(journal_->range(), std::pair(GroupNo{1}, GroupNo{20}));
    open();
  }
  append_all(21, 22, 300);
  EXPECT_EQ(replayed(0, 300), numbers(1, 22));
}

TEST_F(SegmentJournalTest, NumbersOnlyRise) {
  open();
  append_all(1, 3, 10);
  EXPECT_EQ(append(3, 10).error().code, Errc::Invalid);
  EXPECT_EQ(append(2, 10).error().code, Errc::Invalid);
  EXPECT_TRUE(append(9, 10)) << "a gap is the committer's choice";
}

TEST_F(SegmentJournalTest, NoBlockIsWrittenTwice) {
  open();
  append_all(1, 1, 10);
  const std::string before = block_of(segment(1), 1);
  append_all(2, 4, kBlock);  // with its header more than a block
  EXPECT_EQ(block_of(segment(1), 1), before);
  EXPECT_NE(block_of(segment(1), 2).find("2:"), std::string::npos);
  EXPECT_NE(block_of(segment(1), 4).find("3:"), std::string::npos);
}

TEST_F(SegmentJournalTest, ManySegmentsAreOneJournal) {
  open();
  append_all(1, 40, 50'000);
  EXPECT_GT(files(), 5U);
  EXPECT_EQ(replayed(0, 50'000), numbers(1, 40));
  open();
  EXPECT_EQ(replayed(0, 50'000), numbers(1, 40));
  EXPECT_EQ(replayed(33, 50'000), numbers(33, 40));
}

TEST_F(SegmentJournalTest, AGroupLargerThanASegmentGetsOneOfItsOwn) {
  open();
  append_all(1, 1, 100);
  append_all(2, 2, kMegabyte);
  append_all(3, 3, 100);
  open();
  std::vector<std::size_t> sizes;
  EXPECT_TRUE(journal_->replay({0}, [&](GroupNo, Bytes record) -> Status {
    sizes.push_back(record.size());
    return {};
  }));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{100, kMegabyte, 100}));
}

TEST_F(SegmentJournalTest, TrimmedSegmentsAreUsedAgainAndTheJournalDoesNotGrow) {
  open();
  append_all(1, 30, 50'000);
  const std::uint64_t bytes = journal_->file_bytes();
  for (std::uint64_t number = 31; number <= 300; ++number) {
    ASSERT_TRUE(journal_->trim({number - 10}));
    ASSERT_TRUE(append(number, 50'000));
  }
  EXPECT_LE(journal_->file_bytes(), bytes);
  for (int round = 0; round < 2; ++round) {
    const auto left = replayed(291, 50'000);
    EXPECT_EQ(left, numbers(291, 300)) << "older ones may be left, newer ones are all there";
    EXPECT_LE(journal_->used_bytes(), journal_->file_bytes());
    open();
  }
}

TEST_F(SegmentJournalTest, AsManySegmentsAreKeptAsWereInUseAtOnceLately) {
  open();
  constexpr std::size_t kSize = 100'000;  // two in a segment
  std::uint64_t next = 1;
  const auto round = [&](std::uint64_t groups) {
    append_all(next, next + groups - 1, kSize);
    next += groups;
    ASSERT_TRUE(journal_->trim({next}));
  };
  round(28);
  EXPECT_EQ(files(), 14U);
  round(2);
  EXPECT_EQ(files(), 14U) << "some were deleted, and would be made anew";
  for (int i = 0; i < 12; ++i) round(2);
  EXPECT_LE(files(), 10U) << "for one wave they are kept for ever";
}

TEST_F(SegmentJournalTest, AFullJournalSaysSoAndGoesOnWhenItIsTrimmed) {
  open(kMegabyte);
  std::uint64_t number = 0;
  Status appended;
  do {
    appended = append(++number, 50'000);
  } while (appended && number < 100);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, Errc::NoSpace);
  EXPECT_NE(appended.error().detail.find("store.max_size"), std::string::npos);
  EXPECT_LE(journal_->file_bytes(), kMegabyte);
  EXPECT_GT(number, 12U);
  ASSERT_TRUE(journal_->trim({number - 1}));
  EXPECT_TRUE(append(number, 50'000));
  EXPECT_EQ(journal_->range().second, GroupNo{number});
}

TEST_F(SegmentJournalTest, AReaderKeepsWhatItHasSeen) {
  open();
  append_all(1, 10, 50'000);
  {
    auto reader = journal_->reader();
    ASSERT_TRUE(reader);
    ASSERT_TRUE(journal_->trim({11}));
    append_all(11, 60, 50'000);
    for (std::uint64_t number = 1; number <= 10; ++number) {
      const auto piece = reader->read({number}, 0, 50'000);
      ASSERT_TRUE(piece) << piece.error().detail;
      EXPECT_EQ(as_text(*piece), payload(number, 50'000));
    }
    EXPECT_EQ(as_text(*reader->read({3}, 2, 5)), payload(3, 50'000).substr(2, 5));
    EXPECT_EQ(reader->read({3}, 49'999, 2).error().code, Errc::Corruption);
    EXPECT_EQ(reader->read({300}, 0, 1).error().code, Errc::NotFound);
  }
  const std::uint64_t bytes = journal_->file_bytes();
  ASSERT_TRUE(journal_->trim({61}));
  append_all(61, 80, 50'000);
  EXPECT_LE(journal_->file_bytes(), bytes) << "and then its segments are used again";
}

TEST_F(SegmentJournalTest, ATornLastRecordIsTheEnd) {
  open();
  append_all(1, 5, 300);
  journal_.reset();
  overwrite(segment(1), 5, std::string(512, '\0'));
  open();
  EXPECT_EQ(replayed(0, 300), numbers(1, 4));
  append_all(5, 6, 300);
  open();
  EXPECT_EQ(replayed(0, 300), numbers(1, 6));
}

TEST_F(SegmentJournalTest, ARecordSaysWhatWasSyncedBeforeIt) {
  open();
  append_all(1, 2, 300);
  append_all(3, 5, 300, Journal::Sync::Later);
  EXPECT_EQ(journal_->synced(), GroupNo{2});
  EXPECT_EQ(found(), (std::vector<std::string>{"1/0", "2/1", "3/2", "4/2", "5/2"}));
  ASSERT_TRUE(journal_->sync());
  append_all(6, 6, 300, Journal::Sync::Later);
  append_all(7, 7, 300);
  EXPECT_EQ(journal_->synced(), GroupNo{7}) << "with everything before it";
  open();
  EXPECT_EQ(found(), (std::vector<std::string>{"1/0", "2/1", "3/2", "4/2", "5/2", "6/5", "7/5"}));
}

TEST_F(SegmentJournalTest, ASegmentIsSyncedBeforeTheNextOneBegins) {
  open();
  std::uint64_t number = 0;
  while (files() < 3) ASSERT_TRUE(append(++number, 50'000, Journal::Sync::Later));
  EXPECT_EQ(journal_->synced(), GroupNo{number - 1});
}

TEST_F(SegmentJournalTest, WhatIsBehindAGapIsFoundAndDropped) {
  for (const std::size_t block : {1, 3, 4}) {
    fs::remove_all(path());
    open();
    append_all(1, 5, 300);
    journal_.reset();
    overwrite(segment(1), block, "x", 9);
    open();
    EXPECT_EQ(replayed(0, 300), numbers(1, block - 1)) << "a replay ends before it";
    const std::vector<std::string> all = found();
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[block - 1].back(), '?');
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& one) { return one.back() == '?'; }),
              static_cast<long>(5 - block));
    ASSERT_TRUE(journal_->drop_from({block}));
    append_all(block, block, 300);
    open();
    EXPECT_EQ(replayed(0, 300), numbers(1, block));
    EXPECT_EQ(found().size(), block);
  }
}

TEST_F(SegmentJournalTest, AStartMakesDurableWhatNoRecordCallsSynced) {
  open();
  append_all(1, 3, 300);
  append_all(4, 6, 300, Journal::Sync::Later);
  open();
  EXPECT_EQ(journal_->synced(), GroupNo{3});
  ASSERT_TRUE(journal_->settle({1}, {7}));
  EXPECT_EQ(journal_->synced(), GroupNo{6});
  append_all(7, 7, 300);
  EXPECT_EQ(found().back(), "7/6");
  open();
  EXPECT_EQ(journal_->settle({1}, {9}).error().code, Errc::Corruption) << "group 8 is nowhere";
}

TEST_F(SegmentJournalTest, ARepairKeepsWhatWasToldAndDropsTheRest) {
  open();
  append_all(1, 3, 300);
  append_all(4, 6, 300, Journal::Sync::Later);
  const auto is_whole = [](GroupNo number, Bytes record) -> Status {
    return as_text(record) == payload(number.v, 300) ? Status{} : failure(Errc::Corruption, "changed");
  };
  ASSERT_TRUE(journal_->repair({6}, is_whole));
  EXPECT_EQ(journal_->synced(), GroupNo{5});
  EXPECT_EQ(replayed(0, 300), numbers(1, 5));
  append_all(6, 7, 300, Journal::Sync::Later);
  overwrite(segment(1), 6, "x", 100);
  EXPECT_EQ(journal_->repair({8}, is_whole).error().code, Errc::Corruption);
  EXPECT_EQ(append(8, 300).error().code, Errc::Closed) << "what was told is not there: only a start goes on";
  EXPECT_EQ(journal_->sync().error().code, Errc::Closed);
}

TEST_F(SegmentJournalTest, WhatARepairDropsIsNotSyncedWhenItComesAgain) {
  open();
  append_all(1, 5, 300);
  ASSERT_TRUE(journal_->repair({5}, [](GroupNo, Bytes) { return Status{}; }));
  EXPECT_EQ(journal_->synced(), GroupNo{4});
  append_all(5, 6, 300, Journal::Sync::Later);
  EXPECT_EQ(journal_->synced(), GroupNo{4});
  append_all(7, 7, 300);
  EXPECT_EQ(journal_->synced(), GroupNo{7});
}

TEST_F(SegmentJournalTest, ADamagedHeaderIsToldFromASegmentThatIsFree) {
  open();
  append_all(1, 12, 50'000);
  ASSERT_GE(files(), 3U);
  journal_.reset();
  // As it stands when the power went in the middle of a new life: nothing in it is newer than the rest.
  overwrite(segment(1), 0, std::string(kBlock, '\0'));
  open();
  EXPECT_EQ(replayed(11, 50'000), numbers(11, 12));
  append_all(13, 30, 50'000);
  journal_.reset();
  const std::string newest = segment(static_cast<int>(files()));
  overwrite(newest, 0, "x", 9);
  const auto opened = SegmentJournal::open(path(), 4 * kMegabyte);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find(newest), std::string::npos) << opened.error().detail;
}

TEST_F(SegmentJournalTest, WhatAnOldLifeLeftIsNotRead) {
  open(kMegabyte);
  append_all(1, 200, 3000);
  std::uint64_t number = 201;
  for (; number <= 2000; ++number) {  // many lives, each over records of the one before
    ASSERT_TRUE(journal_->trim({number - 20}));
    ASSERT_TRUE(append(number, 3000));
    if (number % 97 == 0) open(kMegabyte);
    if (number % 97 == 0) {
      ASSERT_EQ(replayed(number - 20, 3000), numbers(number - 20, number));
    }
  }
}

TEST_F(SegmentJournalTest, ARecordInsideAPayloadIsNotARecord) {
  open();
  append_all(1, 2, 300);
  // Somebody sends the bytes of a record, so that they come to lie at the beginning of a block. What he
  // cannot know is the secret of this life.
  std::string forged(kBlock - 36, 'x');
  std::string record;
  ByteWriter out(record);
  out.u32(0x484D5232);
  out.u32(100);
  out.u64(9);
  out.u64(8);
  out.u64(0x0123456789ABCDEF);
  Checksum checksum;
  checksum.add(as_bytes(record));
  out.u32(checksum.value());
  forged += record + std::string(200, 'y');
  const Bytes pieces[] = {as_bytes(forged)};
  ASSERT_TRUE(journal_->append({3}, pieces, Journal::Sync::Now));
  EXPECT_EQ(block_of(segment(1), 4).substr(0, record.size()), record);
  journal_.reset();
  overwrite(segment(1), 3, std::string(kBlock, '\0'));  // and the power goes
  open();
  EXPECT_EQ(replayed(0, 300), numbers(1, 2));
}

TEST_F(SegmentJournalTest, WhatIsDroppedDoesNotComeBack) {
  open();
  append_all(1, 9, 9000);
  ASSERT_TRUE(journal_->drop_from({6}));
  EXPECT_EQ(journal_->range().second, GroupNo{5});
  append_all(6, 6, 9000);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(replayed(0, 9000), numbers(1, 6));
    open();
  }
}

TEST_F(SegmentJournalTest, ARepairTakesWhatIsOnDisk) {
  open();
  append_all(1, 30, 50'000);
  ASSERT_TRUE(journal_->repair({31}, [](GroupNo, Bytes) { return Status{}; }));
  EXPECT_EQ(replayed(0, 50'000), numbers(1, 30));
  append_all(31, 31, 50'000);
  EXPECT_EQ(journal_->range().second, GroupNo{31});
}

TEST_F(SegmentJournalTest, ASegmentThatWasBeingMadeIsThrownAway) {
  open();
  append_all(1, 3, 300);
  journal_.reset();
  std::ofstream(segment(2) + ".new") << "a beginning";
  std::ofstream(path() + "/note.txt") << "somebody's";
  open();
  EXPECT_FALSE(fs::exists(segment(2) + ".new"));
  EXPECT_TRUE(fs::exists(path() + "/note.txt"));
  EXPECT_EQ(replayed(0, 300), numbers(1, 3));
}

TEST_F(SegmentJournalTest, ALookerChangesNothing) {
  EXPECT_FALSE(SegmentJournal::open(path(), 0, /*read_only=*/true)) << "there is no folder";
  fs::create_directories(path());
  const auto empty = SegmentJournal::open(path(), 0, /*read_only=*/true);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Errc::Corruption);
  EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace hermod::store::testing
