#include "queue/queue_group.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using Settled = QueueGroup::Settled;
using wire::QoS;

TEST_F(GroupTest, AMessageWaitsForAConsumerAndLeavesWhenItIsAcknowledged) {
  put("a");
  EXPECT_EQ(happened(), "");
  join(kAnna);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().why, Removal::Acknowledged);
  EXPECT_EQ(group->amount(), Amount{});
}

TEST_F(GroupTest, AQoS0ConsumerAcknowledgesByBeingSentTheMessage) {
  join(kAnna, QoS::AtMostOnce, 1);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1 -a b>1 -b");
}

TEST_F(GroupTest, OfAKeyTheNextGoesOutWhenTheLastIsSettled) {
  definition.lanes = 1;
  join(kAnna);
  put("a", "k");
  put("b", "k");
  put("c", "other");
  EXPECT_EQ(happened(), "a>1 c>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a b>1");
}

TEST_F(GroupTest, WithoutOrderEverythingGoesOut) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 1);
  join(kBert, QoS::AtLeastOnce, 1);
  for (const char* name : {"a", "b", "c"}) put(name);
  EXPECT_EQ(happened(), "a>1 b>2");
}

TEST_F(GroupTest, StrictHasOneOutInTheWholeQueue) {
  definition.order = Order::Strict;
  join(kAnna);
  join(kBert);
  put("a", "k");
  put("b", "l");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a b>2");
}

TEST_F(GroupTest, WhileAKeyWaitsForARetryItsLaterMessagesWaitToo) {
  definition.lanes = 1;
  join(kAnna);
  put("a", "k");
  put("b", "k");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a");
  EXPECT_EQ(
      last<PutDeliveryState>().state,
      (DeliveryState{.deliveries = 1, .due = now.wall + 10s, .pause = 10s, .last = Outcome::RetryLater}));
  EXPECT_EQ(group->next_due(now), now.steady + 10s);
  put("c", "other");
  EXPECT_EQ(happened(), "c>1") << "and nobody else";
  pass(9999ms);
  EXPECT_EQ(happened(), "");
  pass(1ms);
  EXPECT_EQ(happened(), "a>1#2");
}

TEST_F(GroupTest, RetryAfterIsTheConsumersOwnPause) {
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::RetryLater, 3s);
  EXPECT_EQ(group->next_due(now), now.steady + 3s);
}

TEST_F(GroupTest, AMessageThatTimesOutGoesToAnotherAfterItsPause) {
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  happened();
  join(kBert);
  pass(30s);
  EXPECT_EQ(happened(), "+a");
  pass(10s);
  EXPECT_EQ(happened(), "a>2#2");
}

TEST_F(GroupTest, ALateAnswerSettlesNothingButFreesItsPlace) {
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  happened();
  const LeaseId first = leases.at("a");
  pass(30s);
  pass(10s);
  EXPECT_EQ(happened(), "+a")
      << "its client may still answer, so there is no room for another [MQTT-3.3.4-9]";
  EXPECT_EQ(answer(first, Outcome::Done), Settled::Late);
  EXPECT_EQ(happened(), "a>1#2");
  EXPECT_EQ(group->settle(first, Outcome::Done, {}, now), Settled::Unknown);
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now);
}

TEST_F(GroupTest, ALostConnectionGivesBackAtOnceInOrder) {
  definition.lanes = 1;
  join(kAnna);
  put("a", "k");
  put("b", "l");
  put("c", "k");
  EXPECT_EQ(happened(), "a>1 b>1");
  join(kBert);
  EXPECT_EQ(happened(), "") << "the lane is not his yet";
  disconnect(kAnna);
  EXPECT_EQ(happened(), "+a +b a>2#2 b>2#2");
}

TEST_F(GroupTest, AMessageThatKillsItsConsumersDies) {
  definition.max_deliveries = 2;
  put("a");
  join(kAnna);
  EXPECT_EQ(happened(), "a>1");
  disconnect(kAnna);
  EXPECT_EQ(happened(), "+a");
  join(kAnna);
  EXPECT_EQ(happened(), "a>1#2");
  disconnect(kAnna);
  EXPECT_EQ(happened(), "~a");
  EXPECT_EQ(last<MoveToDeadLetters>().entry.deaths,
            (std::vector<Death>{
                {.queue = "q", .reason = DeathReason::DeliveryLimit, .deliveries = 2, .at = now.wall}}));
  EXPECT_TRUE(last<MoveToDeadLetters>().has_state);
}

TEST_F(GroupTest, ARejectionIsADeadLetterAtOnceAndKeepsItsKey) {
  join(kAnna);
  put("a", "k");
  happened();
  settle("a", Outcome::Rejected);
  EXPECT_EQ(happened(), "~a");
  const auto& dead = last<MoveToDeadLetters>();
  EXPECT_EQ(dead.entry.key, "k");
  EXPECT_EQ(dead.entry.deaths.back().reason, DeathReason::Rejected);
  EXPECT_FALSE(dead.has_state);
}

TEST_F(GroupTest, AnEarlierDeathStaysInTheHistory) {
  start();
  const Death before{.queue = "other", .reason = DeathReason::Expired, .deliveries = 3, .at = now.wall - 1h};
  names[Seq{1}] = "a";
  group->restore(Seq{1}, {.message = message("a"), .key = "k", .deaths = {before}}, std::nullopt, now);
  group->resume(now);
  join(kAnna);
  happened();
  ASSERT_TRUE(last<Deliver>().first_death);
  EXPECT_EQ(*last<Deliver>().first_death, before);
  settle("a", Outcome::Rejected);
  happened();
  const auto& deaths = last<MoveToDeadLetters>().entry.deaths;
  ASSERT_EQ(deaths.size(), 2U);
  EXPECT_EQ(deaths.front(), before);
}

TEST_F(GroupTest, WithoutADeadLetterQueueADeathIsCountedByItsReason) {
  definition.dead_letter = "none";
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::Rejected);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().why, Removal::Rejected);
}

TEST_F(GroupTest, WhatExpiresDiesUnlessSomebodyHasIt) {
  definition.ttl = 20s;
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(group->next_due(now), now.steady + 20s);
  pass(20s);
  EXPECT_EQ(happened(), "~b");
  EXPECT_EQ(last<MoveToDeadLetters>().entry.deaths.back().reason, DeathReason::Expired);
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "~a") << "it is judged when it comes back";
}

TEST_F(GroupTest, ADeadLetterExpiresNoMoreByWhatItsPublisherSaid) {
  start();
  publish({.message = message("a", now.wall + 5s), .key = "k"}, "a");
  pass(5s);
  EXPECT_EQ(happened(), "~a");
  const QueueEntry dead = last<MoveToDeadLetters>().entry;
  EXPECT_EQ(dead.message->expires_at(), Message::kNever);
  EXPECT_EQ(as_text(dead.message->payload()), "a");

  definition.name = "q.dlq";
  definition.ttl = 10s;
  pass(1s);
  start();
  publish(dead, "a");
  EXPECT_EQ(group->next_due(now), now.steady + 9s) << "its time begins with its death";
}

TEST_F(GroupTest, MessageExpiryLowersTheTtl) {
  definition.ttl = 20s;
  start();
  publish({.message = message("a", now.wall + 5s), .key = "k"}, "a");
  EXPECT_EQ(group->next_due(now), now.steady + 5s);
}

TEST_F(GroupTest, QoS2StaysWithItsConsumerWhenTheConnectionIsLost) {
  definition.lanes = 1;
  definition.ack_timeout = 2h;
  join(kAnna, QoS::ExactlyOnce);
  put("a", "k");
  put("b", "k");
  put("c", "l");
  EXPECT_EQ(happened(), "a>1 c>1");
  EXPECT_TRUE(last<Deliver>().is_claimed);
  pass(1h);
  EXPECT_EQ(happened(), "");
  disconnect(kAnna);
  put("d", "m");
  join(kBert);
  EXPECT_EQ(happened(), "d>2") << "the keys wait, the lane does not [MQTT-4.8.2-4]";
  join(kAnna, QoS::ExactlyOnce);
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now);
  EXPECT_EQ(happened(), "-a b>2");
  group->leave(kAnna, now);
  EXPECT_EQ(happened(), "+c c>2#2");
}

TEST_F(GroupTest, ARestartGoesOnWithCountAndPauseButNeverWaitsLongerThanThat) {
  definition.max_deliveries = 3;
  start();
  const DeliveryState state{.deliveries = 2, .due = now.wall + 5s, .pause = 10s, .last = Outcome::TimedOut};
  names[Seq{1}] = "a";
  names[Seq{2}] = "b";
  group->restore(Seq{1}, {.message = message("a"), .key = "k", .deaths = {}}, state, now);
  DeliveryState far = state;
  far.due = now.wall + 1000h;  // somebody has set the clock back
  group->restore(Seq{2}, {.message = message("b"), .key = "l", .deaths = {}}, far, now);
  group->resume(now);
  join(kAnna);
  EXPECT_EQ(happened(), "");
  pass(5s);
  EXPECT_EQ(happened(), "a>1#3");
  pass(5s);
  EXPECT_EQ(happened(), "b>1#3");
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "~a");
}

TEST_F(GroupTest, AFilterChoosesAmongConsumersAndWhatNobodyWantsWaits) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 10, "n=1");
  put("a");
  EXPECT_EQ(happened(), "");
  join(kBert);
  EXPECT_EQ(happened(), "a>2");
}

TEST_F(GroupTest, APausedQueueAndAPausedConsumerGetNothing) {
  join(kAnna);
  group->set_paused(true, now);
  put("a", "k");
  EXPECT_EQ(happened(), "");
  grant(kAnna, 0);
  group->set_paused(false, now);
  EXPECT_EQ(happened(), "");
  grant(kAnna, 10);
  EXPECT_EQ(happened(), "a>1");
}

TEST_F(GroupTest, PurgeTakesEverythingThatNobodyHas) {
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a", "k");
  put("b", "k");
  put("c", "l");
  EXPECT_EQ(happened(), "a>1");
  group->purge(now);
  EXPECT_EQ(happened(), "-b -c");
  EXPECT_EQ(group->entries(), 1U);
}

TEST_F(GroupTest, APurgeOfManyIsDoneInSlices) {
  for (int i = 0; i < 600; ++i) put(std::to_string(i));
  group->purge(now);
  EXPECT_LT(group->take_effects().size(), 600U);
  put("later");
  for (int slices = 0; slices < 5 && group->next_due(now) == now.steady; ++slices) group->advance(now);
  group->take_effects();
  join(kAnna);
  EXPECT_EQ(happened(), "") << "of its key everything waits for the store";
  for (std::uint64_t seq = 1; seq <= 600; ++seq) group->on_settled(Seq{seq}, now);
  EXPECT_EQ(happened(), "later>1") << "what came behind the purge stays";
}

TEST_F(GroupTest, WhatExpiresTogetherLeavesInSlicesAndGoesToNobody) {
  definition.ttl = 1s;
  definition.order = Order::None;
  for (int i = 0; i < 600; ++i) put(std::to_string(i));
  now.steady += 1s;
  now.wall += 1s;
  join(kAnna);
  std::size_t dead = 0;
  for (int slices = 0; slices < 5; ++slices) {
    for (const QueueEffect& effect : group->take_effects()) {
      ASSERT_TRUE(std::holds_alternative<MoveToDeadLetters>(effect));
      ++dead;
    }
    EXPECT_TRUE(slices > 0 || dead < 600U);
    group->advance(now);
  }
  EXPECT_EQ(dead, 600U);
}

TEST_F(GroupTest, ATokenThatNobodyCouldUseIsNotWaitedFor) {
  definition.rate_out = Rate{1, 1};
  join(kAnna, QoS::AtLeastOnce, 10, "n=1");
  put("a");
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(group->next_due(now), std::nullopt);
}

TEST_F(GroupTest, AKeyThatIsSlowHoldsUpNoOtherOfAThousand) {
  for (int key = 0; key < 1000; ++key)
    for (const char* name : {"first", "second"}) put(name + std::to_string(key), std::to_string(key));
  join(kAnna, QoS::AtLeastOnce, 2);
  std::size_t delivered = 0;
  std::optional<LeaseId> slow;
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (const QueueEffect& effect : group->take_effects()) {
      const auto* delivery = std::get_if<Deliver>(&effect);
      if (delivery == nullptr) continue;
      ++delivered;
      goes_on = true;
      if (names.at(delivery->seq) == "first0") {
        slow = delivery->lease;
      } else {
        lent[delivery->lease] = delivery->consumer;
        answer(delivery->lease, Outcome::Done);
        group->on_settled(delivery->seq, now);
      }
    }
  }
  EXPECT_EQ(delivered, 1999U) << "all but the second of the slow key";
  group->settle(*slow, Outcome::Done, {}, now);
  EXPECT_EQ(happened(), "-first0 second0>1");
}

TEST_F(GroupTest, ANewcomerGetsALaneOnlyWhenNothingOfItIsOut) {
  definition.lanes = 2;
  std::vector<std::string> keys(2);
  for (char c = 'a'; keys[0].empty() || keys[1].empty(); ++c) {
    Lanes probe(Order::Key, 2);
    probe.add(Seq{1}, std::string(1, c));
    keys[probe.lane_of(Seq{1})] = std::string(1, c);
  }
  join(kAnna, QoS::AtLeastOnce, 100);
  put("a1", keys[0]);
  put("b1", keys[1]);
  put("a2", keys[0]);
  put("b2", keys[1]);
  EXPECT_EQ(happened(), "a1>1 b1>1");
  join(kBert, QoS::AtLeastOnce, 100);
  EXPECT_EQ(happened(), "");
  settle("a1", Outcome::Done);
  EXPECT_EQ(happened(), "-a1 a2>2") << "the lane went over with its key";
  settle("b1", Outcome::Done);
  EXPECT_EQ(happened(), "-b1 b2>1");
}

}  // namespace
}  // namespace hermod::queue
