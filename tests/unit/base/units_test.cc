#include "base/units.h"

#include <gtest/gtest.h>

namespace hermod {
namespace {

TEST(Units, SizesCountInThousandsOrIn1024ByTheirUnit) {
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("512B"), 512);
  EXPECT_EQ(parse_size("10kB"), 10'000);
  EXPECT_EQ(parse_size("10MB"), 10'000'000);
  EXPECT_EQ(parse_size("64KiB"), 65'536);
  EXPECT_EQ(parse_size("2GiB"), 2'147'483'648);
  EXPECT_EQ(parse_size("1TiB"), 1'099'511'627'776);
}

TEST(Units, SizesWithUnknownUnitsSignsOrFractionsAreRefused) {
  for (const char* text : {"", "MB", "10M", "10 MB", "-1MB", "1.5MB", "10mb", "10MBx", "0x10", "1e3"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, NumbersThatDoNotFitAreRefusedInsteadOfWrappedAround) {
  EXPECT_FALSE(parse_size("9223372036854775808"));
  EXPECT_FALSE(parse_size("9007199254740992TiB"));
  EXPECT_FALSE(parse_duration("99999999999999999d"));
}

TEST(Units, DurationsNeedAUnitUnlessTheyAreZero) {
  EXPECT_EQ(parse_duration("500ms"), 500);
  EXPECT_EQ(parse_duration("30s"), 30'000);
  EXPECT_EQ(parse_duration("5m"), 300'000);
  EXPECT_EQ(parse_duration("12h"), 43'200'000);
  EXPECT_EQ(parse_duration("7d"), 604'800'000);
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_FALSE(parse_duration("30"));
  EXPECT_FALSE(parse_duration("30 s"));
  EXPECT_FALSE(parse_duration("-30s"));
}

TEST(Units, TheShortestTextIsReadBackAsTheSameNumber) {
  for (const std::int64_t bytes :
       {0L, 1L, 999L, 1000L, 1024L, 65'536L, 2'000'000L, 2'097'152L, 1L << 40, (1L << 40) + 1}) {
    EXPECT_EQ(parse_size(size_text(bytes)), bytes) << size_text(bytes);
  }
  for (const std::int64_t time : {0L, 1L, 1500L, 30'000L, 90'000L, 86'400'000L, 4'294'967'295'000L}) {
    EXPECT_EQ(parse_duration(duration_text(time)), time) << duration_text(time);
  }
  EXPECT_EQ(size_text(2'097'152), "2MiB");
  EXPECT_EQ(duration_text(90'000), "90s");
}

}  // namespace
}  // namespace hermod
