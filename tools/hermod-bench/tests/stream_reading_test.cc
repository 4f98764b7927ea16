#include "stream_reading.h"

#include <gtest/gtest.h>

#include "outcome.h"

namespace hermod::bench {
namespace {

Stamp stamp_of(std::uint32_t producer, std::uint64_t sequence, bool after_refusal = false) {
  return {producer, sequence, 0, after_refusal};
}

class StreamReadingTest : public ::testing::Test {
 protected:
  /// A message with the number that its producer gave it.
  bool read(std::uint64_t offset, std::uint32_t producer, std::uint64_t sequence) {
    return reading_.on_message(offset, sequence + 1, stamp_of(producer, sequence));
  }

  StreamReading reading_{2};
};

TEST_F(StreamReadingTest, ProducersMayTakeTurnsAsTheyLike) {
  EXPECT_TRUE(read(5, 0, 0));
  EXPECT_TRUE(read(6, 1, 0));
  EXPECT_TRUE(read(7, 1, 1));
  EXPECT_TRUE(read(8, 0, 1));
  EXPECT_EQ(reading_.missing_offsets(), 0U);
  EXPECT_TRUE(reading_.producers()[0].missing().empty());
}

TEST_F(StreamReadingTest, AHoleInTheStreamIsAMissingOffset) {
  read(1, 0, 0);
  read(3, 0, 2);
  EXPECT_EQ(reading_.missing_offsets(), 1U);
}

TEST_F(StreamReadingTest, WhatNeverCameIntoTheStreamIsAHoleInItsProducersNumbers) {
  read(1, 0, 0);
  read(2, 0, 2);
  EXPECT_EQ(reading_.missing_offsets(), 0U);
  ASSERT_EQ(reading_.producers()[0].missing().size(), 1U);
  EXPECT_EQ(reading_.producers()[0].missing()[0], (SequenceRange{1, 2}));
}

TEST_F(StreamReadingTest, AMessageUnderTwoOffsetsIsThereTwice) {
  read(1, 0, 0);
  EXPECT_FALSE(read(2, 0, 0));
  EXPECT_EQ(reading_.counts().duplicates, 1U);
}

TEST_F(StreamReadingTest, AMessageBehindALaterOneOfItsProducerIsOutOfOrder) {
  read(1, 0, 1);
  EXPECT_TRUE(read(2, 0, 0));
  EXPECT_EQ(reading_.counts().late, 1U);
}

TEST_F(StreamReadingTest, OneThatWasRefusedBeforeHasNoPlaceInTheOrder) {
  read(1, 0, 1);
  EXPECT_TRUE(reading_.on_message(2, 1, stamp_of(0, 0, /*after_refusal=*/true)));
  EXPECT_EQ(reading_.counts().late, 0U);
  EXPECT_EQ(reading_.counts().late_after_refusal, 1U);
}

TEST_F(StreamReadingTest, OverANewConnectionTheSameMayComeAgainUnderTheSameOffset) {
  read(1, 0, 0);
  read(2, 0, 1);
  reading_.on_connected();
  EXPECT_FALSE(read(2, 0, 1));
  EXPECT_EQ(reading_.counts().again, 1U);
  EXPECT_EQ(reading_.counts().duplicates, 0U);
}

TEST_F(StreamReadingTest, AnOffsetThatIsGivenAgainIsFoundOut) {
  read(1, 0, 0);
  read(2, 0, 1);
  reading_.on_connected();
  EXPECT_TRUE(read(2, 1, 0));
  EXPECT_EQ(reading_.counts().changed, 1U);
}

TEST_F(StreamReadingTest, OffsetsThatDoNotRiseAreFoundOut) {
  read(1, 0, 0);
  read(1, 0, 1);
  EXPECT_EQ(reading_.counts().backwards, 1U);
}

TEST_F(StreamReadingTest, AMessageWithoutItsNumbersIsNoneOfTheStream) {
  EXPECT_FALSE(reading_.on_message(std::nullopt, 1, stamp_of(0, 0)));
  EXPECT_FALSE(reading_.on_message(1, std::nullopt, stamp_of(0, 0)));
  EXPECT_FALSE(reading_.on_message(1, 2, stamp_of(0, 0)));
  EXPECT_EQ(reading_.counts().unnumbered, 3U);
}

TEST(StreamViolations, EveryFaultOfAStreamIsOne) {
  for (const auto field : {&Outcome::missing_offsets, &Outcome::offsets_backwards, &Outcome::offsets_changed,
                           &Outcome::unnumbered}) {
    Outcome outcome;
    outcome.scenario.shape = Shape::Stream;
    EXPECT_TRUE(outcome.violations().empty());
    outcome.*field = 2;
    ASSERT_EQ(outcome.violations().size(), 1U);
    EXPECT_EQ(outcome.violations()[0].substr(0, 2), "2 ");
  }
}

}  // namespace
}  // namespace hermod::bench
