#include "broker/commit_watch.h"

#include <gtest/gtest.h>

#include "store/committer.h"
#include "store/memory_journal.h"
#include "tests/support/manual_clock.h"

namespace hermod::broker {
namespace {

class IgnoringObserver final : public store::CommitObserver {
 public:
  void on_sequenced(std::span<store::Done>) override {}
  void on_durable(std::span<store::Done>) override {}
  void on_failed(std::span<store::Done>, const Error&) override {}
};

/// A committer that works only when the test lets it.
class CommitWatchTest : public ::testing::Test {
 protected:
  void submit() {
    store::WriteBatch batch;
    batch.append(StreamId{1}, as_bytes("entry"));
    committer_.submit(std::move(batch), nullptr);
  }

  test::ManualClock clock_;
  store::MemoryJournal journal_;
  IgnoringObserver observer_;
  store::Committer committer_{store::Options{}, journal_, observer_, clock_};
  CommitWatch watch_;
};

TEST_F(CommitWatchTest, ACommitterWithoutWorkIsNotStuck) {
  EXPECT_TRUE(watch_.moved(committer_));
  EXPECT_TRUE(watch_.moved(committer_));
}

TEST_F(CommitWatchTest, WorkThatCameJustNowProvesNothing) {
  EXPECT_TRUE(watch_.moved(committer_));
  submit();
  EXPECT_TRUE(watch_.moved(committer_));
}

TEST_F(CommitWatchTest, WorkThatStaysWithoutAFinishedGroupMeansStuck) {
  submit();
  watch_.moved(committer_);
  EXPECT_FALSE(watch_.moved(committer_));
  submit();
  EXPECT_FALSE(watch_.moved(committer_)) << "more work is no progress";
}

TEST_F(CommitWatchTest, ACommitterThatIsNeverIdleButFinishesGroupsMoves) {
  submit();
  watch_.moved(committer_);
  for (int i = 0; i < 3; ++i) {
    committer_.run_once();
    submit();
    EXPECT_TRUE(watch_.moved(committer_));
  }
}

TEST_F(CommitWatchTest, AfterItWasStuckAFinishedGroupCounts) {
  submit();
  watch_.moved(committer_);
  ASSERT_FALSE(watch_.moved(committer_));
  committer_.run_once();
  EXPECT_TRUE(watch_.moved(committer_));
}

}  // namespace
}  // namespace hermod::broker
