#include "offset_check.h"

#include <gtest/gtest.h>

namespace hermod::bench {
namespace {

using Place = OffsetCheck::Arrival;

TEST(OffsetCheck, TheFirstOneMayBeAny) {
  OffsetCheck check;
  EXPECT_EQ(check.on_offset(17), Place::Next);
  EXPECT_EQ(check.on_offset(18), Place::Next);
  EXPECT_EQ(check.missing(), 0U);
}

TEST(OffsetCheck, AGapIsCounted) {
  OffsetCheck check;
  check.on_offset(1);
  EXPECT_EQ(check.on_offset(4), Place::Next);
  EXPECT_EQ(check.missing(), 2U);
}

TEST(OffsetCheck, TheSameOnceMoreIsATurnBack) {
  OffsetCheck check;
  check.on_offset(1);
  check.on_offset(2);
  EXPECT_EQ(check.on_offset(2), Place::Backwards);
  EXPECT_EQ(check.on_offset(1), Place::Backwards);
  EXPECT_EQ(check.on_offset(3), Place::Next);
}

TEST(OffsetCheck, ANewConnectionMayGoBackAndThenHasNoGapEither) {
  OffsetCheck check;
  for (const std::uint64_t offset : {1U, 2U, 3U, 4U}) check.on_offset(offset);
  check.on_connected();
  EXPECT_EQ(check.on_offset(2), Place::Again);
  EXPECT_EQ(check.on_offset(4), Place::Again);
  EXPECT_EQ(check.missing(), 1U);
  EXPECT_EQ(check.on_offset(5), Place::Next);
  check.on_connected();
  EXPECT_EQ(check.on_offset(7), Place::Next);
  EXPECT_EQ(check.missing(), 2U) << "what came between is missing";
}

}  // namespace
}  // namespace hermod::bench
