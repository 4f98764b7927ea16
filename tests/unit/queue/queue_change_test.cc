// A queue becomes another while messages wait in it and consumers have some.

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using Overflow = QueueDefinition::Overflow;
using What = Admission::What;
using wire::QoS;

struct QueueChange : GroupTest {
  /// Empty: it was changed.
  std::string change(const std::function<void(QueueDefinition&)>& edit) {
    QueueDefinition to = group->definition();
    edit(to);
    const Status status = group->change(to, now);
    return status ? "" : status.error().detail;
  }
  std::size_t advance_to_the_end() {
    std::size_t effects_in_all = group->take_effects().size();
    for (int slices = 0; slices < 20 && group->next_due(now) <= now.steady; ++slices) {
      group->advance(now);
      effects_in_all += group->take_effects().size();
    }
    return effects_in_all;
  }
};

TEST_F(QueueChange, AnotherAckTimeoutCountsForWhatIsOut) {
  definition.retry = RetryPolicy({1h});
  join(kAnna);
  put("a", "k");
  EXPECT_EQ(happened(), "a>1");
  pass(10s);
  put("b", "l");
  EXPECT_EQ(happened(), "b>1");
  EXPECT_EQ(change([](auto& d) { d.ack_timeout = 15s; }), "");
  EXPECT_EQ(group->next_due(now), now.steady + 5s);
  pass(5s);
  EXPECT_EQ(happened(), "+a");
  EXPECT_EQ(change([](auto& d) { d.ack_timeout = 1min; }), "");
  pass(10s);
  EXPECT_EQ(happened(), "") << "fifteen seconds are over";
  pass(45s);
  EXPECT_EQ(happened(), "+b") << "a minute behind its sending";
}

TEST_F(QueueChange, AShorterAckTimeoutEndsManyInSlices) {
  definition.order = Order::None;
  definition.max_inflight = 600;
  join(kAnna, QoS::AtLeastOnce, 600);
  for (int i = 0; i < 600; ++i) put(std::to_string(i));
  happened();
  pass(10s);
  EXPECT_EQ(change([](auto& d) { d.ack_timeout = 5s; }), "");
  const std::size_t at_once = group->take_effects().size();
  EXPECT_GT(at_once, 0U);
  EXPECT_LT(at_once, 600U);
  EXPECT_EQ(at_once + advance_to_the_end(), 600U);
}

TEST_F(QueueChange, WhatCannotChangeIsNamedAndNothingHasChanged) {
  put("a");
  const QueueDefinition before = group->definition();
  EXPECT_EQ(change([](auto& d) { d.max_deliveries = 0; }), "max_deliveries: from 1 to 1000");
  EXPECT_EQ(change([](auto& d) { d.name = "other"; }), "name: a queue keeps its name");
  EXPECT_EQ(change([](auto& d) { d.order = Order::None; }), "order: changes only while the queue is empty");
  EXPECT_EQ(change([](auto& d) { d.lanes = 3; }), "lanes: changes only while the queue is empty");
  EXPECT_EQ(change([](auto& d) { d.last_value = true; }),
            "last_value: changes only while the queue is empty");
  EXPECT_EQ(group->definition(), before);
}

TEST_F(QueueChange, AnEmptyQueueTakesAnotherOrder) {
  join(kAnna, QoS::AtLeastOnce, 10, "!n");
  put("a", "k");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(change([](auto& d) { d.order = Order::Strict; }), "");
  put("b", "k");
  put("c", "l");
  EXPECT_EQ(happened(), "b>1");
  settle("b", Outcome::Done);
  EXPECT_EQ(happened(), "-b c>1");
}

TEST_F(QueueChange, WhatIsOnItsWayToTheStoreIsInTheQueue) {
  const Admission admission = admit("a", "k");
  EXPECT_EQ(change([](auto& d) { d.order = Order::None; }), "order: changes only while the queue is empty");
  group->on_failed(admission.id, now);
  EXPECT_EQ(change([](auto& d) { d.order = Order::None; }), "");
}

TEST_F(QueueChange, ALowerLimitIsReachedByWhatTheOverflowSays) {
  definition.max_length = 4;
  for (const char* name : {"a", "b", "c", "d"}) put(name);
  EXPECT_EQ(change([](auto& d) { d.max_length = 3; }), "");
  EXPECT_EQ(happened(), "") << "with reject nothing leaves";
  EXPECT_EQ(admit("e", "k").what, What::Full);
  EXPECT_EQ(change([](auto& d) { d.overflow = Overflow::DropOldest; }), "");
  EXPECT_EQ(happened(), "-a");
  const Admission admission = admit("e", "k");
  ASSERT_EQ(admission.evictions.size(), 1U);
  EXPECT_EQ(admission.evictions[0].seq, Seq{2});
  store(admission.id, "e");
  EXPECT_EQ(change([](auto& d) {
              d.overflow = Overflow::DeadLetter;
              d.max_length = 2;
            }),
            "");
  EXPECT_EQ(happened(), "~c");
  EXPECT_EQ(change([](auto& d) { d.max_length.reset(); }), "");
  EXPECT_EQ(admit("f", "k").what, What::Admitted);
}

TEST_F(QueueChange, WhoWaitsForRoomIsToldWhenThereMayBeSome) {
  definition.max_length = 1;
  definition.overflow = Overflow::DropOldest;
  const Admission first = admit("a", "k");
  EXPECT_EQ(admit("b", "k", "", WaiterId{7}).what, What::Busy);
  EXPECT_EQ(change([](auto& d) { d.max_length = 2; }), "");
  EXPECT_EQ(happened(), "again,7");
  EXPECT_EQ(admit("b", "k", "", WaiterId{7}).what, What::Admitted);
  store(first.id, "a");
}

TEST_F(QueueChange, AnotherTtlCountsForWhatIsThere) {
  for (int i = 0; i < 600; ++i) put(std::to_string(i), std::to_string(i));
  const Admission under_way = admit("later", "k");
  pass(10s);
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(change([](auto& d) { d.ttl = 30s; }), "");
  EXPECT_EQ(advance_to_the_end(), 0U);
  EXPECT_EQ(group->next_due(now), now.steady + 20s);
  EXPECT_EQ(change([](auto& d) { d.ttl = 5s; }), "");
  EXPECT_EQ(advance_to_the_end(), 600U);
  for (std::uint64_t seq = 1; seq <= 600; ++seq) group->on_settled(Seq{seq}, now);
  EXPECT_EQ(change([](auto& d) { d.ttl.reset(); }), "");
  next = Seq{601};
  store(under_way.id, "later");
  pass(1h);
  EXPECT_EQ(happened(), "");
}

TEST_F(QueueChange, WhatComesBackWhenTheTtlChangesIsJudgedByTheNewOne) {
  definition.ttl = 5s;
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  pass(10s);
  EXPECT_EQ(happened(), "") << "she has it still";
  EXPECT_EQ(change([](auto& d) {
              d.ttl = 1h;
              d.ack_timeout = 10s;
            }),
            "");
  EXPECT_EQ(happened(), "+a") << "and may have it again";
}

TEST_F(QueueChange, FewerDeliveriesEndWhatHadMoreWhenItsTurnComes) {
  definition.retry = RetryPolicy({0ms});
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a a>1#2");
  grant(kAnna, 0);
  group->settle(leases.at("a"), Outcome::RetryLater, {}, now);
  EXPECT_EQ(happened(), "+a");
  EXPECT_EQ(change([](auto& d) { d.max_deliveries = 2; }), "");
  grant(kAnna, 10);
  EXPECT_EQ(happened(), "~a");
  EXPECT_EQ(last<MoveToDeadLetters>().entry.deaths.back().reason, DeathReason::DeliveryLimit);
  EXPECT_EQ(last<MoveToDeadLetters>().entry.deaths.back().deliveries, 2U);
}

TEST_F(QueueChange, MaxInflightAndRateAreWhatTheyAreNow) {
  definition.order = Order::None;
  definition.max_inflight = 1;
  definition.rate_out = Rate{1, 1};
  join(kAnna);
  for (const char* name : {"a", "b", "c"}) put(name);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(change([](auto& d) { d.max_inflight = 2; }), "");
  EXPECT_EQ(happened(), "") << "a rate that stays keeps its tokens";
  EXPECT_EQ(change([](auto& d) { d.rate_out.reset(); }), "");
  EXPECT_EQ(happened(), "b>1");
}

TEST_F(QueueChange, AnotherDispatchIsForWhatComesNext) {
  definition.order = Order::None;
  definition.dispatch = QueueDefinition::Dispatch::LeastInflight;
  join(kAnna);
  join(kBert);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1 b>2");
  EXPECT_EQ(change([](auto& d) { d.dispatch = QueueDefinition::Dispatch::RoundRobin; }), "");
  settle("b", Outcome::Done);
  put("c");
  put("d");
  EXPECT_EQ(happened(), "-b c>1 d>2") << "whatever each has";
}

TEST_F(QueueChange, AShorterWindowForgetsIdentifiers) {
  definition.dedup_window = 1min;
  store(admit("a", "k", "id").id, "a");
  pass(10s);
  EXPECT_EQ(change([](auto& d) { d.dedup_window = 5s; }), "");
  EXPECT_EQ(happened(), "ids");
  EXPECT_EQ(admit("a", "k", "id").what, What::Admitted);
}

}  // namespace
}  // namespace hermod::queue
