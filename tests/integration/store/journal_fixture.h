#pragma once
#include <memory>
#include <string>

#include "store/segment_journal.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {

/// A journal alone in its folder; opened again at will.
class JournalTest : public ::testing::Test {
 protected:
  void open(std::uint64_t max_size = 4 * kMegabyte) {
    journal_.reset();
    auto opened = SegmentJournal::open(path(), max_size);
    ASSERT_TRUE(opened) << opened.error().detail;
    journal_ = std::move(*opened);
  }
  std::string path() const { return (folder_.path() / "journal").string(); }
  std::string segment(int number) const { return path() + "/segment-" + std::to_string(number); }

  TemporaryFolder folder_;
  std::unique_ptr<SegmentJournal> journal_;
};

}  // namespace hermod::store::testing
