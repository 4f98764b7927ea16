#include "broker/failed_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermod::broker {
namespace {

using Purpose = PageRead::Purpose;
using Verdict = FailedReads::Verdict;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr QueueId kFailing{1};
constexpr QueueId kOtherFailing{2};
constexpr MonotonicTime kAgainAt{seconds(10)};

constexpr FailedReads::Read read_of_dead(Seq from) {
  return {kFailing, Purpose::QueueDying, from};
}

TEST(FailedReads, WhatFailsIsReadAgainAndThenOneByOne) {
  FailedReads reads;
  EXPECT_FALSE(reads.next_due());
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  EXPECT_TRUE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueEvicting));
  EXPECT_FALSE(reads.has_failed(kOtherFailing, Purpose::QueueDying));
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueDying));
  EXPECT_EQ(reads.next_due(), kAgainAt);
  EXPECT_THAT(reads.take_due(kAgainAt - seconds(1)), IsEmpty());
  EXPECT_THAT(reads.take_due(kAgainAt), ElementsAre(read_of_dead(Seq{5})));
  EXPECT_THAT(reads.take_due(kAgainAt), IsEmpty()) << "once";
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  EXPECT_TRUE(reads.reads_singly(kFailing, Purpose::QueueDying));
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueLending));
  reads.on_read();
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Unreadable) << "alone, too";
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
}

TEST(FailedReads, OneThatIsReadAloneHasASecondTry) {
  FailedReads reads;
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  reads.on_read(read_of_dead(Seq{5}));
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_TRUE(reads.reads_singly(kFailing, Purpose::QueueDying))
      << "which of the page it is nobody knows yet";
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{6}), kAgainAt), Verdict::Again);
  reads.on_read();
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{6}), kAgainAt), Verdict::Unreadable);
}

TEST(FailedReads, AfterAPageOfSingleOnesPagesAreReadAgain) {
  FailedReads reads;
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  for (int i = 0; i < 1000 && reads.reads_singly(kFailing, Purpose::QueueDying); ++i)
    reads.on_read(read_of_dead(Seq{5}));
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueDying));
}

/// What can be read is looked for: that entry and the one behind it are asked for in turn.
TEST(FailedReads, NothingIsGivenUpWhileNothingElseCanBeRead) {
  FailedReads reads;
  reads.on_read();  // before it failed
  for (int i = 0; i < 2; ++i) EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  reads.take_due(kAgainAt);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
    ASSERT_THAT(reads.take_due(kAgainAt), ElementsAre(read_of_dead(Seq{6})));
    EXPECT_EQ(reads.on_failed(read_of_dead(Seq{6}), kAgainAt), Verdict::Again);
    ASSERT_THAT(reads.take_due(kAgainAt), ElementsAre(read_of_dead(Seq{5})));
  }
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again);
  reads.take_due(kAgainAt);
  reads.on_read(read_of_dead(Seq{6}));
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Again) << "the store may be back";
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), kAgainAt), Verdict::Unreadable) << "it is";
}

TEST(FailedReads, WhatIsReadAtLastIsNotGivenUp) {
  FailedReads reads;
  for (int i = 0; i < 3; ++i) reads.on_failed(read_of_dead(Seq{5}), kAgainAt);
  reads.on_failed(read_of_dead(Seq{6}), kAgainAt);
  reads.on_read(read_of_dead(Seq{5}));
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{7}), kAgainAt), Verdict::Again);
}

TEST(FailedReads, AQueueThatIsGoneReadsNothing) {
  FailedReads reads;
  reads.on_failed(read_of_dead(Seq{5}), kAgainAt);
  const FailedReads::Read other{kOtherFailing, Purpose::QueueLending, Seq{1}};
  reads.on_failed(other, kAgainAt);
  reads.forget(kFailing);
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_THAT(reads.take_due(kAgainAt), ElementsAre(other));
}

}  // namespace
}  // namespace hermod::broker
