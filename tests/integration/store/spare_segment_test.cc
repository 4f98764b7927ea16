// A segment is made ahead when one of small groups fills: written through, free, and never in anybody's way.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "store/segment_maker.h"
#include "tests/integration/store/journal_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kUsualSegment = kMegabyte / 4;  // of a journal of four megabytes
constexpr std::uint64_t kUsualBlocks = kUsualSegment / Segment::kBlock;

class SpareSegmentTest : public JournalTest {
 protected:
  void open(std::uint64_t max_size = 4 * kMegabyte) {
    JournalTest::open(max_size);
    journal_->set_on_spare_wanted([this] { ++wanted_; });
  }
  void append(std::uint64_t count, std::size_t size) {
    const std::string text(size, 'm');
    const Bytes pieces[] = {as_bytes(text)};
    for (; count > 0; --count) ASSERT_TRUE(journal_->append({++last_}, pieces, Journal::Sync::Now));
  }
  Status make() {
    return journal_->make_spare([] { return true; });
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& file : fs::directory_iterator(path())) names.insert(file.path().filename().string());
    return names;
  }
  /// No block of it was only taken.
  static bool is_written_through(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const off_t hole = ::lseek(descriptor, 0, SEEK_HOLE);
    ::close(descriptor);
    return hole == static_cast<off_t>(fs::file_size(file));
  }
  std::vector<std::uint64_t> replayed() {
    std::vector<std::uint64_t> numbers;
    EXPECT_TRUE(journal_->replay({0}, [&](GroupNo number, Bytes) -> Status {
      numbers.push_back(number.v);
      return {};
    }));
    return numbers;
  }

  std::uint64_t last_ = 0;
  int wanted_ = 0;
};

TEST_F(SpareSegmentTest, TheFirstSegmentIsSmallAndWrittenThrough) {
  open(std::uint64_t{1} << 30);
  EXPECT_EQ(journal_->file_bytes(), 2 * kMegabyte);
  EXPECT_TRUE(is_written_through(segment(1)));
  append(1, 100);
  ASSERT_TRUE(make());
  EXPECT_EQ(journal_->file_bytes(), 18 * kMegabyte) << "the others have the usual size";
  EXPECT_TRUE(is_written_through(segment(2)));
  EXPECT_GE(journal_->written_bytes(), 18 * kMegabyte) << "the disk has worn by it";
}

TEST_F(SpareSegmentTest, ASegmentOfSmallGroupsAsksOnceWhenAQuarterIsFull) {
  open();
  append(kUsualBlocks / 4 - 2, 100);
  EXPECT_EQ(wanted_, 0);
  append(1, 100);
  EXPECT_EQ(wanted_, 1);
  append(kUsualBlocks / 2, 100);
  EXPECT_EQ(wanted_, 1);
  append(kUsualBlocks, 100);
  EXPECT_EQ(wanted_, 2) << "the second one asks as well, for none was made";
}

TEST_F(SpareSegmentTest, LargeGroupsAskForNone) {
  open();
  append(20, 5 * Segment::kBlock);
  EXPECT_EQ(files().size(), 2U);
  EXPECT_EQ(wanted_, 0);
}

TEST_F(SpareSegmentTest, ASpareIsWhatTheNextSegmentIs) {
  open();
  append(kUsualBlocks / 2, 100);
  ASSERT_TRUE(make());
  const std::set<std::string> two{"segment-1", "segment-2"};
  EXPECT_EQ(files(), two);
  EXPECT_EQ(journal_->used_bytes(), kUsualSegment);
  append(kUsualBlocks / 2 + 10, 100);
  EXPECT_EQ(files(), two);
  EXPECT_EQ(journal_->used_bytes(), 2 * kUsualSegment);
  const std::uint64_t all = last_;
  for (int round = 0; round < 2; ++round) {
    const auto numbers = replayed();
    ASSERT_EQ(numbers.size(), all);
    EXPECT_EQ(numbers.back(), all);
    open();
  }
}

TEST_F(SpareSegmentTest, ASpareIsStillOneAfterAStart) {
  open();
  append(3, 100);
  ASSERT_TRUE(make());
  open();
  EXPECT_EQ(replayed(), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(journal_->file_bytes(), 2 * kUsualSegment);
  ASSERT_TRUE(make()) << "one is free";
  append(kUsualBlocks, 100);
  EXPECT_EQ(files(), (std::set<std::string>{"segment-1", "segment-2"}));
}

TEST_F(SpareSegmentTest, NoneIsMadeWhereOneIsOrWillBeFree) {
  open();
  append(kUsualBlocks, 100);
  ASSERT_EQ(files().size(), 2U);
  ASSERT_TRUE(journal_->trim({last_}));
  ASSERT_TRUE(make());
  EXPECT_EQ(files().size(), 2U) << "the next begin finds the first one";
  wanted_ = 0;
  append(kUsualBlocks / 2, 100);
  EXPECT_EQ(wanted_, 0);
}

TEST_F(SpareSegmentTest, NoneIsMadeBeyondTheSizeOfTheStore) {
  open(kMegabyte);
  append(4 * (kUsualBlocks - 1), 100);
  EXPECT_EQ(journal_->file_bytes(), kMegabyte);
  const Status made = make();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::NoSpace);
  EXPECT_EQ(files().size(), 4U);
}

TEST_F(SpareSegmentTest, OneThatIsStoppedLeavesNothing) {
  open();
  append(3, 100);
  const Status made = journal_->make_spare([] { return false; });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Closed);
  EXPECT_EQ(files(), (std::set<std::string>{"segment-1"}));
  EXPECT_TRUE(make());
}

TEST_F(SpareSegmentTest, OneThatWasBegunBeforeARepairIsGivenUp) {
  open();
  append(3, 100);
  const Status made = journal_->make_spare([&] {
    EXPECT_TRUE(journal_->repair({last_ + 1}, [](GroupNo, Bytes) { return Status{}; }));
    return true;
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Closed);
  EXPECT_EQ(files(), (std::set<std::string>{"segment-1"}));
  append(2 * kUsualBlocks, 100);
  EXPECT_EQ(replayed().size(), last_);
}

TEST_F(SpareSegmentTest, OneThatIsTooLateIsGivenUpWhenTheRoomIsTaken) {
  open(kMegabyte);
  append(3 * (kUsualBlocks - 1), 100);
  ASSERT_EQ(files().size(), 3U);
  const Status made = journal_->make_spare([&] {
    append(1, 100);
    return true;
  });
  ASSERT_FALSE(made);
  EXPECT_LE(journal_->file_bytes(), kMegabyte);
  EXPECT_EQ(files().size(), 4U);
}

TEST_F(SpareSegmentTest, AMakerMakesWhatIsWantedAndStops) {
  open();
  SegmentMaker maker(*journal_);
  maker.start();
  append(kUsualBlocks / 2, 100);
  while (journal_->file_bytes() < 2 * kUsualSegment)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  maker.stop();
  EXPECT_EQ(files(), (std::set<std::string>{"segment-1", "segment-2"}));
  maker.start();
  append(kUsualBlocks, 100);
  while (journal_->file_bytes() < 3 * kUsualSegment)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace hermod::store::testing
