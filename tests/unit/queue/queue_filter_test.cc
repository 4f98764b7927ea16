// Consumers that take a part of what there is.

#include <gtest/gtest.h>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using wire::QoS;

struct QueueFilter : GroupTest {
  /// "0" to "<count - 1>"; every tenth has n=1, the others n=0.
  void put_backlog(int count) {
    for (int i = 0; i < count; ++i) {
      set_property("n", i % 10 == 9 ? "1" : "0");
      put(std::to_string(i), std::to_string(i % 100));
    }
  }
  /// Everybody answers whatever it gets until nothing comes any more.
  int drain_by_consumers() {
    int delivered = 0;
    for (bool goes_on = true; goes_on;) {
      goes_on = false;
      for (const QueueEffect& effect : group->take_effects()) {
        const auto* delivery = std::get_if<Deliver>(&effect);
        if (delivery == nullptr) continue;
        goes_on = true;
        ++delivered;
        lent[delivery->lease] = delivery->consumer;
        answer(delivery->lease, Outcome::Done);
        group->on_settled(delivery->seq, now);
      }
    }
    return delivered;
  }
};

TEST_F(QueueFilter, AnEntryIsExaminedOnceForEachFilterHoweverOftenItIsPassedOver) {
  for (const Order order : {Order::None, Order::Key, Order::Strict}) {
    definition.order = order;
    next = Seq{1};
    start();
    put_backlog(1000);
    join(kAnna, QoS::AtLeastOnce, 1, "n=1");
    join(kBert, QoS::AtLeastOnce, 1, "n=1");
    for (int slices = 0; slices < 4; ++slices) group->advance(now);
    // With an order it is the first of each key, or of all; ten keys have n=1 throughout.
    EXPECT_EQ(drain_by_consumers(), order == Order::Strict ? 0 : 100);
    EXPECT_LE(group->counters().filters_examined, 1000U) << "both have the same";
    const std::uint64_t before = group->counters().filters_examined;
    join(kCarl, QoS::AtLeastOnce, 1);
    EXPECT_EQ(drain_by_consumers(), order == Order::Strict ? 1000 : 900);
    EXPECT_LE(group->counters().filters_examined - before, 1000U);
  }
}

TEST_F(QueueFilter, AFilterThatIsNewLooksThroughABacklogInSlices) {
  definition.order = Order::None;
  definition.max_inflight = 100;
  start();
  put_backlog(1000);
  join(kAnna, QoS::AtLeastOnce, 100, "n=1");
  EXPECT_LT(group->counters().filters_examined, 1000U);
  EXPECT_EQ(group->next_due(now), now.steady);
  for (int slices = 0; slices < 10 && group->next_due(now) == now.steady; ++slices) group->advance(now);
  EXPECT_EQ(group->counters().filters_examined, 1000U);
  EXPECT_EQ(group->take_effects().size(), 100U);
}

TEST_F(QueueFilter, WhatSomebodyWantsGoesToWhoeverHasLeast) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 10, "n=1");
  join(kBert, QoS::AtLeastOnce, 10, "n>0");
  set_property("n", "1");
  for (const char* name : {"a", "b", "c", "d"}) put(name);
  EXPECT_EQ(happened(), "a>1 b>2 c>1 d>2");
}

TEST_F(QueueFilter, TheOldestThatSomebodyWantsGoesFirst) {
  definition.order = Order::None;
  start();
  set_property("n", "2");
  put("a", "k");
  set_property("n", "1");
  put("b", "l");
  put("c", "k");
  group->set_paused(true, now);
  join(kAnna, QoS::AtLeastOnce, 10, "n=1");
  join(kBert, QoS::AtLeastOnce, 10, "n=2");
  group->set_paused(false, now);
  EXPECT_EQ(happened(), "a>2 b>1 c>1");
}

TEST_F(QueueFilter, AClaimWaitsUntilWhatIsInFrontOfItIsGone) {
  is_slow = true;
  put("a", "k");
  put("b", "k");
  join(kAnna, QoS::AtLeastOnce, 1);
  EXPECT_EQ(happened(), "a>1");
  drain(kAnna);
  join(kBert, QoS::ExactlyOnce, 1);
  group->settle(leases.at("a"), Outcome::Done, {}, now);
  EXPECT_EQ(happened(), "-a") << "a kill could bring it back";
  settle_store();
  EXPECT_EQ(happened(), "b>2");
}

TEST_F(QueueFilter, AnotherFilterIsHeldAgainstWhatWasPassedOver) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 10, "n=1");
  put("a");
  EXPECT_EQ(happened(), "");
  const QueueGroup::ConsumerOptions others{.qos = QoS::AtLeastOnce, .filter = *PropertyFilter::parse("!n")};
  group->change_options(kAnna, attached[kAnna].attachment, others, now);
  EXPECT_EQ(happened(), "a>1");
}

// What is too large for the client of a consumer; the fixture's messages are a byte of topic and their name.

TEST_F(QueueFilter, WhatIsTooLargeForOneIsForAnother) {
  definition.order = Order::None;
  sends = false;
  join(kAnna);
  put("long");
  EXPECT_EQ(happened(), "long>1");
  group->too_large(leases.at("long"), 3, now);
  put("longer");
  put("ab");
  EXPECT_EQ(happened(), "ab>1") << "what is smaller does not wait";
  join(kBert);
  EXPECT_EQ(happened(), "long>2 longer>2") << "a first delivery, and nothing was stored";
}

TEST_F(QueueFilter, WhatIsTooLargeIsNotLentAgainWhateverIsSaid) {
  sends = false;
  join(kAnna);
  put("long");
  EXPECT_EQ(happened(), "long>1");
  group->too_large(leases.at("long"), 1'000'000, now);
  EXPECT_EQ(happened(), "");
}

TEST_F(QueueFilter, OfAKeyNothingPassesWhatIsTooLarge) {
  sends = false;
  join(kAnna);
  put("long", "k");
  EXPECT_EQ(happened(), "long>1");
  put("s", "k");
  put("t", "other");
  group->too_large(leases.at("long"), 3, now);
  EXPECT_EQ(happened(), "t>1");
}

TEST_F(QueueFilter, ANewConnectionMayTakeMore) {
  sends = false;
  join(kAnna);
  put("long");
  EXPECT_EQ(happened(), "long>1");
  group->too_large(leases.at("long"), 3, now);
  group->change_options(kAnna, attached[kAnna].attachment, {}, now);
  EXPECT_EQ(happened(), "") << "the same connection";
  disconnect(kAnna);
  join(kAnna);
  EXPECT_EQ(happened(), "long>1");
}

TEST_F(QueueFilter, WhatWasTooLargeForWhoIsGoneIsThere) {
  sends = false;
  join(kAnna, QoS::ExactlyOnce);
  put("long");
  EXPECT_EQ(happened(), "long>1");
  disconnect(kAnna);
  join(kBert);
  group->too_large(leases.at("long"), 3, now);
  EXPECT_EQ(happened(), "long>2");
}

}  // namespace
}  // namespace hermod::queue
