#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using Overflow = QueueDefinition::Overflow;
using What = Admission::What;
using wire::QoS;

struct QueueAdmission : GroupTest {
  /// How many were told to ask again.
  std::size_t last_waiters() {
    std::size_t told = 0;
    for (const QueueEffect& effect : group->take_effects())
      if (const auto* again = std::get_if<AskAgain>(&effect)) told += again->waiters.size();
    return told;
  }
  /// As after an edit: drop-oldest, with a limit that is below what the queue holds.
  void restore_four_where_two_fit() {
    definition.max_length = 2;
    definition.overflow = Overflow::DropOldest;
    start();
    for (std::uint64_t seq = 1; seq <= 4; ++seq) {
      names[Seq{seq}] = std::to_string(seq);
      group->restore(Seq{seq}, {.message = message("m"), .key = "k"}, std::nullopt, now);
    }
  }
};

TEST_F(QueueAdmission, AFullQueueRefusesAndCountsWhatIsOnItsWay) {
  definition.max_length = 2;
  const Admission first = admit("a", "k");
  put("b");
  EXPECT_EQ(admit("c", "k").what, What::Full);
  group->on_failed(first.id, now);
  EXPECT_EQ(admit("c", "k").what, What::Admitted);
  EXPECT_EQ(group->amount().messages, 2U);
}

TEST_F(QueueAdmission, ALimitOfBytesIsHardAsWell) {
  definition.max_bytes = 20;
  put("123456789");  // and a topic of one byte
  EXPECT_EQ(admit("1234567890", "k").what, What::Full);
  EXPECT_EQ(admit("123456789", "k").what, What::Admitted);
}

TEST_F(QueueAdmission, DropNewestTellsThePublisherNothing) {
  definition.max_length = 1;
  definition.overflow = Overflow::DropNewest;
  put("a");
  EXPECT_EQ(admit("b", "k").what, What::Dropped);
}

TEST_F(QueueAdmission, DropOldestLeavesWhatIsInFlight) {
  definition.max_length = 2;
  definition.overflow = Overflow::DropOldest;
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 1);
  put("a");
  const Seq b = put("b");
  EXPECT_EQ(happened(), "a>1");
  const Admission admission = admit("c", "k");
  ASSERT_EQ(admission.evictions.size(), 1U);
  EXPECT_EQ(admission.evictions[0].seq, b);
  EXPECT_EQ(admission.evictions[0].why, Removal::MaxLength);
  EXPECT_EQ(admit("d", "k", "", WaiterId{7}).what, What::Busy) << "one is in flight, the other is leaving";
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a again,7") << "what leaves goes to nobody";
  store(admission.id, "c");
  EXPECT_EQ(happened(), "c>1");
  EXPECT_EQ(group->amount().messages, 1U);
}

TEST_F(QueueAdmission, DropOldestDoesNotLookPastWhatIsInFlight) {
  definition.max_length = 600;
  definition.max_inflight = 500;
  definition.overflow = Overflow::DropOldest;
  definition.order = Order::None;
  join(kAnna, QoS::AtLeastOnce, 500);
  for (int i = 0; i < 600; ++i) put(std::to_string(i));
  group->take_effects();
  for (int i = 600; i < 700; ++i) {
    const Admission admission = admit(std::to_string(i), "k");
    ASSERT_EQ(admission.evictions.size(), 1U);
    EXPECT_EQ(admission.evictions[0].seq, Seq{static_cast<std::uint64_t>(i) - 99});
    store(admission.id, std::to_string(i));
  }
  EXPECT_EQ(group->counters().room_examined, 100U) << "one for each that came";
}

TEST_F(QueueAdmission, WhatWasToLeaveStaysAtItsPlaceWhenTheNewMessageFails) {
  definition.max_length = 2;
  definition.overflow = Overflow::DropOldest;
  put("a");
  put("b");
  const Admission admission = admit("c", "k");
  join(kAnna);
  EXPECT_EQ(happened(), "") << "its key waits for what becomes of it";
  group->on_failed(admission.id, now);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(group->amount().messages, 2U);
}

TEST_F(QueueAdmission, TheRoomOfWhatLeavesIsNobodyElsesBeforeItHasLeft) {
  definition.max_bytes = 22;
  definition.overflow = Overflow::DropOldest;
  put("1234567890");
  put("123456789");
  const Admission small = admit("1", "k");
  ASSERT_EQ(small.evictions.size(), 1U);
  EXPECT_EQ(group->amount().bytes, 21U);
  group->on_failed(small.id, now);
  EXPECT_EQ(group->amount(), (Amount{2, 21}));
}

TEST_F(QueueAdmission, DropOldestWaitsForWhatIsOnItsWayAndRefusesOnlyWhatConsumersLeaveNoRoomFor) {
  definition.max_length = 1;
  definition.overflow = Overflow::DropOldest;
  const Admission first = admit("a", "k");
  EXPECT_EQ(admit("b", "k", "", WaiterId{1}).what, What::Busy);
  EXPECT_EQ(admit("c", "k", "", WaiterId{2}).what, What::Busy);
  store(first.id, "a");
  EXPECT_EQ(happened(), "again,1,2");
  const Admission second = admit("b", "k", "", WaiterId{1});
  EXPECT_EQ(second.evictions.size(), 1U);
  EXPECT_EQ(admit("c", "k", "", WaiterId{2}).what, What::Busy);
  group->on_failed(second.id, now);
  EXPECT_EQ(happened(), "again,2");
  join(kAnna);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(admit("c", "k").what, What::Full) << "the only one is in flight";
}

TEST_F(QueueAdmission, NobodyWaitsForAStoreThatHasFailed) {
  definition.max_length = 1;
  definition.overflow = Overflow::DropOldest;
  is_slow = true;
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(admit("b", "k", "", WaiterId{1}).what, What::Busy) << "it is on its way out";
  group->set_store_failed(true);
  EXPECT_EQ(happened(), "again,1");
  EXPECT_EQ(admit("b", "k", "", WaiterId{1}).what, What::Full);
  group->set_store_failed(false);
  EXPECT_EQ(admit("b", "k", "", WaiterId{1}).what, What::Busy);
}

TEST_F(QueueAdmission, DropOldestDropsAlsoAboveALimitThatWasLowered) {
  restore_four_where_two_fit();
  next = Seq{5};
  const Admission admission = admit("n", "k");
  EXPECT_EQ(admission.what, What::Admitted);
  ASSERT_EQ(admission.evictions.size(), 1U) << "it does not grow";
  EXPECT_EQ(admission.evictions[0].seq, Seq{1});
  store(admission.id, "n");
  EXPECT_EQ(group->amount().messages, 4U);
}

TEST_F(QueueAdmission, ALimitThatWasLoweredIsReachedByDroppingTheOldest) {
  restore_four_where_two_fit();
  group->resume(now);
  EXPECT_EQ(happened(), "-1 -2");
  EXPECT_EQ(last<EraseEntry>().why, Removal::MaxLength);
  EXPECT_EQ(group->amount().messages, 2U);
}

TEST_F(QueueAdmission, OverflowDeadLetterMovesTheOldest) {
  definition.max_length = 1;
  definition.overflow = Overflow::DeadLetter;
  put("a", "k");
  const Admission admission = admit("b", "l");
  ASSERT_EQ(admission.evictions.size(), 1U);
  ASSERT_TRUE(admission.evictions[0].dead_letter.has_value());
  EXPECT_EQ(admission.evictions[0].dead_letter->key, "k");
  EXPECT_EQ(admission.evictions[0].dead_letter->deaths.back().reason, DeathReason::MaxLength);
}

TEST_F(QueueAdmission, ADuplicateIsSuccessAndStoresNothing) {
  definition.dedup_window = 1min;
  const Admission first = admit("a", "k", "id");
  EXPECT_NE(first.message_id_number, 0U);
  const Admission pending = admit("a", "k", "id");
  EXPECT_EQ(pending.what, What::DuplicatePending);
  EXPECT_EQ(pending.id, first.id) << "it hears what becomes of that one";
  store(first.id, "a");
  EXPECT_EQ(admit("a", "k", "id").what, What::Duplicate);
  EXPECT_EQ(admit("a", "k").what, What::Admitted) << "without an identifier it is none";
  pass(1min);
  EXPECT_EQ(happened(), "ids");
  EXPECT_EQ(last<EraseMessageIds>().numbers, std::vector{first.message_id_number});
  EXPECT_EQ(admit("a", "k", "id").what, What::Admitted);
}

TEST_F(QueueAdmission, ADuplicateIsKnownWhenItsMessageIsLongGone) {
  definition.dedup_window = 1min;
  join(kAnna, QoS::AtMostOnce);
  store(admit("a", "k", "id").id, "a");
  EXPECT_EQ(happened(), "a>1 -a");
  EXPECT_EQ(admit("a", "k", "id").what, What::Duplicate);
}

TEST_F(QueueAdmission, WhoRepeatsWhatIsOnItsWayIsAnsweredBehindIt) {
  definition.dedup_window = 1min;
  for (const bool is_stored : {true, false}) {
    start();
    const Admission first = admit("a", "k", "id", WaiterId{1});
    admit("a", "k", "id", WaiterId{2});
    admit("a", "k", "id", WaiterId{3});
    const std::vector<WaiterId> both{WaiterId{2}, WaiterId{3}};
    EXPECT_EQ(is_stored ? group->on_stored(first.id, Seq{1}, now) : group->on_failed(first.id, now), both);
  }
}

TEST_F(QueueAdmission, NotMoreThanSoManyWait) {
  definition.dedup_window = 1min;
  definition.max_length = 1;
  definition.overflow = Overflow::DropOldest;
  const Admission first = admit("a", "k", "id");
  for (std::size_t i = 0; i < QueueGroup::kMostWaiting; ++i)
    ASSERT_EQ(admit("b", "k", i % 2 == 0 ? "id" : "").what, i % 2 == 0 ? What::DuplicatePending : What::Busy);
  EXPECT_EQ(admit("b", "k").what, What::Full);
  EXPECT_EQ(admit("b", "k", "id").what, What::Full) << "and no success for what may never be stored";
  EXPECT_EQ(group->counters().waiting_refused, 2U);
  EXPECT_EQ(group->on_stored(first.id, Seq{1}, now).size(), QueueGroup::kMostWaiting / 2);
  EXPECT_EQ(last_waiters(), QueueGroup::kMostWaiting / 2);
  EXPECT_EQ(admit("b", "k", "", WaiterId{1}).what, What::Admitted) << "nobody waits any more";
}

TEST_F(QueueAdmission, AFailedMessageGivesItsTokenBack) {
  definition.rate_in = Rate{1, 1};
  const Admission first = admit("a", "k");
  EXPECT_EQ(admit("b", "k").what, What::RateLimited);
  group->on_failed(first.id, now);
  EXPECT_EQ(admit("b", "k").what, What::Admitted);
  EXPECT_EQ(admit("c", "k").what, What::RateLimited) << "and no more than that";
}

TEST_F(QueueAdmission, AFailedMessageLeavesNoIdentifier) {
  definition.dedup_window = 1min;
  const Admission first = admit("a", "k", "id");
  group->on_failed(first.id, now);
  EXPECT_EQ(admit("a", "k", "id").what, What::Admitted);
}

TEST_F(QueueAdmission, LastValueKeepsTheNewestOfEachKey) {
  definition.last_value = true;
  const Seq a = put("a", "k");
  put("b", "l");
  const Admission admission = admit("c", "k");
  ASSERT_EQ(admission.evictions.size(), 1U);
  EXPECT_EQ(admission.evictions[0].seq, a);
  EXPECT_EQ(admission.evictions[0].why, Removal::Replaced);
  store(admission.id, "c");
  join(kAnna);
  EXPECT_EQ(happened(), "b>1 c>1");
}

TEST_F(QueueAdmission, LastValueReplacesWithinAFullQueue) {
  definition.last_value = true;
  definition.max_length = 1;
  put("a", "k");
  EXPECT_EQ(admit("b", "l").what, What::Full);
  EXPECT_EQ(admit("b", "k").what, What::Admitted);
}

TEST_F(QueueAdmission, LastValueDoesNotRetryWhatHasANewer) {
  definition.last_value = true;
  join(kAnna);
  put("a", "k");
  put("b", "k");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "-a b>1");
}

TEST_F(QueueAdmission, PublishersThatDidNotKnowOfEachOtherLeaveOneLastValue) {
  definition.last_value = true;
  const Admission a = admit("a", "k");
  const Admission b = admit("b", "k");
  store(b.id, "b");
  store(a.id, "a");
  EXPECT_EQ(happened(), "-b") << "the order of the store decides";
}

TEST_F(QueueAdmission, RateInRefusesAndRateOutWaits) {
  definition.rate_in = Rate{1, 2};
  definition.rate_out = Rate{1, 1};
  definition.order = Order::None;
  join(kAnna);
  put("a");
  put("b");
  EXPECT_EQ(admit("c", "k").what, What::RateLimited);
  EXPECT_EQ(happened(), "a>1");
  EXPECT_EQ(group->next_due(now), now.steady + 1s);
  pass(1s);
  EXPECT_EQ(happened(), "b>1");
  EXPECT_EQ(admit("c", "k").what, What::Admitted);
}

}  // namespace
}  // namespace hermod::queue
