// Somebody sets the clock on the wall: what was to happen happens when it was to happen.

#include <gtest/gtest.h>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using What = Admission::What;

struct QueueClock : GroupTest {
  void set_clock(std::chrono::hours by) {
    now.wall += by;
    group->advance(now);
  }
};

TEST_F(QueueClock, ATimeToLiveIsAsLongAsItWas) {
  definition.ttl = 20s;
  for (const auto by : {-5h, +5h}) {
    start();
    put("a");
    pass(10s);
    set_clock(by);
    EXPECT_EQ(happened(), "");
    EXPECT_EQ(group->next_due(now), now.steady + 10s);
    pass(10s);
    EXPECT_EQ(happened(), "~a");
    EXPECT_EQ(last<MoveToDeadLetters>().entry.deaths.back().at, now.wall) << "records have the wall's time";
  }
}

TEST_F(QueueClock, APauseIsAsLongAsItWas) {
  for (const auto by : {-5h, +5h}) {
    start();
    join(kAnna);
    put("a");
    EXPECT_EQ(happened(), "a>1");
    settle("a", Outcome::RetryLater);
    EXPECT_EQ(happened(), "+a");
    set_clock(by);
    EXPECT_EQ(happened(), "");
    EXPECT_EQ(group->next_due(now), now.steady + 10s);
    pass(10s);
    EXPECT_EQ(happened(), "a>1#2");
  }
}

TEST_F(QueueClock, AWindowOfIdentifiersIsAsLongAsItWas) {
  definition.dedup_window = 1min;
  for (const auto by : {-5h, +5h}) {
    start();
    store(admit("a", "k", "id").id, "a");
    set_clock(by);
    EXPECT_EQ(admit("a", "k", "id").what, What::Duplicate);
    pass(1min);
    EXPECT_EQ(happened(), "ids");
    EXPECT_EQ(admit("a", "k", "id").what, What::Admitted);
  }
}

TEST_F(QueueClock, AfterARestartNothingIsKeptLongerThanItWasToBe) {
  definition.ttl = 20s;
  definition.dedup_window = 1min;
  start();
  names[Seq{1}] = "a";
  const MessagePtr old = message("a");
  const WallTime stored_at = now.wall;
  now.wall -= 5h;
  group->restore(Seq{1}, {.message = old, .key = "k"}, std::nullopt, now);
  group->restore_message_id(1, "id", stored_at, now);
  group->resume(now);
  EXPECT_EQ(group->next_due(now), now.steady + 20s);
  pass(20s);
  EXPECT_EQ(happened(), "~a");
  EXPECT_EQ(group->next_due(now), now.steady + 40s);
  pass(40s);
  EXPECT_EQ(happened(), "ids");
}

TEST_F(QueueClock, AfterARestartTheTimeBetweenCounts) {
  definition.ttl = 20s;
  definition.dedup_window = 1min;
  start();
  names[Seq{1}] = "a";
  const MessagePtr old = message("a");
  const WallTime stored_at = now.wall;
  now.wall += 15s;
  group->restore(Seq{1}, {.message = old, .key = "k"}, std::nullopt, now);
  group->restore_message_id(1, "id", stored_at, now);
  group->resume(now);
  EXPECT_EQ(group->next_due(now), now.steady + 5s);
  pass(5s);
  EXPECT_EQ(happened(), "~a");
  EXPECT_EQ(group->next_due(now), now.steady + 40s);
}

}  // namespace
}  // namespace hermod::queue
