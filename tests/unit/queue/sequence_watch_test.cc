#include "queue/sequence_watch.h"

#include <gtest/gtest.h>

#include <limits>

namespace hermod::queue {
namespace {

using Finding = SequenceWatch::Finding;

TEST(SequenceWatch, ConsecutiveNumbersAreInOrderWhereverTheyBegin) {
  SequenceWatch watch;
  for (const std::uint64_t seq : {41, 42, 43})
    EXPECT_EQ(watch.on_message("c", "k", seq).finding, Finding::InOrder);
}

TEST(SequenceWatch, AGapIsReportedOnceWithWhatWasExpected) {
  SequenceWatch watch;
  watch.on_message("c", "k", 1);
  const auto report = watch.on_message("c", "k", 4);
  EXPECT_EQ(report.finding, Finding::Gap);
  EXPECT_EQ(report.expected, 2U);
  EXPECT_EQ(watch.on_message("c", "k", 5).finding, Finding::InOrder);
}

TEST(SequenceWatch, ARepeatDoesNotMoveWhatIsExpected) {
  SequenceWatch watch;
  watch.on_message("c", "k", 7);
  watch.on_message("c", "k", 8);
  for (const std::uint64_t seq : {8, 7, 1}) {
    const auto report = watch.on_message("c", "k", seq);
    EXPECT_EQ(report.finding, Finding::Repeat);
    EXPECT_EQ(report.expected, 9U);
  }
  EXPECT_EQ(watch.on_message("c", "k", 9).finding, Finding::InOrder);
}

TEST(SequenceWatch, EveryProducerAndKeyCountsForItself) {
  SequenceWatch watch;
  watch.on_message("c", "k", 1);
  EXPECT_EQ(watch.on_message("c", "l", 9).finding, Finding::InOrder);
  EXPECT_EQ(watch.on_message("d", "k", 9).finding, Finding::InOrder);
  EXPECT_EQ(watch.on_message("ck", "", 9).finding, Finding::InOrder);
  EXPECT_EQ(watch.on_message("", "ck", 20).finding, Finding::InOrder);
  EXPECT_EQ(watch.on_message("c", "k", 2).finding, Finding::InOrder);
}

TEST(SequenceWatch, WhoWasSilentLongestIsForgotten) {
  SequenceWatch watch(2);
  watch.on_message("a", "", 1);
  watch.on_message("b", "", 1);
  watch.on_message("a", "", 2);
  watch.on_message("c", "", 1);
  EXPECT_EQ(watch.size(), 2U);
  EXPECT_EQ(watch.on_message("a", "", 5).finding, Finding::Gap);
  EXPECT_EQ(watch.on_message("b", "", 5).finding, Finding::InOrder) << "it is new again";
}

TEST(SequenceWatch, LongNamesAreForgottenSooner) {
  SequenceWatch watch(100, 1000);
  const std::string name(300, 'n');
  for (const char* key : {"a", "b", "c", "d"}) watch.on_message(name, key, 1);
  EXPECT_EQ(watch.size(), 3U);
  EXPECT_EQ(watch.on_message(name, "a", 9).finding, Finding::InOrder);
  EXPECT_EQ(watch.on_message(name, "d", 9).finding, Finding::Gap);
  EXPECT_EQ(watch.on_message(std::string(2000, 'n'), "a", 1).finding, Finding::InOrder);
  EXPECT_EQ(watch.size(), 1U) << "the last one stays, however long its name";
}

TEST(SequenceWatch, OnlyWholeNumbersCount) {
  EXPECT_EQ(SequenceWatch::parse("0"), 0U);
  EXPECT_EQ(SequenceWatch::parse("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "x", "18446744073709551616"})
    EXPECT_EQ(SequenceWatch::parse(text), std::nullopt) << text;
}

}  // namespace
}  // namespace hermod::queue
