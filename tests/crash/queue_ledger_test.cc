// The ledger itself: each promise that it holds the broker to can be broken, and it says so.

#include "tests/crash/queue_ledger.h"

#include <gmock/gmock.h>

#include "tests/crash/queue_rules.h"

namespace hermod::crash {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Answer = QueueLedger::Answer;
using Order = QueueRules::Order;
using Overflow = QueueRules::Overflow;

class QueueLedgerTest : public ::testing::Test {
 protected:
  /// One queue "q" of topic t, and one for its dead letters.
  void has(QueueRules rules, std::set<std::string> reasons = {}) {
    rules.name = "q";
    rules.prefix = "t";
    rules.reasons = reasons;
    ledger_.add(rules);
    ledger_.add({.name = "q.dlq", .prefix = "t", .dead_of = "q", .reasons = std::move(reasons)});
  }
  void sent(std::uint64_t count, std::uint8_t qos = 2) {
    for (std::uint64_t i = 0; i < count; ++i) ledger_.sent("t", qos, i);
  }
  void acknowledged(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) ledger_.acknowledged("t", i);
  }
  /// Number `n` at offset n + 1, to "a", on its first connection.
  Arrival it(std::uint64_t number, std::uint64_t count = 1) {
    if (connection_ == 0) connection_ = ledger_.connected();
    Arrival arrival{.queue = "q", .consumer = "a", .topic = "t", .number = number, .life = ledger_.life()};
    arrival.connection = connection_;
    arrival.offset = number + 1;
    arrival.count = count;
    return arrival;
  }
  Arrival dead(std::uint64_t number, const std::string& reason) {
    Arrival arrival = it(number);
    arrival.queue = "q.dlq";
    arrival.death_reason = reason;
    arrival.death_queue = "q";
    return arrival;
  }
  void comes(const Arrival& arrival) { ledger_.arrived(arrival); }
  void done(const Arrival& arrival) {
    comes(arrival);
    ledger_.answering(arrival, Answer::Done);
  }
  void back(const Arrival& arrival) {
    comes(arrival);
    ledger_.answering(arrival, Answer::Later);
  }
  void rejected(const Arrival& arrival) {
    comes(arrival);
    ledger_.answering(arrival, Answer::Reject);
  }
  void die() {
    ledger_.begin_life();
    connection_ = ledger_.connected();
  }
  void expect(const std::string& what) {
    EXPECT_THAT(ledger_.broken_promises(), ElementsAre(HasSubstr(what)));
  }
  void expect_clean() { EXPECT_THAT(ledger_.violations(), IsEmpty()); }
  void expect_violation(const std::string& what) {
    EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
    EXPECT_THAT(ledger_.violations(), ElementsAre(HasSubstr(what)));
  }
  void remains(const std::vector<std::uint64_t>& numbers, std::uint64_t mark = 0) {
    std::vector<QueueLedger::Content> contents;
    for (const std::uint64_t number : numbers) contents.push_back({"t", number});
    ledger_.remains("q", contents, mark);
  }

  QueueLedger ledger_;
  std::uint64_t connection_ = 0;
};

TEST_F(QueueLedgerTest, ALossIsOne) {
  has({});
  sent(3);
  acknowledged(2);
  done(it(0));
  expect_violation("t 1 was acknowledged and is nowhere");
  done(it(1));
  expect_clean();
}

TEST_F(QueueLedgerTest, WhatOnlyCameIsNotDone) {
  has({});
  sent(1);
  acknowledged(1);
  comes(it(0));
  expect_violation("is nowhere");
}

TEST_F(QueueLedgerTest, WhatNobodySentIsFoundOut) {
  has({});
  sent(1);
  comes(it(1));
  expect("which nobody sent");
}

TEST_F(QueueLedgerTest, WhatWasRefusedMustNotCome) {
  has({});
  sent(1);
  done(it(0));
  ledger_.refused("t", 0);
  expect_violation("although it was refused");
}

/// The first one was stored, and its answer lost.
TEST_F(QueueLedgerTest, AtQoS1WhatWasRefusedWhenItCameAgainMay) {
  has({});
  sent(1, 1);
  sent(1, 1);
  done(it(0));
  ledger_.refused("t", 0);
  expect_clean();
}

TEST_F(QueueLedgerTest, AMessageThatTheQueueDoesNotMatchIsOne) {
  has({.only_tagged = true});
  sent(4);
  acknowledged(4);
  done(it(0));
  done(it(3));
  expect_clean();
  comes(it(1));
  expect("which is not for it");
}

TEST_F(QueueLedgerTest, AMessageThatItsConsumerFiltersOutIsOne) {
  has({});
  ledger_.narrow("a", 1);
  sent(2);
  comes(it(1));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(0));
  expect("which its consumer does not want");
}

TEST_F(QueueLedgerTest, AMessageOfQoS2IsInTheQueueOnce) {
  has({});
  sent(1);
  done(it(0));
  Arrival again = it(0);
  again.offset = 7;
  comes(again);
  expect("which is at offset 1 too");
}

TEST_F(QueueLedgerTest, AtQoS1ItMayBeTwiceUnlessTheQueueKnowsItsId) {
  has({});
  ledger_.add({.name = "d", .prefix = "t", .dedup = true});
  sent(1, 1);
  for (const char* queue : {"q", "d"})
    for (const std::uint64_t offset : {1, 7}) {
      Arrival arrival = it(0);
      arrival.queue = queue;
      arrival.offset = offset;
      comes(arrival);
    }
  expect("d gave a t 0 at offset 7");
}

TEST_F(QueueLedgerTest, APublisherIsNotToldNonsense) {
  has({.dedup = true});
  sent(1);
  ledger_.told_duplicate("t", 0);
  expect("called a duplicate");
}

TEST_F(QueueLedgerTest, ARepetitionIsNotStored) {
  has({.dedup = true});
  sent(1);
  ledger_.told_stored("t", 0);
  acknowledged(1);
  sent(1);
  ledger_.told_duplicate("t", 0);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  ledger_.told_stored("t", 0);
  expect("is stored again");
}

TEST_F(QueueLedgerTest, AnOffsetIsOfOneMessage) {
  has({});
  sent(2, 1);
  comes(it(0));
  Arrival other = it(1);
  other.offset = 1;
  comes(other);
  EXPECT_THAT(ledger_.broken_promises(), ::testing::Contains(HasSubstr("where t 0 was")));
}

TEST_F(QueueLedgerTest, MessagesLieAsTheyWerePublished) {
  has({});
  sent(2);
  Arrival first = it(0);
  first.offset = 9;
  comes(first);
  comes(it(1));
  expect("not where it was published");
}

TEST_F(QueueLedgerTest, ARedeliveryCountsOn) {
  has({});
  sent(1);
  back(it(0));
  comes(it(0, 2));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(0, 2));
  expect("behind delivery 2 in this life");
}

TEST_F(QueueLedgerTest, ADeathForgetsTheDeliveryThatWasOutAndNoOther) {
  has({});
  sent(1);
  back(it(0));
  comes(it(0, 2));
  die();
  comes(it(0, 2));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  die();
  comes(it(0, 1));
  expect("behind delivery 2");
}

TEST_F(QueueLedgerTest, NoMessageIsDeliveredMoreOftenThanItMay) {
  has({.max_deliveries = 2});
  sent(1);
  comes(it(0, 3));
  expect("more than max_deliveries");
}

TEST_F(QueueLedgerTest, AtQoS1WhatWasAcknowledgedComesAgainOnlyBehindADeath) {
  has({});
  sent(1);
  done(it(0));
  die();
  done(it(0));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(0, 2));
  expect("which was acknowledged in this life");
}

TEST_F(QueueLedgerTest, AtQoS1AnAcknowledgementMayBeLostWithItsConnection) {
  has({});
  sent(1);
  done(it(0));
  ledger_.left(connection_);
  comes(it(0, 2));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
}

TEST_F(QueueLedgerTest, AtQoS2WhatWasDoneNeverComesAgain) {
  has({.exactly_once = true});
  sent(1);
  back(it(0));
  done(it(0, 2));
  die();
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(0, 2));
  expect("which was done: twice");
}

TEST_F(QueueLedgerTest, ASessionGetsAMessageOfQoS2Once) {
  has({.is_session = true});
  sent(1);
  Arrival arrival = it(0);
  arrival.offset.reset();
  done(arrival);
  die();
  comes(arrival);
  expect("twice");
}

/// Numbers 0 and 5 have one key.
TEST_F(QueueLedgerTest, OfAKeyOneIsOutAtATime) {
  has({.order = Order::Key});
  sent(6);
  comes(it(0));
  Arrival other = it(1);
  other.consumer = "b";
  comes(other);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(5));
  expect("while a has t 0");
}

TEST_F(QueueLedgerTest, InStrictOrderOneIsOutAtATime) {
  has({.order = Order::Strict});
  sent(2);
  comes(it(0));
  Arrival other = it(1);
  other.offset.reset();
  other.consumer = "b";
  comes(other);
  expect("while a has t 0");
}

TEST_F(QueueLedgerTest, AtQoS1ALeaseEndsWithItsConnectionAndWithTheBroker) {
  has({.order = Order::Strict});
  sent(2);
  comes(it(0));
  ledger_.left(connection_);
  comes(it(0, 2));
  die();
  comes(it(0));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
}

TEST_F(QueueLedgerTest, AtQoS2ALeaseOutlivesTheBroker) {
  has({.order = Order::Strict, .exactly_once = true});
  sent(2);
  comes(it(0));
  die();
  comes(it(0));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  Arrival other = it(0, 2);
  other.consumer = "b";
  comes(other);
  expect("while a has t 0");
}

TEST_F(QueueLedgerTest, OfAKeyNothingComesBehindWhatCameLater) {
  has({.order = Order::Key});
  sent(6);
  done(it(5));
  back(it(0));
  expect("out of order");
}

/// What was acknowledged and not erased comes again, from the front.
TEST_F(QueueLedgerTest, ALifeBeginsItsOrderAnew) {
  has({.order = Order::Key});
  sent(6);
  done(it(0));
  done(it(5));
  const Arrival late = it(0, 2);
  die();
  done(it(0));
  done(it(5));
  comes(late);  // sent in the life before
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(0, 2));
  EXPECT_THAT(ledger_.broken_promises(), ::testing::Contains(HasSubstr("out of order")));
}

TEST_F(QueueLedgerTest, AtQoS0AConnectionMissesNothing) {
  has({.order = Order::Strict, .at_most_once = true});
  sent(6);
  acknowledged(6);
  done(it(0));
  done(it(1));
  die();
  done(it(4));
  done(it(5));
  expect_clean();
  die();
  done(it(3));
  done(it(5));
  expect("where 4 is next");
}

TEST_F(QueueLedgerTest, AtQoS0TheLastIsNotLost) {
  has({.order = Order::Strict, .at_most_once = true});
  sent(3);
  acknowledged(3);
  done(it(0));
  done(it(1));
  expect_violation("t 2 was acknowledged and is nowhere");
}

TEST_F(QueueLedgerTest, ADeadLetterIsTheEndOfAMessage) {
  has({}, {"rejected"});
  sent(1);
  acknowledged(1);
  rejected(it(0));
  expect_violation("is nowhere");
  done(dead(0, "rejected"));
  expect_clean();
  EXPECT_EQ(ledger_.dead_count(), 1U);
}

TEST_F(QueueLedgerTest, ADeadLetterSaysWhyAndWhere) {
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

TEST_F(QueueLedgerTest, ADeadLetterOfTooManyDeliveriesHadThem) {
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

TEST_F(QueueLedgerTest, NothingExpiresBeforeItsTime) {
  has({.ttl = std::chrono::hours(1)}, {"expired"});
  sent(1);
  comes(dead(0, "expired"));
  expect("before its time");
}

TEST_F(QueueLedgerTest, ADeathMakesOneDeadLetter) {
  has({}, {"rejected"});
  sent(1);
  rejected(it(0));
  comes(dead(0, "rejected"));
  Arrival again = dead(0, "rejected");
  again.offset = 7;
  comes(again);
  expect("a dead letter twice");
}

TEST_F(QueueLedgerTest, WhatWasGivenBackIsThereOnceMore) {
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

TEST_F(QueueLedgerTest, OnlyARedriveBringsBackTheDead) {
  has({}, {"rejected"});
  sent(1);
  Arrival back = dead(0, "rejected");
  back.queue = "q";
  comes(back);
  expect("which has been dead");
}

TEST_F(QueueLedgerTest, NoQueueHoldsMoreThanItMay) {
  has({.max_length = 3});
  ledger_.holds("q", 3);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  ledger_.holds("q", 4);
  expect("holds 4 messages");
}

TEST_F(QueueLedgerTest, DropOldestKeepsTheNewest) {
  has({.max_length = 3, .overflow = Overflow::DropOldest});
  sent(6);
  acknowledged(5);
  remains({2, 3, 4});
  remains({3, 4, 5});  // it was stored, and its answer lost
  remains({4}, 4);     // consumed up to here
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
}

TEST_F(QueueLedgerTest, DropOldestLosesNothingElse) {
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

TEST_F(QueueLedgerTest, DropNewestKeepsTheOldest) {
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

TEST_F(QueueLedgerTest, WhatADropMayTakeIsNoLossAndTheRestIs) {
  has({.max_length = 2, .overflow = Overflow::DropNewest});
  sent(3);
  acknowledged(3);
  done(it(0));
  expect_violation("t 1 was acknowledged and is nowhere");
}

TEST_F(QueueLedgerTest, TheNewestIsNeverDroppedAsTheOldest) {
  has({.max_length = 2, .overflow = Overflow::DropOldest});
  sent(3);
  acknowledged(3);
  expect_violation("t 2 was acknowledged and is nowhere");
}

/// Numbers 0 and 5 have one key.
TEST_F(QueueLedgerTest, OfEachKeyTheLastValueRemains) {
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

TEST_F(QueueLedgerTest, OfEachKeyTheLastValueIsConsumed) {
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
