// A lease begins when its message is sent, and belongs to one attachment of its consumer.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using Settled = QueueGroup::Settled;
using wire::QoS;

struct QueueLease : GroupTest {};

TEST_F(QueueLease, AtQoS0ItEndsWhenTheMessageIsHandedOver) {
  sends = false;
  definition.order = Order::None;
  join(kAnna, QoS::AtMostOnce, 1);
  put("a");
  put("b");
  EXPECT_EQ(happened(), "a>1") << "the backlog stays where it is";
  EXPECT_EQ(group->entries(), 2U);
  disconnect(kAnna);
  EXPECT_EQ(happened(), "") << "it was never sent, so the store has nothing to know";
  join(kBert, QoS::AtMostOnce, 1);
  EXPECT_EQ(happened(), "a>2");
  send(leases.at("a"));
  EXPECT_EQ(happened(), "-a b>2");
}

/// Its owner hears of many things at once.
TEST_F(QueueLease, WhatIsHeldBackGoesOutTogetherAndLosesNothing) {
  sends = false;
  definition.order = Order::None;
  join(kAnna);
  group->hold_back();
  put("a");
  put("b");
  join(kBert);
  EXPECT_EQ(happened(), "");
  group->act(now);
  EXPECT_EQ(happened(), "a>1 b>2");
  group->hold_back();
  put("c");
  send(leases.at("a"));
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now);
  disconnect(kBert);
  EXPECT_EQ(happened(), "-a") << "what has become of a delivery is decided at once";
  group->act(now);
  EXPECT_EQ(happened(), "b>1 c>1") << "b was never sent";
  put("d");
  EXPECT_EQ(happened(), "d>1") << "and from then on each at once";
}

TEST_F(QueueLease, AckTimeoutRunsFromTheSending) {
  sends = false;
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  pass(29s);
  send(leases.at("a"));
  pass(29s);
  EXPECT_EQ(happened(), "");
  pass(1s);
  EXPECT_EQ(happened(), "+a");
}

TEST_F(QueueLease, WhatIsNotSentForLongIsCalledBackOnceAndDoesNotCount) {
  sends = false;
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(group->next_due(now), now.steady + 30s);
  pass(30s);
  EXPECT_EQ(happened(), "?a");
  pass(30s);
  EXPECT_EQ(happened(), "");
  join(kBert);
  group->unsent(leases.at("a"), now);
  EXPECT_EQ(happened(), "a>2") << "the first delivery, and nothing is stored";
}

TEST_F(QueueLease, WhoHandsBackGetsNothingMoreBeforeItGrantsAgain) {
  sends = false;
  join(kAnna, QoS::AtLeastOnce, 10);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  group->unsent(leases.at("a"), now);
  EXPECT_EQ(happened(), "") << "it could not send it, and would be given it until its credit is gone";
  grant(kAnna, 10);
  EXPECT_EQ(happened(), "a>1");
  pass(30s);
  EXPECT_EQ(happened(), "?a");
  join(kBert);
  group->unsent(leases.at("a"), now);
  EXPECT_EQ(happened(), "a>2") << "nor is who is stuck given it once more";
}

/// Consumers say when, and may say the same for all of a large queue.
TEST_F(QueueLease, WhatIsDueAtOnceWakesInSlices) {
  definition.order = Order::None;
  definition.max_inflight = 1000;
  join(kAnna, QoS::AtLeastOnce, 1000);
  for (int i = 0; i < 300; ++i) put(std::to_string(i));
  happened();
  for (int i = 0; i < 300; ++i) settle(std::to_string(i), Outcome::RetryLater, 1s);
  happened();
  const auto redelivered = [&] {
    const std::string text = happened();
    return std::count(text.begin(), text.end(), '>');
  };
  pass(1s);
  EXPECT_EQ(redelivered(), 256);
  EXPECT_EQ(group->next_due(now), now.steady) << "the rest follows at once";
  pass(0s);
  EXPECT_EQ(redelivered(), 44);
}

TEST_F(QueueLease, WhatWasSentCannotBeUnsent) {
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  group->unsent(leases.at("a"), now);
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now);
}

TEST_F(QueueLease, CreditIsSpentByADeliveryAndNotGivenByItsEnd) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 1);
  for (const char* name : {"a", "b", "c"}) put(name);
  EXPECT_EQ(happened(), "a>1");
  group->settle(leases.at("a"), Outcome::Done, {}, now);
  EXPECT_EQ(happened(), "-a") << "its connection may have got something from another queue";
  grant(kAnna, 2);
  EXPECT_EQ(happened(), "b>1");
  grant(kAnna, 3);
  EXPECT_EQ(happened(), "c>1");
}

TEST_F(QueueLease, MaxInflightHoldsWhateverIsGranted) {
  definition.order = Order::None;
  definition.max_inflight = 2;
  join(kAnna, QoS::AtLeastOnce, 100);
  for (const char* name : {"a", "b", "c"}) put(name);
  EXPECT_EQ(happened(), "a>1 b>1");
  drain(kAnna);
  join(kAnna, QoS::AtLeastOnce, 100);
  EXPECT_EQ(happened(), "") << "what it has of an earlier attachment counts";
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a c>1");
}

TEST_F(QueueLease, WhatIsLostWithItsConnectionBeforeItWasSentDoesNotCount) {
  sends = false;
  definition.max_deliveries = 1;
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  disconnect(kAnna);
  join(kAnna);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(last<Deliver>().attachment, AttachmentNo{2});
}

TEST_F(QueueLease, AnAttachmentThatIsOverSaysNothingMore) {
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  const AttachmentNo old = attached[kAnna].attachment;
  join(kAnna, QoS::AtLeastOnce, 1);
  EXPECT_EQ(happened(), "+a a>1#2") << "who joins again without a word has lost its connection";
  group->disconnect(kAnna, old, now);
  group->drain(kAnna, old, now);
  group->grant(kAnna, old, 100, now);
  group->join(kAnna, old, {}, now);
  put("b", "l");
  EXPECT_EQ(happened(), "") << "its credit is what it was";
  EXPECT_EQ(settle("a", Outcome::Done), Settled::Now) << "and it still has this";
}

TEST_F(QueueLease, WhoUnsubscribesFinishesWhatHasBegun) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  put("c");
  EXPECT_EQ(happened(), "a>1");
  sends = false;
  grant(kAnna, 2);
  put("b");
  EXPECT_EQ(happened(), "c>1");
  drain(kAnna);
  EXPECT_EQ(happened(), "?c");
  join(kBert);
  EXPECT_EQ(happened(), "b>2");
  group->unsent(leases.at("c"), now);
  EXPECT_EQ(happened(), "c>2");
  EXPECT_EQ(group->settle(leases.at("a"), Outcome::Done, {}, now), Settled::Now) << "[MQTT-3.10.4-3]";
  EXPECT_EQ(happened(), "-a");
}

TEST_F(QueueLease, WhoSubscribesAgainKeepsWhatItHasUntilItsConnectionIsLost) {
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  drain(kAnna);
  join(kAnna);
  EXPECT_EQ(happened(), "");
  disconnect(kAnna);
  EXPECT_EQ(happened(), "+a");
}

TEST_F(QueueLease, OptionsChangeForWhatComesNext) {
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 10, "n=1");
  put("a");
  EXPECT_EQ(happened(), "");
  group->change_options(kAnna, attached[kAnna].attachment, {.qos = QoS::ExactlyOnce, .filter = {}}, now);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_TRUE(last<Deliver>().is_claimed);
}

TEST_F(QueueLease, AClaimThatWasNotMadeIsTakenBackEvenWhenItsConsumerIsAway) {
  sends = false;
  join(kAnna, QoS::ExactlyOnce);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  disconnect(kAnna);
  join(kBert);
  EXPECT_EQ(happened(), "") << "nobody knows whether it was made";
  group->unsent(leases.at("a"), now);
  EXPECT_EQ(happened(), "a>2");
}

}  // namespace
}  // namespace hermod::queue
