// The ledger itself, fed deliveries: each promise that it holds the broker to can be broken, and it says so.

#include "tests/crash/queue_ledger_test.h"

namespace hermod::crash {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Order = QueueRules::Order;

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
  EXPECT_THAT(ledger_.broken_promises(), Contains(HasSubstr("where t 0 was")));
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

/// It was refused first, and who sent it did not hear of that.
TEST_F(QueueLedgerTest, InAQueueThatRefusesTheyMayLieOtherwise) {
  has({.max_length = 5});
  sent(2);
  Arrival first = it(0);
  first.offset = 9;
  comes(first);
  comes(it(1));
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
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

/// It was on its way when its time was over.
TEST_F(QueueLedgerTest, WhereDeliveriesTimeOutTheyCountOnOneConnection) {
  has({.lapses = true});
  sent(1);
  const Arrival first = it(0);
  connection_ = ledger_.connected();
  comes(it(0, 2));
  comes(first);
  EXPECT_THAT(ledger_.broken_promises(), IsEmpty());
  comes(it(0, 1));
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
  EXPECT_THAT(ledger_.broken_promises(), Contains(HasSubstr("out of order")));
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

}  // namespace
}  // namespace hermod::crash
