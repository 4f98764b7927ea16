// A large group is synced beside the committer's thread; what comes in meanwhile is the next one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/store/commit_fixture.h"

namespace hermod::store::testing {
namespace {

using ::testing::ElementsAre;

constexpr int kLarge = 64;  // batches

/// Every sync says that it has begun and ends when the test says how.
class GatedJournal final : public Journal {
 public:
  Status append(GroupNo number, std::span<const Bytes> group, Sync when) override {
    Status appended;
    {
      const std::lock_guard lock(mutex_);
      appended = inner_.append(number, group, Sync::Later);
    }
    return appended && when == Sync::Now ? sync() : appended;
  }
  /// What is appended while it goes on is not covered.
  Status sync() override {
    GroupNo last;
    {
      const std::lock_guard lock(mutex_);
      last = inner_.last;
    }
    begun.release();
    may_end_.acquire();
    const std::lock_guard lock(mutex_);
    inner_.syncs_fail = fails_;
    Status synced = inner_.sync();
    if (synced) inner_.on_disk = last;
    return synced;
  }
  GroupNo synced() const override {
    const std::lock_guard lock(mutex_);
    return inner_.synced();
  }
  Status replay(GroupNo, const Visit&) override { return {}; }
  Status trim(GroupNo) override { return {}; }

  void end_sync(bool fails = false) {
    fails_ = fails;
    may_end_.release();
  }
  void fail_append(int number) {
    const std::lock_guard lock(mutex_);
    inner_.failing.insert(number);
  }
  /// Somebody else has synced up to this group, such as the begin of a segment.
  void cover(GroupNo group) {
    const std::lock_guard lock(mutex_);
    inner_.on_disk = group;
  }
  int appends() const {
    const std::lock_guard lock(mutex_);
    return inner_.appends;
  }

  std::counting_semaphore<> begun{0};

 private:
  mutable std::mutex mutex_;
  ScriptedJournal inner_;
  std::counting_semaphore<> may_end_{0};
  std::atomic<bool> fails_{false};
};

/// Counts what each stage was told of, and remembers the order in which batches ended.
class CountingObserver final : public CommitObserver {
 public:
  void on_sequenced(std::span<Done> group) override {
    change([&] { sequenced_ += group.size(); });
  }
  void on_durable(std::span<Done> group) override {
    change([&] { note("durable", group); });
  }
  void on_failed(std::span<Done> group, const Error&) override {
    change([&] { note("failed", group); });
  }
  void wait_for_sequenced(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sequenced_ >= count; });
  }
  std::vector<std::string> ends() {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  void wait_for_ends(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ends_.size() >= count; });
  }

 private:
  template <class Change>
  void change(Change&& make) {
    {
      const std::lock_guard lock(mutex_);
      make();
    }
    changed_.notify_all();
  }
  /// One line for neighbours that ended alike: "durable 64 first".
  void note(const std::string& how, std::span<Done> group) {
    const auto* first = dynamic_cast<const NamedTicket*>(group.front().ticket.get());
    ends_.push_back(how + " " + std::to_string(group.size()) + " " + first->name);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t sequenced_ = 0;
  std::vector<std::string> ends_;
};

/// What readers find, and how much room there is.
class CountingSink final : public CommitSink {
 public:
  bool has_room(std::size_t bytes) const override { return bytes <= room; }
  void applied(GroupNo, WallTime, std::span<const Submission> group) override { entries += group.size(); }
  std::atomic<std::size_t> entries{0};
  std::size_t room = ~std::size_t{0};
};

/// Moved by the test, looked at by the committer.
class HandClock final : public Clock {
 public:
  MonotonicTime now() const override { return MonotonicTime{std::chrono::seconds(seconds.load())}; }
  WallTime wall() const override { return WallTime{}; }
  std::atomic<int> seconds{0};
};

class CommitterBeside : public ::testing::Test {
 protected:
  explicit CommitterBeside(Options options = {}) : options_(std::move(options)) {}
  void SetUp() override { committer_.start(); }
  void TearDown() override { committer_.stop(); }

  /// `count` batches in one piece, the first of them with this name.
  void submit(const std::string& name, int count, bool refused_when_full = false, bool needs_sync = true,
              std::optional<Flush> flush = std::nullopt) {
    std::vector<Submission> batches;
    for (int i = 0; i < count; ++i) {
      WriteBatch batch = appending(1 + static_cast<std::uint64_t>(i));
      if (refused_when_full) batch.refuse_when_full();
      batches.push_back({std::move(batch), named(name), false, needs_sync, flush});
    }
    committer_.submit_all(batches);
  }
  /// A large group is in the journal, and its sync has begun.
  void begin_first() {
    submit("first", kLarge);
    journal_.begun.acquire();
  }

  GatedJournal journal_;
  CountingObserver observer_;
  HandClock clock_;
  CountingSink sink_;
  const Options options_;
  Committer committer_{options_, journal_, observer_, clock_, &sink_};
};

class CommitterBesideAtTimes : public CommitterBeside {
 protected:
  CommitterBesideAtTimes() : CommitterBeside({.flush = {Flush::When::Interval, std::chrono::seconds(60)}}) {}
};

/// A group is full with kLarge batches.
class CommitterBesideFull : public CommitterBeside {
 protected:
  CommitterBesideFull() : CommitterBeside({.max_group_bytes = kLarge * appending(kLarge).bytes()}) {}

  /// The second group is full, and more comes in while the first is synced.
  void write_second() {
    begin_first();
    submit("second", kLarge);
    submit("third", 1);
    observer_.wait_for_sequenced(2 * kLarge + 1);
  }
};

TEST_F(CommitterBeside, WhatComesInDuringASyncIsSequencedAndMakesOneGroupBehindIt) {
  begin_first();
  submit("second", kLarge);
  observer_.wait_for_sequenced(2 * kLarge);
  submit("third", 3);
  observer_.wait_for_sequenced(2 * kLarge + 3);
  EXPECT_EQ(journal_.appends(), 1);
  EXPECT_EQ(sink_.entries, 0U) << "readers find only what is on the disk";
  EXPECT_THAT(observer_.ends(), ElementsAre());

  journal_.end_sync();
  journal_.begun.acquire();
  observer_.wait_for_ends(1);
  EXPECT_EQ(journal_.appends(), 2) << "everything that came meanwhile is one group";
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first"));

  journal_.end_sync();
  observer_.wait_for_ends(2);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 67 second"));
  EXPECT_EQ(sink_.entries, 2U * kLarge + 3);
}

TEST_F(CommitterBeside, AFailedSyncFailsWhatIsSyncedAndWhatIsSequencedBehindIt) {
  begin_first();
  submit("second", 2);
  observer_.wait_for_sequenced(kLarge + 2);
  journal_.end_sync(/*fails=*/true);
  observer_.wait_for_ends(2);
  EXPECT_THAT(observer_.ends(), ElementsAre("failed 64 first", "failed 2 second"));
  EXPECT_FALSE(committer_.healthy());
  EXPECT_EQ(sink_.entries, 0U);

  submit("third", 1);
  observer_.wait_for_ends(3);
  committer_.resume({7});
  submit("fourth", 1);
  journal_.begun.acquire();
  journal_.end_sync();
  observer_.wait_for_ends(4);
  EXPECT_THAT(observer_.ends(),
              ElementsAre("failed 64 first", "failed 2 second", "failed 1 third", "durable 1 fourth"));
}

TEST_F(CommitterBeside, AFailedWriteDoesNotTakeWhatWasSyncedBeforeIt) {
  begin_first();
  journal_.fail_append(2);
  submit("second", kLarge);
  observer_.wait_for_sequenced(2 * kLarge);
  journal_.end_sync();
  observer_.wait_for_ends(2);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "failed 64 second"));
  EXPECT_EQ(sink_.entries, 64U);
}

TEST_F(CommitterBeside, ABarrierWaitsForTheSyncThatIsUnderWay) {
  begin_first();
  committer_.submit({}, named("barrier"));
  observer_.wait_for_sequenced(kLarge + 1);
  EXPECT_THAT(observer_.ends(), ElementsAre());
  journal_.end_sync();
  observer_.wait_for_ends(2);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 1 barrier"));
}

TEST_F(CommitterBeside, ASmallGroupBehindALargeOneIsSyncedInPlace) {
  begin_first();
  submit("second", 1);
  observer_.wait_for_sequenced(kLarge + 1);
  journal_.end_sync();
  journal_.begun.acquire();
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first")) << "it does not wait for the next sync";
  journal_.end_sync();
  observer_.wait_for_ends(2);
}

TEST_F(CommitterBeside, WhatIsBeingSyncedTakesRoom) {
  const std::size_t size = appending(1).bytes();
  // Each stream's first append has its reservation with it.
  begin_first();
  sink_.room = kLarge * size;
  submit("second", 1, /*refused_when_full=*/true);
  committer_.submit({}, named("barrier"));
  observer_.wait_for_sequenced(kLarge + 1);  // and what is before the barrier was looked at
  journal_.end_sync();
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "failed 1 second", "durable 1 barrier"));
}

TEST_F(CommitterBeside, ALargeGroupThatNeedsNoSyncWaitsForTheOneBeforeAndForNoMore) {
  begin_first();  // with the reservations of all streams
  journal_.end_sync();
  observer_.wait_for_ends(1);
  submit("second", kLarge);
  journal_.begun.acquire();
  submit("third", kLarge, false, /*needs_sync=*/false, Flush{Flush::When::Memory, {}});
  observer_.wait_for_sequenced(3 * kLarge);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first"));
  journal_.end_sync();
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 64 second", "durable 64 third"));
  EXPECT_FALSE(journal_.begun.try_acquire());
  journal_.end_sync();  // for the one at the end
}

TEST_F(CommitterBesideAtTimes, ASyncThatTakesTheWholeIntervalDoesNotMakeTheNextGroupSync) {
  begin_first();  // with the reservations of all streams
  journal_.end_sync();
  observer_.wait_for_ends(1);
  submit("second", kLarge);
  journal_.begun.acquire();
  submit("third", kLarge, false, /*needs_sync=*/false);
  observer_.wait_for_sequenced(3 * kLarge);
  clock_.seconds = 100;
  journal_.end_sync();
  journal_.end_sync();  // for the one at the end
  observer_.wait_for_ends(3);
  EXPECT_FALSE(journal_.begun.try_acquire())
      << "nothing was written before the third that is not on the disk";
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 64 second", "durable 64 third"));
}

TEST_F(CommitterBesideFull, AFullGroupIsWrittenWhileTheOneBeforeItIsSynced) {
  write_second();
  EXPECT_EQ(journal_.appends(), 2);
  EXPECT_EQ(sink_.entries, 0U);
  EXPECT_THAT(observer_.ends(), ElementsAre());

  journal_.end_sync();
  journal_.begun.acquire();
  observer_.wait_for_ends(1);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first")) << "it does not wait for the second";
  EXPECT_EQ(sink_.entries, 64U);

  journal_.end_sync();
  journal_.end_sync();
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 64 second", "durable 1 third"));
  EXPECT_EQ(journal_.appends(), 3);
}

TEST_F(CommitterBesideFull, AThirdFullGroupWaitsForTheFirst) {
  write_second();
  submit("fourth", kLarge - 1);
  submit("fifth", 1);
  observer_.wait_for_sequenced(3 * kLarge);
  EXPECT_EQ(journal_.appends(), 2);
  for (int i = 0; i < 4; ++i) journal_.end_sync();
  observer_.wait_for_ends(4);
  EXPECT_THAT(observer_.ends(),
              ElementsAre("durable 64 first", "durable 64 second", "durable 64 third", "durable 1 fifth"));
}

TEST_F(CommitterBesideFull, AFailedSyncFailsWhatWasWrittenBesideIt) {
  write_second();
  journal_.end_sync(/*fails=*/true);
  journal_.end_sync(/*fails=*/true);
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("failed 64 first", "failed 64 second", "failed 1 third"));
  EXPECT_EQ(sink_.entries, 0U);

  committer_.resume({7});
  submit("fourth", kLarge);
  journal_.end_sync();
  observer_.wait_for_ends(4);
  EXPECT_EQ(observer_.ends().back(), "durable 64 fourth") << "the second sync's failure was the second's";
}

TEST_F(CommitterBesideFull, AFailedSyncOfTheSecondLeavesTheFirst) {
  write_second();
  journal_.end_sync();
  observer_.wait_for_ends(1);
  journal_.end_sync(/*fails=*/true);
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "failed 64 second", "failed 1 third"));
  EXPECT_EQ(sink_.entries, 64U);
}

TEST_F(CommitterBesideFull, ASyncThatFailsForTheSecondDoesNotFailAFirstThatIsOnTheDisk) {
  write_second();
  journal_.cover({1});
  journal_.end_sync(/*fails=*/true);
  journal_.end_sync(/*fails=*/true);
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "failed 64 second", "failed 1 third"));
}

TEST_F(CommitterBesideFull, AFailedWriteBesideASyncLeavesWhatIsSynced) {
  begin_first();
  journal_.fail_append(2);
  submit("second", kLarge);
  submit("third", 1);
  observer_.wait_for_sequenced(2 * kLarge);
  journal_.end_sync();
  observer_.wait_for_ends(3);
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "failed 64 second", "failed 1 third"));
  EXPECT_EQ(sink_.entries, 64U);
}

TEST_F(CommitterBesideFull, StopFinishesWhatWasWrittenBesideASync) {
  write_second();
  std::thread stopping([this] { committer_.stop(); });
  for (int i = 0; i < 3; ++i) journal_.end_sync();
  stopping.join();
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 64 second", "durable 1 third"));
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
}

TEST_F(CommitterBeside, StopFinishesWhatIsSyncedAndWhatIsBehindIt) {
  begin_first();
  submit("second", kLarge);
  observer_.wait_for_sequenced(2 * kLarge);
  std::thread stopping([this] { committer_.stop(); });
  journal_.end_sync();
  journal_.end_sync();
  stopping.join();
  EXPECT_THAT(observer_.ends(), ElementsAre("durable 64 first", "durable 64 second"));
  EXPECT_EQ(committer_.bytes_in_flight(), 0U);
}

}  // namespace
}  // namespace hermod::store::testing
