#include "config/edit_distance.h"

#include <gtest/gtest.h>

namespace hermod::config {
namespace {

TEST(EditDistance, CountsInsertedRemovedReplacedAndSwappedCharacters) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("level", "level"), 0U);
  EXPECT_EQ(edit_distance("", "level"), 5U);
  EXPECT_EQ(edit_distance("levl", "level"), 1U);
  EXPECT_EQ(edit_distance("levell", "level"), 1U);
  EXPECT_EQ(edit_distance("lavel", "level"), 1U);
  EXPECT_EQ(edit_distance("leevl", "level"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(EditDistance, IsTheSameBothWays) {
  EXPECT_EQ(edit_distance("max_paket_size", "max_packet_size"),
            edit_distance("max_packet_size", "max_paket_size"));
}

}  // namespace
}  // namespace hermod::config
