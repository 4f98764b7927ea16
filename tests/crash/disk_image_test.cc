#include "tests/crash/disk_image.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/child_process.h"

namespace hermod::crash {
namespace {

using faults::Kind;
using faults::Record;

/// A log written by hand.
class DiskImageTest : public ::testing::Test {
 protected:
  std::uint64_t log(Kind kind, const std::string& name, std::uint64_t offset = 0,
                    const std::string& data = {}, std::uint32_t flag = 0) {
    Record record;
    record.kind = kind;
    record.number = ++number_;
    record.inode = std::hash<std::string>{}(name);
    record.offset = offset;
    record.data_size = data.size();
    record.name_size = static_cast<std::uint32_t>(name.size());
    record.flag = flag;
    text_.append(reinterpret_cast<const char*>(&record), sizeof record).append(name).append(data);
    return number_;
  }
  /// A file with its name and these bytes certain.
  void durable_file(const std::string& name, const std::string& bytes) {
    log(Kind::MadeFolder, ".");
    log(Kind::SyncedNames, "..", number_);
    log(Kind::Created, name);
    log(Kind::SyncedNames, ".", number_);
    log(Kind::Written, name, 0, bytes);
    log(Kind::Synced, name, number_);
  }
  DiskImage& cut(Fate fate) {
    support::write_text(folder_.path() / "log", text_);
    disk_.replay(folder_.path() / "log");
    disk_.cut(fate);
    text_.clear();
    return disk_;
  }

  support::TemporaryFolder folder_;
  DiskImage disk_{1};
  std::string text_;
  std::uint64_t number_ = 0;
};

TEST_F(DiskImageTest, WhatWasSyncedIsCertainAndTheRestIsNot) {
  durable_file("a", "kept");
  log(Kind::Written, "a", 4, "lost");
  EXPECT_EQ(cut(Fate::Dropped).certain("a"), "kept");
  log(Kind::Opened, "a");
  disk_.write_to(folder_.path() / "data");
  log(Kind::Written, "a", 4, "more");
  EXPECT_EQ(cut(Fate::Written).certain("a"), "keptmore");
}

TEST_F(DiskImageTest, SyncCoversOnlyWhatWasWrittenBeforeIt) {
  durable_file("a", "0");
  const std::uint64_t begun = log(Kind::Written, "a", 1, "1");
  log(Kind::Written, "a", 2, "2");
  log(Kind::Synced, "a", begun);
  EXPECT_EQ(cut(Fate::Dropped).certain("a"), "01");
}

TEST_F(DiskImageTest, SynchronousWriteMakesItsOwnPagesCertainWithWhatLiesInThem) {
  durable_file("a", std::string(3 * 4096, '.'));
  log(Kind::Written, "a", 4000, std::string(200, 'x'));  // the first page and the second one
  const std::uint64_t one = log(Kind::Written, "a", 4100, "y");
  log(Kind::SyncedOne, "a", one);
  const std::string bytes = cut(Fate::Dropped).certain("a");
  EXPECT_EQ(bytes.substr(3999, 2), "..");
  EXPECT_EQ(bytes.substr(4095, 8), ".xxxxyxx");
}

TEST_F(DiskImageTest, NameIsCertainBehindTheSyncOfItsFolder) {
  durable_file("a", "old");
  log(Kind::Created, "a.new");
  log(Kind::Written, "a.new", 0, "new");
  log(Kind::Synced, "a.new", number_);
  log(Kind::Renamed, "a.new", 0, "a");
  EXPECT_EQ(cut(Fate::Dropped).certain("a"), "old");
  EXPECT_FALSE(disk_.has("a.new"));
}

TEST_F(DiskImageTest, FailedSyncLosesForGoodWhatItShouldHaveWritten) {
  durable_file("a", "0000");
  log(Kind::Written, "a", 0, "1111");
  log(Kind::SyncFailed, "a", number_, {}, 1);
  log(Kind::Written, "a", 2, "2");
  log(Kind::Synced, "a", number_);
  EXPECT_EQ(cut(Fate::Written).certain("a"), "0020");
}

TEST_F(DiskImageTest, TornWriteIsOldOrNewInEverySector) {
  durable_file("a", std::string(16 * 512, 'o'));
  for (int round = 0; round < 20; ++round) {
    log(Kind::Written, "a", 0, std::string(16 * 512, static_cast<char>('a' + round)));
    const std::string bytes = cut(Fate::Torn).certain("a");
    for (std::size_t sector = 0; sector < 16; ++sector)
      EXPECT_EQ(bytes.substr(sector * 512, 512), std::string(512, bytes[sector * 512]));
  }
}

TEST_F(DiskImageTest, RecordThatIsNotWholeWasNotActedUpon) {
  durable_file("a", "kept");
  log(Kind::Written, "a", 0, "half");
  text_.pop_back();
  EXPECT_EQ(cut(Fate::Written).certain("a"), "kept");
}

TEST_F(DiskImageTest, FolderWithoutASyncOfItsOwnFolderIsGone) {
  log(Kind::MadeFolder, ".");
  log(Kind::Created, "a");
  log(Kind::SyncedNames, ".", number_);
  EXPECT_FALSE(cut(Fate::Dropped).has("a"));
}

}  // namespace
}  // namespace hermod::crash
