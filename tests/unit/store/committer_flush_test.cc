// What waits for a sync, when there is one, and what a failed one leaves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/committer.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/store/commit_fixture.h"

namespace hermod::store::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Flush kInterval{Flush::When::Interval, 100ms};
constexpr Flush kMemory{Flush::When::Memory, 0ms};

class CommitterFlushTest : public ::testing::TestWithParam<Flush> {
 protected:
  void make(Flush flush) {
    options_.flush = flush;
    committer_.emplace(options_, journal_, observer_, clock_);
    // Stream 1 has reserved its sequences up to 64 from here on; one is given.
    committer_->submit(appending(1), nullptr);
    committer_->run_once();
    forget();
  }
  void message(const std::string& name, bool needs_sync = false) {
    committer_->submit(appending(1), named(name), /*may_wait=*/false, needs_sync);
  }
  /// One that has a policy of its own.
  void message_of(const std::string& name, const Flush& own, bool needs_sync = false) {
    submit(appending(1), name, own, needs_sync);
  }
  void submit(WriteBatch batch, const std::string& name, const Flush& own, bool needs_sync = false) {
    std::vector<Submission> one;
    one.push_back({.batch = std::move(batch), .ticket = named(name), .needs_sync = needs_sync, .flush = own});
    committer_->submit_all(one);
  }
  void step() { committer_->run_once(); }
  void forget() {
    observer_.events.clear();
    journal_.appends = 0;
    journal_.syncs = 0;
  }
  std::vector<std::string> answered() {
    std::vector<std::string> events;
    for (const std::string& event : std::exchange(observer_.events, {}))
      if (!event.starts_with("sequenced")) events.push_back(event.substr(0, event.find(' ')));
    return events;
  }

  ScriptedJournal journal_;
  RecordingObserver observer_;
  test::ManualClock clock_;
  Options options_{.elide_wait = 0ms};
  std::optional<Committer> committer_;
};

TEST_F(CommitterFlushTest, WithSyncNothingIsAnsweredBeforeItsSync) {
  make({});
  journal_.syncs_fail = true;
  message("a");
  step();
  EXPECT_THAT(answered(), ElementsAre("failed:a"));
  EXPECT_FALSE(committer_->healthy());
}

TEST_P(CommitterFlushTest, WhatNeedsNoSyncIsAnsweredWhenItIsWritten) {
  make(GetParam());
  message("a");
  step();
  message("b");
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:a", "durable:b"));
  EXPECT_EQ(journal_.appends, 2);
  EXPECT_EQ(journal_.syncs, 0);
}

TEST_P(CommitterFlushTest, ABatchThatNeedsTheSyncTakesItsGroupAlong) {
  make(GetParam());
  message("before");
  step();
  message("a");
  message("exact", /*needs_sync=*/true);
  committer_->submit({}, named("barrier"));
  message("b");
  step();
  EXPECT_THAT(answered(),
              ElementsAre("durable:before", "durable:a", "durable:exact", "durable:barrier", "durable:b"))
      << "in the order of submission";
  EXPECT_EQ(journal_.appends, 2);
  EXPECT_EQ(journal_.syncs, 1);
  EXPECT_EQ(journal_.synced(), journal_.last);
}

TEST_P(CommitterFlushTest, ABarrierNeedsNoSync) {
  make(GetParam());
  message("a");
  committer_->submit({}, named("barrier"));
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:a", "durable:barrier"));
  EXPECT_EQ(journal_.syncs, 0);
}

TEST_P(CommitterFlushTest, ASequenceThatIsNotReservedOnTheDiskNeedsTheSync) {
  make(GetParam());
  committer_->submit(appending(2), named("first of its stream"), false, /*needs_sync=*/false);
  step();
  EXPECT_EQ(journal_.syncs, 1);
  for (int i = 0; i < 100; ++i) {
    message(std::to_string(i));
    step();
    const int told = 2 + i;
    ASSERT_LE(told, 64 + 48 * (journal_.syncs - 1)) << "without a bound on the disk";
  }
  EXPECT_EQ(journal_.syncs, 2) << "for the bound behind 64, not for each message";
}

TEST_P(CommitterFlushTest, AReservationCountsWhenItIsSynced) {
  make(GetParam());
  while (journal_.syncs == 0) {  // up to the first sequence behind the block
    message("m");
    step();
    if (journal_.appends == 55) {
      ASSERT_TRUE(journal_.sync()) << "somebody else's, a checkpoint";
      journal_.syncs = 0;
    }
    ASSERT_LT(journal_.appends, 200);
  }
  EXPECT_GT(journal_.appends, 64) << "the reservation made before is on the disk by then";
}

TEST_P(CommitterFlushTest, AStopSyncs) {
  make(GetParam());
  message("a");
  committer_->stop();
  EXPECT_EQ(journal_.syncs, 1);
  committer_->stop();
  EXPECT_EQ(journal_.syncs, 1) << "there is nothing to sync";
}

TEST_P(CommitterFlushTest, AfterAFailedSyncTheStoreIsReadOnlyAndWhatWasAnsweredStays) {
  make(GetParam());
  message("told");
  step();
  journal_.syncs_fail = true;
  message("a");
  message("exact", /*needs_sync=*/true);
  step();
  message("late");
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:told", "failed:a", "failed:exact", "failed:late"));
  journal_.syncs_fail = false;
  committer_->resume({3});
  message("again");
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:again"));
  EXPECT_EQ(observer_.last_error.code, Errc::Io);
}

INSTANTIATE_TEST_SUITE_P(Policies, CommitterFlushTest, ::testing::Values(kInterval, kMemory),
                         [](const auto& flush) {
                           return flush.param.when == Flush::When::Memory ? "Memory" : "Interval";
                         });

TEST_F(CommitterFlushTest, TheIntervalRunsFromTheOldestWriteThatIsNotSynced) {
  make(kInterval);
  clock_.advance(1h);
  EXPECT_FALSE(committer_->run_once()) << "nothing is written";
  message("a");
  step();
  clock_.advance(60ms);
  message("b");
  step();
  clock_.advance(39ms);
  EXPECT_FALSE(committer_->run_once());
  EXPECT_EQ(journal_.syncs, 0);
  clock_.advance(1ms);
  EXPECT_TRUE(committer_->run_once());
  EXPECT_EQ(journal_.syncs, 1);
  clock_.advance(1h);
  EXPECT_FALSE(committer_->run_once()) << "b was synced with it";
  message("c");
  step();
  EXPECT_EQ(journal_.syncs, 1);
  clock_.advance(99ms);
  EXPECT_FALSE(committer_->run_once());
  clock_.advance(1ms);
  EXPECT_TRUE(committer_->run_once());
  EXPECT_EQ(journal_.syncs, 2);
}

TEST_F(CommitterFlushTest, ASyncBeginsTheIntervalAnew) {
  make(kInterval);
  message("a");
  step();
  clock_.advance(50ms);
  message("exact", /*needs_sync=*/true);
  step();
  clock_.advance(20ms);
  message("b");
  step();
  clock_.advance(99ms);
  EXPECT_FALSE(committer_->run_once());
  clock_.advance(1ms);
  EXPECT_TRUE(committer_->run_once());
}

TEST_F(CommitterFlushTest, AGroupThatComesWhenTheIntervalIsOverIsSyncedItself) {
  make(kInterval);
  message("a");
  step();
  clock_.advance(100ms);
  message("b");
  step();
  EXPECT_EQ(journal_.syncs, 1);
  EXPECT_EQ(journal_.synced(), journal_.last);
}

TEST_F(CommitterFlushTest, MemoryHasNoDeadline) {
  make(kMemory);
  message("a");
  step();
  clock_.advance(24h);
  EXPECT_FALSE(committer_->run_once());
  EXPECT_EQ(journal_.syncs, 0);
}

TEST_F(CommitterFlushTest, AFailedSyncAtTheDeadlineFailsWhatIsHeldAndTellsWhoRepairs) {
  options_.elide_wait = 1s;
  make(kInterval);
  message("told");
  step();
  committer_->submit(appending(1), named("held"), /*may_wait=*/true, /*needs_sync=*/false);
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:told"));
  clock_.advance(100ms);
  journal_.syncs_fail = true;
  observer_.call_sizes.clear();
  step();
  EXPECT_THAT(answered(), ElementsAre("failed:held"));
  EXPECT_THAT(observer_.call_sizes, ElementsAre(1, 0)) << "also when nothing was held";
  EXPECT_FALSE(committer_->healthy());
  clock_.advance(1h);
  EXPECT_FALSE(committer_->run_once()) << "that is the repair's";
  EXPECT_EQ(committer_->bytes_in_flight(), 0U);
}

// --- batches with a policy of their own ---

TEST_F(CommitterFlushTest, ABatchThatNeedsNoSyncIsAnsweredWithoutOneBesideABrokerThatSyncs) {
  make({});
  message_of("a", kMemory);
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:a"));
  EXPECT_EQ(journal_.appends, 1);
  EXPECT_EQ(journal_.syncs, 0);
  clock_.advance(24h);
  EXPECT_FALSE(committer_->run_once()) << "it has no deadline";
  message("b");
  step();
  EXPECT_EQ(journal_.syncs, 1);
  EXPECT_EQ(journal_.synced(), journal_.last) << "what is before it is synced with it";
}

TEST_P(CommitterFlushTest, ABatchThatWantsTheSyncWaitsForIt) {
  make(GetParam());
  message("before");
  step();
  journal_.syncs_fail = true;
  message_of("a", Flush{});
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:before", "failed:a"));
}

TEST_F(CommitterFlushTest, AGroupHasTheStrictestPolicyOfItsBatches) {
  make({});
  message_of("a", kMemory);
  message("b");
  message_of("c", kInterval);
  step();
  EXPECT_EQ(journal_.appends, 1);
  EXPECT_EQ(journal_.syncs, 1);
  journal_.syncs_fail = true;
  message_of("d", kMemory);
  message("e");
  answered();
  step();
  EXPECT_THAT(answered(), ElementsAre("failed:d", "failed:e"));
}

TEST_F(CommitterFlushTest, ABarrierIsNoBatchThatWantsASync) {
  make({});
  message_of("a", kMemory);
  committer_->submit({}, named("barrier"));
  step();
  EXPECT_THAT(answered(), ElementsAre("durable:a", "durable:barrier"));
  EXPECT_EQ(journal_.syncs, 0);
}

TEST_P(CommitterFlushTest, WhatNeedsTheSyncHasItWhateverItsPolicyIs) {
  make(GetParam());
  message_of("exact", kMemory, /*needs_sync=*/true);
  step();
  EXPECT_EQ(journal_.syncs, 1);
  submit(appending(2), "first of its stream", kMemory);
  step();
  EXPECT_EQ(journal_.syncs, 2) << "its sequence is not reserved on the disk";
}

TEST_F(CommitterFlushTest, TheIntervalThatIsOverFirstCounts) {
  make(kMemory);
  message_of("slow", {Flush::When::Interval, 1000ms});
  step();
  clock_.advance(50ms);
  message_of("quick", kInterval);
  message_of("slow", {Flush::When::Interval, 1000ms});
  message("some time");
  step();
  clock_.advance(60ms);
  message_of("later", kInterval);
  step();
  clock_.advance(39ms);
  EXPECT_FALSE(committer_->run_once());
  EXPECT_EQ(journal_.syncs, 0);
  clock_.advance(1ms);
  EXPECT_TRUE(committer_->run_once()) << "100 ms after the quick one";
  EXPECT_EQ(journal_.syncs, 1);
  clock_.advance(24h);
  EXPECT_FALSE(committer_->run_once()) << "everything is synced";
}

TEST_F(CommitterFlushTest, ALongIntervalIsNotForgottenBehindAShortOne) {
  make({});
  message_of("slow", {Flush::When::Interval, 1000ms});
  step();
  clock_.advance(950ms);
  message_of("quick", kInterval);
  step();
  clock_.advance(49ms);
  EXPECT_FALSE(committer_->run_once());
  clock_.advance(1ms);
  EXPECT_TRUE(committer_->run_once()) << "1000 ms after the slow one";
}

TEST_F(CommitterFlushTest, WhatHasNoDeadlineDoesNotBeginTheIntervalOfOthers) {
  make(kInterval);
  message_of("a", kMemory);
  step();
  clock_.advance(1h);
  EXPECT_FALSE(committer_->run_once());
  message("b");
  step();
  EXPECT_EQ(journal_.syncs, 0);
  clock_.advance(99ms);
  EXPECT_FALSE(committer_->run_once());
  clock_.advance(1ms);
  EXPECT_TRUE(committer_->run_once());
  EXPECT_EQ(journal_.syncs, 1);
}

TEST_F(CommitterFlushTest, AStopSyncsWhatNobodyElseDid) {
  make({});
  message_of("a", kMemory);
  step();
  committer_->stop();
  EXPECT_EQ(journal_.syncs, 1);
}

}  // namespace
}  // namespace hermod::store::testing
