#include "session/queue_consumers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hermod::session {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr QueueId kOrders{1ULL << 63 | 1};
constexpr QueueId kLogs{1ULL << 63 | 2};

queue::NamedQueuePtr some_queue(QueueId id, std::uint16_t max_inflight) {
  queue::QueueDefinition definition;
  definition.name = "q";
  definition.max_inflight = max_inflight;
  return std::make_shared<const queue::NamedQueue>(
      queue::NamedQueue{.id = id, .definition = std::move(definition), .room = nullptr});
}

class QueueConsumersTest : public ::testing::Test {
 protected:
  QueueConsumer& attach(QueueId id, std::uint16_t max_inflight, wire::QoS qos = wire::QoS::AtLeastOnce) {
    QueueConsumer& consumer = consumers_.add(some_queue(id, max_inflight));
    consumer.qos = qos;
    consumers_.attach(consumer);
    return consumer;
  }
  QueueDelivery lent(QueueId id, std::uint64_t lease) {
    QueueDelivery delivery{.queue = id, .it = {}};
    delivery.it.lease = queue::LeaseId{lease};
    delivery.it.attachment = consumers_.find(id)->attachment;
    delivery.it.seq = Seq{lease};
    return delivery;
  }
  /// What the owner is told when that much of the connection's quota of 100 is left.
  std::optional<std::uint64_t> grant(QueueId id, std::uint64_t left) {
    return consumers_.grant(*consumers_.find(id), consumers_.share_of(100), left);
  }
  void send(QueueId id, std::uint64_t lease, std::uint64_t own) {
    ASSERT_TRUE(consumers_.take(lent(id, lease)));
    consumers_.sent(Seq{own}, *consumers_.next_waiting());
    consumers_.pop_waiting(/*ended=*/false);
  }
  QueueConsumers consumers_;
};

TEST_F(QueueConsumersTest, AQueueMayLendWhatMaxInflightAllows) {
  attach(kOrders, 8);
  EXPECT_EQ(grant(kOrders, 100), 8U);
  EXPECT_EQ(grant(kOrders, 100), std::nullopt) << "it knows";
}

TEST_F(QueueConsumersTest, AQueueMayLendNoMoreThanTheConnectionHasRoomFor) {
  attach(kOrders, 8);
  EXPECT_EQ(grant(kOrders, 3), 3U);
  EXPECT_EQ(grant(kOrders, 0), std::nullopt);
}

TEST_F(QueueConsumersTest, QueuesShareTheQuotaSoThatAnEmptyOneKeepsNothingFromAnother) {
  QueueConsumer& orders = attach(kOrders, 32);
  EXPECT_EQ(consumers_.grant(orders, consumers_.share_of(10), 10), 10U);
  QueueConsumer& logs = attach(kLogs, 32);
  EXPECT_EQ(consumers_.grant(logs, consumers_.share_of(10), 10), 5U);
}

TEST_F(QueueConsumersTest, WhatWaitsForTheConnectionIsNotAskedForOnceMore) {
  attach(kOrders, 8);
  grant(kOrders, 2);
  ASSERT_TRUE(consumers_.take(lent(kOrders, 1)));
  ASSERT_TRUE(consumers_.take(lent(kOrders, 2)));
  EXPECT_EQ(grant(kOrders, 2), std::nullopt);
  EXPECT_EQ(grant(kOrders, 4), 4U);
}

TEST_F(QueueConsumersTest, QoS0NeedsNoQuota) {
  attach(kOrders, 8, wire::QoS::AtMostOnce);
  EXPECT_EQ(grant(kOrders, 0), 8U);
}

TEST_F(QueueConsumersTest, CreditComesBackInStepsAndAtOnceWhenThereIsNone) {
  attach(kOrders, 8);
  grant(kOrders, 100);
  for (std::uint64_t lease = 1; lease <= 7; ++lease) send(kOrders, lease, 100 + lease);
  EXPECT_EQ(grant(kOrders, 100), std::nullopt);
  consumers_.finish(Seq{101});
  EXPECT_EQ(grant(kOrders, 100), std::nullopt) << "one is too little to tell of";
  consumers_.finish(Seq{102});
  EXPECT_EQ(grant(kOrders, 100), 10U);
}

TEST_F(QueueConsumersTest, AConsumerOfOneMessageAtATimeIsGrantedTheNext) {
  attach(kOrders, 1);
  EXPECT_EQ(grant(kOrders, 100), 1U);
  send(kOrders, 1, 101);
  EXPECT_EQ(grant(kOrders, 100), std::nullopt);
  consumers_.finish(Seq{101});
  EXPECT_EQ(grant(kOrders, 100), 2U);
}

TEST_F(QueueConsumersTest, WhatIsHandedBackEndsTheCreditUntilTheNextGrant) {
  attach(kOrders, 4);
  grant(kOrders, 100);
  ASSERT_TRUE(consumers_.take(lent(kOrders, 1)));
  EXPECT_TRUE(consumers_.call_back(kOrders, queue::LeaseId{1}));
  EXPECT_FALSE(consumers_.call_back(kOrders, queue::LeaseId{1}));
  EXPECT_EQ(grant(kOrders, 100), 5U) << "one came and four more may";
}

TEST_F(QueueConsumersTest, WhatWasOnItsWayWhenCreditEndedIsCountedAsWell) {
  attach(kOrders, 2);
  grant(kOrders, 100);
  ASSERT_TRUE(consumers_.take(lent(kOrders, 1)));
  consumers_.call_back(kOrders, queue::LeaseId{1});
  EXPECT_EQ(grant(kOrders, 1), 2U);
  ASSERT_TRUE(consumers_.take(lent(kOrders, 2)));
  ASSERT_TRUE(consumers_.take(lent(kOrders, 3))) << "beyond the limit: it was lent before";
  EXPECT_EQ(grant(kOrders, 100), std::nullopt) << "it has as much as it may";
}

TEST_F(QueueConsumersTest, ADeliveryOfAnEarlierStayIsNotTaken) {
  QueueConsumer& consumer = attach(kOrders, 4);
  const QueueDelivery late = lent(kOrders, 1);
  consumer.is_attached = false;
  EXPECT_FALSE(consumers_.take(QueueDelivery(late)));
  consumers_.attach(consumer);
  EXPECT_FALSE(consumers_.take(QueueDelivery(late)));
  EXPECT_FALSE(consumers_.take({kLogs, late.it}));
}

TEST_F(QueueConsumersTest, WhatAnUnsubscribedStayHasSentCountsForTheNext) {
  QueueConsumer& consumer = attach(kOrders, 4);
  grant(kOrders, 100);
  send(kOrders, 1, 101);
  consumer.is_attached = false;
  consumers_.attach(consumer);
  EXPECT_EQ(grant(kOrders, 100), 3U);
}

TEST_F(QueueConsumersTest, TheEndOfAConnectionLeavesNothingButTheNumbers) {
  const queue::AttachmentNo first = attach(kOrders, 4).attachment;
  send(kOrders, 1, 101);
  ASSERT_TRUE(consumers_.take(lent(kOrders, 2)));
  const QueueConsumers::Left left = consumers_.disconnect();
  EXPECT_THAT(left.with_client, ElementsAre(Seq{101}));
  ASSERT_EQ(left.waiting.size(), 1U);
  EXPECT_EQ(left.waiting.front().it.lease, queue::LeaseId{2});
  EXPECT_EQ(consumers_.next_waiting(), nullptr);
  EXPECT_EQ(consumers_.finish(Seq{101}), std::nullopt);
  EXPECT_LT(first, attach(kOrders, 4).attachment);
}

TEST_F(QueueConsumersTest, AnEntryIsFoundUntilItIsSettledOrAnswered) {
  attach(kOrders, 4);
  send(kOrders, 7, 101);
  QueueConsumers::Sent* sent = consumers_.find_sent(kOrders, Seq{7});
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(consumers_.find_sent(kLogs, Seq{7}), nullptr);
  sent->is_settled = true;
  EXPECT_EQ(consumers_.find_sent(kOrders, Seq{7}), nullptr);
  EXPECT_TRUE(consumers_.finish(Seq{101})->is_settled);
}

TEST_F(QueueConsumersTest, OfTwoDeliveriesOfAnEntryTheLaterIsMeant) {
  attach(kOrders, 4);
  for (const std::uint64_t lease : {3, 8, 5}) {
    QueueDelivery delivery = lent(kOrders, lease);
    delivery.it.seq = Seq{7};
    ASSERT_TRUE(consumers_.take(QueueDelivery(delivery)));
    consumers_.sent(Seq{100 + lease}, delivery);
    consumers_.pop_waiting(/*ended=*/false);
  }
  EXPECT_EQ(consumers_.find_sent(kOrders, Seq{7})->lease, queue::LeaseId{8});
  EXPECT_EQ(consumers_.find_sent(kOrders, Seq{})->lease, queue::LeaseId{3}) << "the oldest of all";
}

TEST_F(QueueConsumersTest, APubrelIsOwedOnce) {
  consumers_.owe_pubrel(Seq{1});
  consumers_.owe_pubrel(Seq{1});
  consumers_.owe_pubrel(Seq{2});
  EXPECT_THAT(consumers_.pubrel_ready(Seq{2}), IsEmpty());
  EXPECT_THAT(consumers_.pubrel_ready(Seq{1}), ElementsAre(Seq{1}, Seq{2}));
  EXPECT_THAT(consumers_.pubrel_ready(Seq{3}), ElementsAre(Seq{3})) << "it is not owed";
}

TEST_F(QueueConsumersTest, AllThatAQueueHasLentIsCalledBack) {
  attach(kOrders, 4);
  attach(kLogs, 4);
  ASSERT_TRUE(consumers_.take(lent(kOrders, 1)));
  ASSERT_TRUE(consumers_.take(lent(kLogs, 9)));
  ASSERT_TRUE(consumers_.take(lent(kOrders, 2)));
  EXPECT_THAT(consumers_.call_back_all(kOrders), ElementsAre(queue::LeaseId{1}, queue::LeaseId{2}));
  EXPECT_THAT(consumers_.call_back_all(kOrders), IsEmpty());
  EXPECT_EQ(consumers_.next_waiting()->queue, kLogs);
}

TEST_F(QueueConsumersTest, SequencesAreUsedInTheirOrder) {
  EXPECT_EQ(consumers_.next_sequence(), std::nullopt);
  consumers_.give_sequences(Seq{10}, 2);
  EXPECT_EQ(consumers_.next_sequence(), Seq{10});
  consumers_.use_sequence();
  EXPECT_EQ(consumers_.next_sequence(), Seq{11});
  consumers_.use_sequence();
  EXPECT_EQ(consumers_.next_sequence(), std::nullopt);
}

TEST_F(QueueConsumersTest, SequencesFarBehindTheQueueAreNotUsed) {
  consumers_.give_sequences(Seq{10}, 2);
  consumers_.drop_old_sequences(Seq{1000});
  EXPECT_EQ(consumers_.sequences_left(), 2U);
  consumers_.drop_old_sequences(Seq{40'000});
  EXPECT_EQ(consumers_.sequences_left(), 0U) << "their packet identifiers are soon those of new messages";
}

TEST_F(QueueConsumersTest, WhoIsGoneOrNeedsNoQuotaHasNoShareOfIt) {
  attach(kOrders, 100);
  EXPECT_EQ(consumers_.share_of(10), 10U);
  QueueConsumer& logs = attach(kLogs, 100);
  EXPECT_EQ(consumers_.share_of(10), 5U);
  logs.is_attached = false;
  EXPECT_EQ(consumers_.share_of(10), 10U) << "it has unsubscribed";
  logs.is_attached = true;
  logs.qos = wire::QoS::AtMostOnce;
  EXPECT_EQ(consumers_.share_of(10), 10U);
  EXPECT_EQ(consumers_.share_of(0), 1U);
}

}  // namespace
}  // namespace hermod::session
