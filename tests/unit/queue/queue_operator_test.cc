// What an operator does to a queue: ends it, looks into it, takes a message elsewhere.

#include <gtest/gtest.h>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using Settled = QueueGroup::Settled;
using What = Admission::What;
using wire::QoS;

struct QueueOperator : GroupTest {};

TEST_F(QueueOperator, AQueueThatHoldsMessagesIsClosedOnlyByForce) {
  put("a");
  const Status status = group->close(/*force=*/false, now);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Errc::Busy);
  EXPECT_EQ(status.error().detail, "force: the queue holds 1 messages");
  EXPECT_EQ(admit("b", "k").what, What::Admitted) << "nothing has changed";
  start();
  EXPECT_TRUE(group->close(/*force=*/false, now).has_value());
  EXPECT_TRUE(group->is_closed());
}

TEST_F(QueueOperator, AClosedQueueLosesEverythingAndTakesNothing) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 2);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1 b>1");
  put("c");
  settle("b", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+b c>1");
  const Admission under_way = admit("d", "k");
  ASSERT_TRUE(group->close(/*force=*/true, now).has_value());
  EXPECT_EQ(admit("e", "k").what, What::Gone) << "it is as if it were bound no more";
  EXPECT_EQ(happened(), "-a -b -c");
  EXPECT_EQ(last<EraseEntry>().why, Removal::Purged);
  EXPECT_FALSE(group->is_closed()) << "something is on its way";
  store(under_way.id, "d");
  EXPECT_EQ(happened(), "-d");
  EXPECT_TRUE(group->is_closed());
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Late);
}

TEST_F(QueueOperator, WhatIsNotSentIsCalledBackBeforeAClosedQueueLosesIt) {
  sends = false;
  definition.order = Order::None;
  join(kAnna, QoS::ExactlyOnce, 2);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1 b>1");
  ASSERT_TRUE(group->close(/*force=*/true, now).has_value());
  EXPECT_EQ(happened(), "?a ?b") << "nobody knows whether they have claims";
  group->unsent(leases.at("a"), now);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().claim, EndedClaim{});
  group->sent(leases.at("b"), now);
  EXPECT_EQ(happened(), "-b");
  EXPECT_EQ(last<EraseEntry>().claim.lease, leases.at("b"));
  EXPECT_TRUE(last<EraseEntry>().claim.unanswered) << "its exchange comes to its end";
  EXPECT_TRUE(group->is_closed());
}

TEST_F(QueueOperator, AClosedQueueOfManyEndsInSlices) {
  for (int i = 0; i < 600; ++i) put(std::to_string(i));
  ASSERT_TRUE(group->close(/*force=*/true, now).has_value());
  std::size_t gone = group->take_effects().size();
  EXPECT_LT(gone, 600U);
  for (int slices = 0; slices < 5 && group->next_due(now) == now.steady; ++slices) {
    group->advance(now);
    gone += group->take_effects().size();
  }
  EXPECT_EQ(gone, 600U);
}

TEST_F(QueueOperator, AMessageThatMovesGoesToNobodyAndKeepsItsRoomUntilItHas) {
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1");
  EXPECT_FALSE(group->begin_move(Seq{1}, now).has_value()) << "somebody has it";
  EXPECT_FALSE(group->begin_move(Seq{9}, now).has_value());
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a");
  const auto moving = group->begin_move(Seq{1}, now);
  ASSERT_TRUE(moving.has_value());
  EXPECT_EQ(moving->entry.key, "k");
  EXPECT_EQ(moving->entry.moved_at, now.wall) << "its time to live begins anew";
  EXPECT_TRUE(moving->has_state);
  EXPECT_FALSE(group->begin_move(Seq{1}, now).has_value());
  group->purge(now);
  EXPECT_EQ(happened(), "-b") << "what moves is not here any more";
  pass(1h);
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(group->amount().messages, 1U);
  group->on_moved(Seq{1}, now);
  EXPECT_EQ(group->amount(), Amount{});
}

TEST_F(QueueOperator, AMessageThatCouldNotMoveStaysAtItsPlace) {
  put("a");
  put("b");
  ASSERT_TRUE(group->begin_move(Seq{1}, now).has_value());
  join(kAnna);
  EXPECT_EQ(happened(), "") << "its key waits for what becomes of it";
  group->on_not_moved(Seq{1}, now);
  EXPECT_EQ(happened(), "a>1");
}

TEST_F(QueueOperator, ADeadLetterGoesBackWithItsHistory) {
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::Rejected);
  happened();
  const QueueEntry dead = last<MoveToDeadLetters>().entry;

  definition.name = "q.dlq";
  next = Seq{1};
  start();
  publish(dead, "a");
  const auto moving = group->begin_move(Seq{1}, now);
  ASSERT_TRUE(moving.has_value());
  EXPECT_EQ(moving->entry.deaths, dead.deaths);
  EXPECT_EQ(moving->entry.deaths.back().queue, "q") << "where it may go back to";
}

TEST_F(QueueOperator, PeekingTakesNothing) {
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a", "k");
  put("b", "l");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a b>1");
  const auto peeked = group->peek(Seq{}, 10);
  ASSERT_EQ(peeked.size(), 2U);
  EXPECT_EQ(as_text(peeked[0].message->payload()), "a");
  EXPECT_EQ(peeked[0].key, "k");
  EXPECT_EQ(peeked[0].deliveries, 1U);
  EXPECT_EQ(peeked[0].due, now.steady + 10s);
  EXPECT_EQ(peeked[0].consumer, std::nullopt);
  EXPECT_EQ(peeked[1].consumer, kAnna);
  EXPECT_EQ(peeked[1].due, std::nullopt);
  EXPECT_EQ(group->peek(Seq{2}, 10).size(), 1U);
  EXPECT_EQ(group->peek(Seq{}, 1).size(), 1U);
  EXPECT_EQ(happened(), "");
}

TEST_F(QueueOperator, WhatLeavesIsNotShown) {
  is_slow = true;
  put("a");
  put("b", "l");
  group->purge(now);
  EXPECT_EQ(happened(), "-a -b");
  EXPECT_TRUE(group->peek(Seq{}, 10).empty());
  EXPECT_FALSE(group->is_empty()) << "the store has not made it yet";
}

TEST_F(QueueOperator, ALongPurgeIsOneUntilAllOfItIsDecided) {
  for (int i = 0; i < 300; ++i) put(std::to_string(i));
  EXPECT_FALSE(group->is_purging());
  group->purge(now);
  EXPECT_TRUE(group->is_purging());
  happened();
  group->advance(now);
  EXPECT_FALSE(group->is_purging());
}

TEST_F(QueueOperator, ALookTellsWhatIsOutAndWhatWaits) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 2);
  EXPECT_EQ(group->look().oldest, std::nullopt);
  EXPECT_EQ(group->behind_last(), Seq{});
  const WallTime began = now.wall;
  put("a");
  pass(5s);
  put("b");
  put("c");
  EXPECT_EQ(happened(), "a>1 b>1");
  settle("b", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+b c>1");
  const QueueGroup::Look look = group->look();
  EXPECT_EQ(look.out, 2U);
  EXPECT_EQ(look.waiting, 1U);
  EXPECT_EQ(look.oldest, began);
  EXPECT_EQ(group->behind_last(), Seq{4});
}

}  // namespace
}  // namespace hermod::queue
