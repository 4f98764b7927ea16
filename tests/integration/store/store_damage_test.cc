#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <random>

#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

std::string read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The one segment that the tests' journal has.
constexpr const char* kSegment = "journal/segment-1";

void write_file(const std::string& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<long>(bytes.size()));
}

/// Turns a bit in a group's record.
void damage_group(std::string& journal, std::uint64_t number) {
  int found = 0;
  for (std::size_t at = journal.find("HMG2"); at != std::string::npos; at = journal.find("HMG2", at + 1)) {
    if (ByteReader(as_bytes(journal).subspan(at + 4)).u64() != number) continue;
    journal[at + 60] ^= 1;
    ++found;
  }
  ASSERT_GT(found, 0);
}

/// A store with entries in the tables and in the journal; every test damages a copy of its files.
class StoreDamageTest : public StoreTest {
 protected:
  void SetUp() override {
    options_.max_size = std::uint64_t{64} << 20;  // a segment of a megabyte
    open();
    for (int i = 0; i < 60; ++i) {
      WriteBatch batch;
      for (std::uint64_t stream = 1; stream <= 5; ++stream)
        batch.append({stream}, as_bytes(std::string(40 + 10 * stream, static_cast<char>('a' + i % 26))));
      if (i == 30) {
        batch.put_message({7}, as_bytes(std::string(9000, 'm')));
        batch.append_shared({1}, {7}, as_bytes("shared"));
      }
      commit(std::move(batch));
      if (i == 40) {
        ASSERT_TRUE(store_->checkpoint());
      }
    }
    whole_ = contents();
    close();
    journal_ = read_file(options_.path + "/" + kSegment);
    tables_ = read_file(options_.path + "/tables");
    format_ = read_file(options_.path + "/format");
  }

  Strings contents() {
    Strings all;
    for (std::uint64_t stream = 1; stream <= 5; ++stream)
      for (std::string& entry : entries(stream)) all.push_back(std::to_string(stream) + ":" + entry);
    return all;
  }

  void restore() {
    close();
    fs::remove_all(options_.path);
    fs::create_directories(options_.path + "/journal");
    write_file(options_.path + "/format", format_);
    write_file(options_.path + "/" + kSegment, journal_);
    write_file(options_.path + "/tables", tables_);
  }

  /// Opens what is there. It comes up; what it gives was there, or it has been set aside with a report.
  void expect_sound(const std::string& what) {
    open();
    ASSERT_TRUE(store_) << what;
    if (report_.set_aside) {
      ++set_aside_;
      EXPECT_TRUE(report_.fresh) << what;
      EXPECT_FALSE(report_.why.empty()) << what;
      EXPECT_TRUE(fs::exists(report_.set_aside_path + "/report.txt")) << what;
      EXPECT_TRUE(contents().empty()) << what;
    } else {
      // A last record that cannot be told from one that was never written is lost, and no other.
      const Strings found = contents();
      for (const std::string& entry : found)
        ASSERT_TRUE(std::find(whole_.begin(), whole_.end(), entry) != whole_.end()) << what << ": " << entry;
      if (!report_.torn_tail) {
        EXPECT_GE(found.size() + 5, whole_.size()) << what;
      }
    }
    append(9, "goes on");
    EXPECT_EQ(observer_.failed, 0U) << what;
    EXPECT_TRUE(store_->checkpoint()) << what;
  }

  Strings whole_;
  std::string journal_;
  std::string tables_;
  std::string format_;
  int set_aside_ = 0;
};

TEST_F(StoreDamageTest, AnUntouchedCopyIsTakenAsItIs) {
  restore();
  open();
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(contents(), whole_);
}

TEST_F(StoreDamageTest, T66_AFileCutOffAnywhereIsFound) {
  for (const char* name : {kSegment, "tables"}) {
    const std::string& bytes = name == kSegment ? journal_ : tables_;
    std::vector<std::size_t> lengths{0, 1, 100, 4095, 4096, 8191, 8192, 12288};
    for (std::size_t eighth = 1; eighth < 8; ++eighth) lengths.push_back(bytes.size() * eighth / 8);
    for (const std::size_t length : lengths) {
      restore();
      fs::resize_file(options_.path + "/" + name, length);
      expect_sound(std::string(name) + " of " + std::to_string(length) + " bytes");
      if (HasFatalFailure()) return;
      if (length <= 8192) {
        EXPECT_TRUE(report_.set_aside) << name << " " << length;
      }
    }
  }
}

TEST_F(StoreDamageTest, T66_ZeroesAnywhereAreFound) {
  for (const char* name : {kSegment, "tables"}) {
    const std::string& bytes = name == kSegment ? journal_ : tables_;
    restore();
    write_file(options_.path + "/" + name, std::string(bytes.size(), '\0'));
    expect_sound(std::string(name) + " all zero");
    EXPECT_TRUE(report_.set_aside);
    const std::size_t used = std::min<std::size_t>(bytes.size(), 40 * 4096);
    for (std::size_t page = 0; page < used; page += 4096) {
      restore();
      std::string damaged = bytes;
      damaged.replace(page, 4096, 4096, '\0');
      write_file(options_.path + "/" + name, damaged);
      expect_sound(std::string(name) + " with page " + std::to_string(page / 4096) + " zero");
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(StoreDamageTest, T66_TurnedBitsAreFoundOrChangeNothing) {
  std::mt19937_64 random(66);
  for (int round = 0; round < 120; ++round) {
    restore();
    const bool journal = round % 2 == 0;
    std::string damaged = journal ? journal_ : tables_;
    const std::size_t used = std::min<std::size_t>(damaged.size(), 60 * 4096);
    const std::size_t at = random() % (round % 4 < 2 ? used : 8192);
    for (int bits = 0; bits < 1 + round % 3; ++bits)
      damaged[at + bits] ^= static_cast<char>(1 << random() % 8);
    write_file(options_.path + "/" + (journal ? kSegment : "tables"), damaged);
    expect_sound((journal ? "journal, byte " : "tables, byte ") + std::to_string(at));
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(set_aside_, 10) << "the test turns bits where they matter";
}

TEST_F(StoreDamageTest, T66_ADamagedLastGroupEndsTheReplayThere) {
  restore();
  std::string damaged = journal_;
  damage_group(damaged, 60);
  write_file(options_.path + "/" + kSegment, damaged);
  open();
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_TRUE(report_.torn_tail);
  EXPECT_EQ(report_.next_group, GroupNo{60});
  EXPECT_EQ(contents().size(), whole_.size() - 5);
  append(9, "goes on");
  reopen();
  EXPECT_FALSE(report_.torn_tail);
  EXPECT_EQ(entries(9).size(), 1U);
}

TEST_F(StoreDamageTest, T66_ADamagedGroupInTheMiddleIsDamage) {
  restore();
  std::string damaged = journal_;
  damage_group(damaged, 50);
  write_file(options_.path + "/" + kSegment, damaged);
  open();
  EXPECT_TRUE(report_.set_aside);
  EXPECT_NE(report_.why.find("group 50"), std::string::npos) << report_.why;
}

TEST_F(StoreDamageTest, T66_ADamagedGroupThatTheTablesHaveDoesNotMatter) {
  restore();
  std::string damaged = journal_;
  damage_group(damaged, 20);
  write_file(options_.path + "/" + kSegment, damaged);
  open();
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_FALSE(report_.torn_tail);
  EXPECT_EQ(contents(), whole_);
}

TEST_F(StoreDamageTest, T67_ForeignAndNewerStoresAreSetAside) {
  const std::pair<const char*, const char*> cases[] = {
      {"format", "hermod store\nformat 5\n"}, {"format", "hermod store\nformat 0\n"},
      {"format", "something else"},           {"format", ""},
      {kSegment, "this is a letter"},         {"tables", "mosquitto db\n"}};
  for (const auto& [name, text] : cases) {
    restore();
    write_file(options_.path + "/" + name, text);
    expect_sound(std::string(name) + " is " + text);
    EXPECT_TRUE(report_.set_aside) << name << " is " << text;
    EXPECT_EQ(read_file(report_.set_aside_path + "/" + name), text) << "what was there is kept";
    EXPECT_EQ(read_file(report_.set_aside_path + "/report.txt").find("This store was set aside"), 0U);
  }
}

TEST_F(StoreDamageTest, T66_AMissingFileIsDamage) {
  for (const char* name : {"format", kSegment, "journal", "tables"}) {
    restore();
    fs::remove_all(options_.path + "/" + name);
    expect_sound(std::string(name) + " is missing");
    EXPECT_TRUE(report_.set_aside) << name;
  }
}

/// It is whole, and its owner would take an empty store in its place for a loss.
TEST_F(StoreDamageTest, T67_AStoreOfAnOlderFormatIsRefusedAndStaysAsItIs) {
  restore();
  write_file(options_.path + "/format", "hermod store\nformat 1\n");
  const auto opened = Store::open(options_, clock_, report_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::Unsupported);
  EXPECT_NE(opened.error().detail.find(options_.path), std::string::npos) << opened.error().detail;
  EXPECT_NE(opened.error().detail.find("older format"), std::string::npos) << opened.error().detail;
  EXPECT_FALSE(report_.set_aside);
  for (const auto& entry : fs::directory_iterator(options_.path))
    EXPECT_NE(entry.path().filename().string().rfind("damaged-", 0), 0U);
  write_file(options_.path + "/format", format_);
  open();
  EXPECT_FALSE(report_.set_aside) << report_.why;
  EXPECT_EQ(contents(), whole_);
}

TEST_F(StoreDamageTest, OneDamagedStoreAfterTheOtherIsKept) {
  restore();
  fs::resize_file(options_.path + "/tables", 100);
  open();
  const std::string first = report_.set_aside_path;
  close();
  fs::resize_file(options_.path + "/tables", 100);
  open();
  EXPECT_NE(report_.set_aside_path, first);
  EXPECT_TRUE(fs::exists(first + "/journal"));
}

TEST_F(StoreDamageTest, AFolderThatIsAFileIsRefused) {
  options_.path = (folder_.path() / "file").string();
  write_file(options_.path, "text");
  EXPECT_EQ(Store::open(options_, clock_, report_).error().code, Errc::Invalid);
  EXPECT_EQ(read_file(options_.path), "text");
}

TEST_F(StoreDamageTest, AFolderWithoutPermissionIsAnError) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may do everything";
  options_.path = (folder_.path() / "closed").string();
  fs::create_directories(options_.path);
  fs::permissions(options_.path, fs::perms::none);
  EXPECT_EQ(Store::open(options_, clock_, report_).error().code, Errc::Io);
  fs::permissions(options_.path, fs::perms::owner_all);
}

TEST_F(StoreDamageTest, NobodyElseReadsTheFiles) {
  restore();
  fs::permissions(options_.path, fs::perms(0755));
  fs::permissions(options_.path + "/tables", fs::perms(0644));
  open();
  EXPECT_EQ(fs::status(options_.path).permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(options_.path + "/journal").permissions(), fs::perms(0700));
  for (const char* name : {"lock", "format", kSegment, "tables", "tables-lock"})
    EXPECT_EQ(fs::status(options_.path + "/" + name).permissions(), fs::perms(0600)) << name;
}

}  // namespace
}  // namespace hermod::store::testing
