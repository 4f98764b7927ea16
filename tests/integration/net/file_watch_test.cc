#include "net/file_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "tests/support/child_process.h"

namespace hermod::net {
namespace {

namespace fs = std::filesystem;

/// inotify tells before the call that changed something returns: nothing here waits.
class FilesWatched : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(watch_.open()); }

  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text = "text") {
    support::write_text(folder_.path() / name, text);
  }
  void watch(const std::string& name) {
    const Status watched = watch_.watch({at(name)});
    ASSERT_TRUE(watched) << watched.error().detail;
  }
  bool has_events() const {
    pollfd entry{watch_.descriptor(), POLLIN, 0};
    return poll(&entry, 1, 0) == 1;
  }
  bool changed() { return has_events() && watch_.take_events(); }

  support::TemporaryFolder folder_;
  FileWatch watch_;
};

TEST_F(FilesWatched, AreChangedByWritingAndByRename) {
  write("server.pem");
  write("other.pem");
  watch("server.pem");
  EXPECT_FALSE(changed());
  write("other.pem");
  EXPECT_FALSE(changed()) << "a neighbour does not count";
  write("server.pem");
  EXPECT_TRUE(changed());
  fs::rename(at("other.pem"), at("server.pem"));
  EXPECT_TRUE(changed());
  fs::permissions(at("server.pem"), fs::perms{0600});
  EXPECT_TRUE(changed()) << "it may be readable now";
}

TEST_F(FilesWatched, MayGoAndComeBack) {
  write("server.pem");
  watch("server.pem");
  fs::remove(at("server.pem"));
  watch("server.pem");
  EXPECT_FALSE(changed());
  write("server.pem");
  EXPECT_TRUE(changed());
}

TEST_F(FilesWatched, AreFollowedThroughTheLinksOfCertbot) {
  fs::create_directories(at("archive"));
  fs::create_directories(at("live"));
  write("archive/server1.pem");
  write("archive/server2.pem");
  fs::create_symlink("../archive/server1.pem", at("live/server.pem"));
  watch("live/server.pem");
  fs::remove(at("live/server.pem"));
  fs::create_symlink("../archive/server2.pem", at("live/server.pem"));
  EXPECT_TRUE(changed());
  watch("live/server.pem");
  EXPECT_FALSE(changed());
  write("archive/server1.pem");
  EXPECT_FALSE(changed()) << "nothing leads there any more";
  write("archive/server2.pem");
  EXPECT_TRUE(changed());
}

/// tls.crt -> ..data/tls.crt, ..data -> ..2026_1, and the middle one is replaced by a rename.
TEST_F(FilesWatched, AreFollowedThroughTheLinksOfKubernetes) {
  for (const std::string version : {"..2026_1", "..2026_2"}) {
    fs::create_directories(at(version));
    write(version + "/tls.crt");
  }
  fs::create_symlink("..2026_1", at("..data"));
  fs::create_symlink("..data/tls.crt", at("tls.crt"));
  watch("tls.crt");
  fs::create_symlink("..2026_2", at("..data_tmp"));
  EXPECT_FALSE(changed());
  fs::rename(at("..data_tmp"), at("..data"));
  EXPECT_TRUE(changed());
  watch("tls.crt");
  fs::remove_all(at("..2026_1"));
  EXPECT_FALSE(changed()) << "what is left behind does not count";
  write("..2026_2/tls.crt");
  EXPECT_TRUE(changed());
}

TEST_F(FilesWatched, AFolderThatIsRemovedIsAChange) {
  fs::create_directories(at("tls"));
  write("tls/server.pem");
  watch("tls/server.pem");
  fs::remove_all(at("tls"));
  EXPECT_TRUE(changed());
  watch("tls/server.pem");
  fs::create_directories(at("tls"));
  EXPECT_TRUE(changed()) << "where the file may appear";
}

TEST_F(FilesWatched, ALoopOfLinksEnds) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  watch("a");
  EXPECT_FALSE(changed());
}

}  // namespace
}  // namespace hermod::net
