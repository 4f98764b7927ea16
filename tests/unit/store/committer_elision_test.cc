// What the committer puts off, what it never writes, and when it writes after all.

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

class CommitterElisionTest : public ::testing::Test {
 protected:
  /// Streams 1 and 2 have reserved their sequences up to 64 from here on; one of each is given.
  void SetUp() override {
    committer_.submit(appending(1), nullptr);
    committer_.submit(appending(2), nullptr);
    committer_.run_once();
    forget();
  }
  void message(const std::string& name, std::initializer_list<std::uint64_t> streams) {
    WriteBatch batch;
    for (const std::uint64_t stream : streams) batch.append({stream}, as_bytes("value"));
    committer_.submit(std::move(batch), named(name), /*may_wait=*/true);
  }
  void erase(const std::string& name, std::uint64_t stream, std::uint64_t seq) {
    WriteBatch batch;
    batch.erase_entry({stream}, {seq});
    committer_.submit(std::move(batch), named(name), /*may_wait=*/true);
  }
  void forget() {
    observer_.events.clear();
    journal_.appends = 0;
  }
  /// What is answered since the last call.
  std::vector<std::string> answered() {
    std::vector<std::string> events;
    for (const std::string& event : std::exchange(observer_.events, {}))
      if (!event.starts_with("sequenced")) events.push_back(event);
    return events;
  }

  ScriptedJournal journal_;
  RecordingObserver observer_;
  test::ManualClock clock_;
  Options options_{.elide_wait = 2ms};
  Committer committer_{options_, journal_, observer_, clock_};
};

TEST_F(CommitterElisionTest, WhatIsAcknowledgedInTimeIsNeverWritten) {
  message("m", {1, 2});
  EXPECT_TRUE(committer_.run_once());
  EXPECT_THAT(observer_.events, ElementsAre("sequenced:m 0@1=2 1@2=2"));
  erase("e1", 1, 2);
  committer_.run_once();
  erase("e2", 2, 2);
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2 1@2=2", "durable:e1", "durable:e2"));
  EXPECT_EQ(journal_.appends, 0);
  EXPECT_FALSE(committer_.holds_any());
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
}

TEST_F(CommitterElisionTest, ItIsWrittenWhenItHasWaitedLongEnough) {
  message("m", {1});
  committer_.run_once();
  clock_.advance(1ms);
  EXPECT_FALSE(committer_.run_once());
  EXPECT_THAT(answered(), IsEmpty());
  clock_.advance(1ms);
  EXPECT_TRUE(committer_.run_once());
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2"));
  EXPECT_EQ(journal_.appends, 1);
  EXPECT_FALSE(committer_.holds_any());
}

TEST_F(CommitterElisionTest, TheTimeRunsFromTheOldestThatIsLeft) {
  message("m", {1});
  committer_.run_once();
  clock_.advance(1ms);
  message("n", {1});
  committer_.run_once();
  erase("e", 1, 2);
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2"));
  clock_.advance(1ms);
  EXPECT_FALSE(committer_.run_once());
  clock_.advance(1ms);
  EXPECT_TRUE(committer_.run_once());
  EXPECT_THAT(answered(), ElementsAre("durable:n 0@1=3", "durable:e"));
}

TEST_F(CommitterElisionTest, ABatchThatMayNotWaitTakesAlongWhatIsHeld) {
  message("m", {1});
  committer_.run_once();
  committer_.submit(appending(2), named("now"));
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2", "durable:now 0@2=2"));
  EXPECT_EQ(journal_.appends, 1);
}

TEST_F(CommitterElisionTest, HurryWritesWhatIsHeld) {
  message("m", {1});
  committer_.hurry();
  EXPECT_TRUE(committer_.run_once());
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2"));
}

TEST_F(CommitterElisionTest, ABarrierWaitsForWhatIsHeld) {
  message("m", {1});
  committer_.submit({}, named("barrier"));
  committer_.run_once();
  EXPECT_THAT(answered(), IsEmpty());
  erase("e", 1, 2);
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2", "durable:barrier", "durable:e"));
}

TEST_F(CommitterElisionTest, AReservationIsWrittenWithItsBatch) {
  message("m", {3});
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@3=1"));
  EXPECT_EQ(journal_.appends, 1);
}

TEST_F(CommitterElisionTest, OneWriteInAQuarterOfABlockKeepsSequencesReserved) {
  for (std::uint64_t seq = 2; seq < 10'000; ++seq) {
    message("m", {1});
    committer_.run_once();
    erase("e", 1, seq);
    committer_.run_once();
    clock_.advance(2ms);
    committer_.run_once();
  }
  EXPECT_LT(journal_.appends, 40) << "of ten thousand messages, and their erases";
}

TEST_F(CommitterElisionTest, WithoutAWaitEverythingIsWrittenAtOnce) {
  options_.elide_wait = 0ms;
  Committer committer(options_, journal_, observer_, clock_);
  committer.submit(appending(1), nullptr, /*may_wait=*/true);
  committer.run_once();
  forget();
  committer.submit(appending(1), named("m"), /*may_wait=*/true);
  committer.run_once();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2"));
  EXPECT_EQ(journal_.appends, 1);
}

TEST_F(CommitterElisionTest, WhatIsHeldFailsWithItsGroupAndNothingIsHeldThen) {
  message("m", {1});
  committer_.run_once();
  journal_.failing = {1};
  committer_.submit(appending(2), named("now"));
  committer_.submit({}, named("barrier"));
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("failed:m 0@1=2", "failed:now 0@2=2", "durable:barrier"));
  message("n", {1});
  erase("e", 1, 2);
  committer_.run_once();
  EXPECT_THAT(answered(), ElementsAre("failed:n", "failed:e"));
  EXPECT_FALSE(committer_.holds_any());
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
}

TEST_F(CommitterElisionTest, WhatIsHeldMakesNoGroupLargerThanItMayBe) {
  options_.max_group_bytes = 145;
  Committer committer(options_, journal_, observer_, clock_);
  const std::string value(40, 'v');
  committer.submit(appending(1, value), nullptr);
  committer.run_once();
  forget();
  for (int i = 0; i < 5; ++i) {
    committer.submit(appending(1, value), named(std::to_string(i)), /*may_wait=*/true);
    committer.run_once();
  }
  EXPECT_EQ(journal_.appends, 1) << "three fit, the fourth begins the next group";
  EXPECT_THAT(answered(), ElementsAre("durable:0 0@1=2", "durable:1 0@1=3", "durable:2 0@1=4"));
}

TEST_F(CommitterElisionTest, StoppingWritesWhatIsHeld) {
  message("m", {1});
  committer_.stop();
  EXPECT_THAT(answered(), ElementsAre("durable:m 0@1=2"));
}

TEST_F(CommitterElisionTest, ItsOwnThreadWritesWithoutBeingAsked) {
  SystemClock clock;
  Committer committer(options_, journal_, observer_, clock);
  committer.submit(appending(1), nullptr);
  committer.run_once();
  committer.submit(appending(1), named("m"), /*may_wait=*/true);
  committer.start();
  while (committer.bytes_in_flight() > 0) std::this_thread::yield();
  committer.stop();
  EXPECT_EQ(observer_.events.back(), "durable:m 0@1=2");
}

}  // namespace
}  // namespace hermod::store::testing
