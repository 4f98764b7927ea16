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
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Again);
  EXPECT_TRUE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueEvicting));
  EXPECT_FALSE(reads.has_failed(kOtherFailing, Purpose::QueueDying));
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueDying));
  EXPECT_EQ(reads.next_due(), kAgainAt);
  EXPECT_THAT(reads.take_due(kAgainAt - seconds(1)), IsEmpty());
  EXPECT_THAT(reads.take_due(kAgainAt), ElementsAre(read_of_dead(Seq{5})));
  EXPECT_THAT(reads.take_due(kAgainAt), IsEmpty()) << "once";
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Again);
  EXPECT_TRUE(reads.reads_singly(kFailing, Purpose::QueueDying));
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueLending));
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Unreadable) << "alone, too";
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
}

TEST(FailedReads, OneThatIsReadAloneHasASecondTry) {
  FailedReads reads;
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Again);
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Again);
  reads.on_read(kFailing, Purpose::QueueDying);
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_TRUE(reads.reads_singly(kFailing, Purpose::QueueDying))
      << "which of the page it is nobody knows yet";
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{6}), true, kAgainAt), Verdict::Again);
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{6}), true, kAgainAt), Verdict::Unreadable);
}

TEST(FailedReads, AfterAPageOfSingleOnesPagesAreReadAgain) {
  FailedReads reads;
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Again);
  EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt), Verdict::Again);
  for (int i = 0; i < 1000 && reads.reads_singly(kFailing, Purpose::QueueDying); ++i)
    reads.on_read(kFailing, Purpose::QueueDying);
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueDying));
}

TEST(FailedReads, NothingIsGivenUpWhenTheStoreAsAWholeDoesNotWork) {
  FailedReads reads;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(reads.on_failed(read_of_dead(Seq{5}), false, kAgainAt), Verdict::Again);
  EXPECT_FALSE(reads.reads_singly(kFailing, Purpose::QueueDying));
}

TEST(FailedReads, AQueueThatIsGoneReadsNothing) {
  FailedReads reads;
  reads.on_failed(read_of_dead(Seq{5}), true, kAgainAt);
  const FailedReads::Read other{kOtherFailing, Purpose::QueueLending, Seq{1}};
  reads.on_failed(other, true, kAgainAt);
  reads.forget(kFailing);
  EXPECT_FALSE(reads.has_failed(kFailing, Purpose::QueueDying));
  EXPECT_THAT(reads.take_due(kAgainAt), ElementsAre(other));
}

}  // namespace
}  // namespace hermod::broker
