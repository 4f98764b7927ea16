// The ledger itself, fed dead letters and what a queue holds: whatever is wrong with them it says.

#include "tests/crash/queue_ledger_test.h"

namespace hermod::crash {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Overflow = QueueRules::Overflow;

class QueueReckoningTest : public QueueLedgerTest {};

TEST_F(QueueReckoningTest, ADeadLetterIsTheEndOfAMessage) {
  has({}, {"rejected"});
  sent(1);
  acknowledged(1);
  rejected(it(0));
  expect_violation("is nowhere");
  done(dead(0, "rejected"));
  expect_clean();
  EXPECT_EQ(ledger_.dead_count(), 1U);
}

TEST_F(QueueReckoningTest, ADeadLetterSaysWhyAndWhere) {
  has({}, {"rejected", "maxlen"});
  sent(6);
  auto expect_next = [&, next = std::size_t{0}](const std::string& what) mutable {
    ASSERT_EQ(ledger_.broken_promises().size(), next + 1) << what;
    EXPECT_THAT(ledger_.broken_promises()[next++], HasSubstr(what));
  };
  comes(dead(0, ""));
  expect_next("does not say why");
  comes(dead(1, "rejected"));
  expect_next("which nobody rejected");
  comes(dead(2, "expired"));
  expect_next("which is expired");
  Arrival elsewhere = dead(3, "maxlen");
  elsewhere.death_queue = "r";
  comes(elsewhere);
  expect_next("which died in r");
  comes(dead(4, "maxlen"));
  comes(dead(5, "maxlen"));
  expect_next("which nothing new had to come in for");
}

TEST_F(QueueReckoningTest, ADeadLetterOfTooManyDeliveriesHadThem) {
  has({.max_deliveries = 2}, {"delivery_limit"});
  sent(2);
  back(it(0));
  back(it(0, 2));
  comes(dead(0, "delivery_limit"));
  back(it(1));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(dead(1, "delivery_limit"));
  expect("not delivered so often");
}

TEST_F(QueueReckoningTest, NothingExpiresBeforeItsTime) {
  has({.ttl = std::chrono::hours(1)}, {"expired"});
  sent(1);
  comes(dead(0, "expired"));
  expect("before its time");
}

TEST_F(QueueReckoningTest, ADeathMakesOneDeadLetter) {
  has({}, {"rejected"});
  sent(1);
  rejected(it(0));
  comes(dead(0, "rejected"));
  Arrival again = dead(0, "rejected");
  again.offset = 7;
  comes(again);
  expect("a dead letter twice");
}

TEST_F(QueueReckoningTest, WhatWasGivenBackIsThereOnceMore) {
  has({.redriven = true}, {"rejected"});
  sent(1);
  rejected(it(0));
  Arrival back = dead(0, "rejected");
  back.queue = "q";
  back.offset = 7;
  done(back);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  back.offset = 8;
  comes(back);
  expect("which is at offset 7 too");
}

TEST_F(QueueReckoningTest, OnlyARedriveBringsBackTheDead) {
  has({}, {"rejected"});
  sent(1);
  Arrival back = dead(0, "rejected");
  back.queue = "q";
  comes(back);
  expect("which has been dead");
}

TEST_F(QueueReckoningTest, NoQueueHoldsMoreThanItMay) {
  has({.max_length = 3});
  ledger_.holds("q", 3);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  ledger_.holds("q", 4);
  expect("holds 4 messages");
}

TEST_F(QueueReckoningTest, DropOldestKeepsTheNewest) {
  has({.max_length = 3, .overflow = Overflow::DropOldest});
  sent(6);
  acknowledged(5);
  remains({2, 3, 4});
  remains({3, 4, 5});  // it was stored, and its answer lost
  remains({4}, 4);     // consumed up to here
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
}

TEST_F(QueueReckoningTest, DropOldestLosesNothingElse) {
  has({.max_length = 3, .overflow = Overflow::DropOldest});
  sent(6);
  acknowledged(5);
  const std::vector<std::pair<std::vector<std::uint64_t>, std::string>> wrong{
      {{1, 2, 3}, "the newest is not there"}, {{1, 3, 4}, "a gap"}, {{3, 4}, "it was not full"}};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    remains(wrong[i].first);
    ASSERT_EQ(ledger_.broken_promises().size(), i + 1);
    EXPECT_THAT(ledger_.broken_promises()[i], HasSubstr(wrong[i].second));
  }
  remains({0, 3, 4}, 2);
  EXPECT_THAT(ledger_.broken_promises().back(), HasSubstr("older ones are there"));
}

TEST_F(QueueReckoningTest, DropNewestKeepsTheOldest) {
  has({.max_length = 3, .overflow = Overflow::DropNewest});
  sent(6);
  acknowledged(6);
  remains({0, 1, 2});
  remains({1, 4, 5}, 4);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  remains({0, 1});
  expect("it was not full");
  remains({1, 2, 3});
  EXPECT_THAT(ledger_.broken_promises().back(), HasSubstr("a gap in front"));
}

TEST_F(QueueReckoningTest, WhatADropMayTakeIsNoLossAndTheRestIs) {
  has({.max_length = 2, .overflow = Overflow::DropNewest});
  sent(3);
  acknowledged(3);
  done(it(0));
  expect_violation("t 1 was acknowledged and is nowhere");
}

TEST_F(QueueReckoningTest, TheNewestIsNeverDroppedAsTheOldest) {
  has({.max_length = 2, .overflow = Overflow::DropOldest});
  sent(3);
  acknowledged(3);
  expect_violation("t 2 was acknowledged and is nowhere");
}

/// Numbers 0 and 5 have one key.
TEST_F(QueueReckoningTest, OfEachKeyTheLastValueRemains) {
  has({.last_value = true});
  sent(7);
  acknowledged(6);
  remains({1, 2, 3, 4, 5});
  remains({2, 3, 4, 5, 6});
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  remains({0, 1, 2, 3, 4});
  expect("not what was acknowledged last of its key: t 5");
  remains({0, 1, 2, 3, 4, 5});
  EXPECT_THAT(ledger_.broken_promises().back(), HasSubstr("more than one message of t/0"));
}

TEST_F(QueueReckoningTest, OfEachKeyTheLastValueIsConsumed) {
  has({.last_value = true});
  sent(6);
  acknowledged(6);
  for (const std::uint64_t number : {2, 3, 4, 5}) done(it(number));
  expect_violation("t 1 was acknowledged and is nowhere");
  done(it(1));
  remains({});
  expect_clean();
}

}  // namespace
}  // namespace hermod::crash
