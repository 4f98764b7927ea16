#include "store/segment_name.h"

#include <gtest/gtest.h>

namespace hermod::store {
namespace {

std::uint64_t number_behind_folder(std::uint64_t number) {
  const std::string file = segment_file("/a/folder", number);
  EXPECT_TRUE(file.starts_with("/a/folder/"));
  return segment_number(file.substr(std::string("/a/folder/").size()));
}

TEST(SegmentName, ANumberComesBackFromItsFile) {
  for (std::uint64_t number = 1; number < 1'000'000'000'000'000'000; number = 10 * number + 9) {
    EXPECT_EQ(number_behind_folder(number), number);
    EXPECT_EQ(number_behind_folder(number + 1), number + 1);
  }
}

TEST(SegmentName, AnyOtherFileIsNoSegment) {
  for (const char* name : {"", "segment", "segment-", "segment-0", "segment-x", "segment-1x", "segment--1",
                           "segment-1.tmp", "segment- 1", "segment-+1", "Segment-1", "a-segment-1",
                           "segment-9999999999999999999", "format", "lock"})
    EXPECT_EQ(segment_number(name), 0U) << name;
}

// Else one file would be opened under the name of another.
TEST(SegmentName, ANumberHasOneName) {
  for (const char* name : {"segment-01", "segment-00", "segment-0000000001"})
    EXPECT_EQ(segment_number(name), 0U) << name;
}

}  // namespace
}  // namespace hermod::store
