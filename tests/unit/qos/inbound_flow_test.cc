#include "qos/inbound_flow.h"

#include <gtest/gtest.h>

namespace hermod::qos {
namespace {

using Phase = InboundFlow::Phase;
using wire::PacketId;
using wire::QoS;

constexpr QoS kQoS1 = QoS::AtLeastOnce;
constexpr QoS kQoS2 = QoS::ExactlyOnce;

class InboundFlowTest : public ::testing::Test {
 protected:
  InboundFlowTest() { flow_.on_connected(10); }
  /// Brings the id to the state in which PUBREC has left.
  void receive(PacketId id) {
    ASSERT_EQ(flow_.on_publish(id, kQoS2), Admit::Deliver);
    flow_.on_committed(id, kQoS2);
  }
  InboundFlow flow_;
};

TEST_F(InboundFlowTest, AWholeQoS2Exchange) {
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  EXPECT_EQ(flow_.phase({5}), Phase::Storing);
  flow_.on_committed({5}, kQoS2);
  EXPECT_EQ(flow_.phase({5}), Phase::Received);
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
  EXPECT_EQ(flow_.quota().used(), 1) << "the place is taken until PUBCOMP";
  flow_.on_erased({5});
  EXPECT_EQ(flow_.phase({5}), std::nullopt);
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver) << "the id is new again [MQTT-4.3.3-12]";
}

TEST_F(InboundFlowTest, AWholeQoS1Exchange) {
  EXPECT_EQ(flow_.on_publish({5}, kQoS1), Admit::Deliver);
  flow_.on_committed({5}, kQoS1);
  EXPECT_EQ(flow_.quota().used(), 1);
  flow_.on_acknowledged({5});
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(flow_.on_publish({5}, kQoS1), Admit::Deliver) << "after PUBACK the id is new [MQTT-4.3.2-5]";
}

TEST_F(InboundFlowTest, SeenPublishIsAnsweredAgain) {
  receive({5});
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::AlreadySeen);
  EXPECT_EQ(flow_.quota().used(), 1) << "one exchange takes one place, however often it is sent";
  flow_.on_connected(10);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::AlreadySeen);
  EXPECT_EQ(flow_.quota().used(), 1);
}

TEST_F(InboundFlowTest, SeenPublishIsAnsweredBehindThePendingCommit) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  flow_.on_connected(10);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::AlreadySeenPending);
  flow_.on_committed({5}, kQoS2);
  EXPECT_EQ(flow_.phase({5}), Phase::Received);
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
}

TEST_F(InboundFlowTest, ARepeatOnTheSameConnectionGetsNoSecondAnswer) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::AnswerUnderway);
  ASSERT_EQ(flow_.on_publish({6}, kQoS1), Admit::Deliver);
  EXPECT_EQ(flow_.on_publish({6}, kQoS1), Admit::AnswerUnderway);
  EXPECT_EQ(flow_.quota().used(), 2);
  flow_.on_connected(10);
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::AlreadySeenPending);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::AnswerUnderway);
}

TEST_F(InboundFlowTest, AFailedCommitMakesTheIdNew) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  flow_.on_commit_failed({5}, kQoS2);
  EXPECT_EQ(flow_.phase({5}), Phase::Refused);
  EXPECT_EQ(flow_.quota().used(), 1) << "until the PUBREC with the error has left";
  EXPECT_TRUE(flow_.exactly_once_ids().empty());
  flow_.on_acknowledged({5});
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
}

TEST_F(InboundFlowTest, AFailedCommitOfALostConnectionLeavesNothing) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  flow_.on_connected(10);
  flow_.on_commit_failed({5}, kQoS2);
  EXPECT_EQ(flow_.size(), 0U);
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
}

TEST_F(InboundFlowTest, AFailedCommitIsToldToTheConnectionThatAskedAgain) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  flow_.on_connected(10);
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::AlreadySeenPending);
  flow_.on_commit_failed({5}, kQoS2);
  EXPECT_EQ(flow_.phase({5}), Phase::Refused);
  flow_.on_acknowledged({5});
  EXPECT_EQ(flow_.size(), 0U);
}

TEST_F(InboundFlowTest, ARefusalThatCouldNotBeToldIsForgottenWithTheConnection) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  flow_.on_commit_failed({5}, kQoS2);
  flow_.on_connected(10);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
}

TEST_F(InboundFlowTest, MoreThanReceiveMaximumIsRefused) {
  flow_.on_connected(2);
  EXPECT_EQ(flow_.on_publish({1}, kQoS1), Admit::Deliver);
  EXPECT_EQ(flow_.on_publish({2}, kQoS2), Admit::Deliver);
  EXPECT_EQ(flow_.on_publish({3}, kQoS1), Admit::QuotaExceeded);
  EXPECT_EQ(flow_.on_publish({3}, kQoS2), Admit::QuotaExceeded);
  EXPECT_EQ(flow_.phase({3}), std::nullopt);
  flow_.on_acknowledged({1});
  EXPECT_EQ(flow_.on_publish({3}, kQoS2), Admit::Deliver);
}

TEST_F(InboundFlowTest, WhatIsSentAgainCountsOnTheNewConnection) {
  receive({1});
  receive({2});
  flow_.on_connected(1);
  EXPECT_EQ(flow_.quota().used(), 0) << "the quota is the connection's";
  EXPECT_EQ(flow_.on_publish({1}, kQoS2), Admit::AlreadySeen);
  EXPECT_EQ(flow_.on_publish({2}, kQoS2), Admit::QuotaExceeded);
}

TEST_F(InboundFlowTest, APubrelForAnOlderPublishGivesNoPlaceBack) {
  receive({1});
  flow_.on_connected(10);
  ASSERT_EQ(flow_.on_publish({2}, kQoS1), Admit::Deliver);
  EXPECT_EQ(flow_.on_pubrel({1}), OnPubrel::Erase);
  flow_.on_erased({1});
  EXPECT_EQ(flow_.quota().used(), 1) << "the place belongs to id 2";
}

TEST_F(InboundFlowTest, PubrelOfAnUnknownIdIsUnknown) {
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::Unknown);
  EXPECT_EQ(flow_.size(), 0U);
}

TEST_F(InboundFlowTest, PubrelWhileItsEraseRuns) {
  receive({5});
  ASSERT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::AnswerUnderway);
  flow_.on_connected(10);
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::ErasePending) << "a new connection waits behind the old erase";
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::AnswerUnderway);
  flow_.on_erased({5});
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::Unknown);
}

TEST_F(InboundFlowTest, AnEraseOfALostConnectionStillFreesTheId) {
  receive({5});
  ASSERT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
  flow_.on_connected(10);
  flow_.on_erased({5});
  EXPECT_EQ(flow_.size(), 0U);
}

TEST_F(InboundFlowTest, AFailedEraseKeepsTheId) {
  receive({5});
  ASSERT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
  flow_.on_erase_failed({5});
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::AlreadySeen);
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
}

TEST_F(InboundFlowTest, PubrelBeforePubrecIsAProtocolError) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS2), Admit::Deliver);
  EXPECT_EQ(flow_.on_pubrel({5}), OnPubrel::ProtocolError);
  ASSERT_EQ(flow_.on_publish({6}, kQoS1), Admit::Deliver);
  EXPECT_EQ(flow_.on_pubrel({6}), OnPubrel::ProtocolError);
  ASSERT_EQ(flow_.on_publish({7}, kQoS2), Admit::Deliver);
  flow_.on_commit_failed({7}, kQoS2);
  EXPECT_EQ(flow_.on_pubrel({7}), OnPubrel::ProtocolError);
}

TEST_F(InboundFlowTest, AnIdInUseForAnotherExchangeIsRefused) {
  receive({5});
  EXPECT_EQ(flow_.on_publish({5}, kQoS1), Admit::PacketIdInUse);
  ASSERT_EQ(flow_.on_publish({6}, kQoS1), Admit::Deliver);
  EXPECT_EQ(flow_.on_publish({6}, kQoS2), Admit::PacketIdInUse);
  ASSERT_EQ(flow_.on_pubrel({5}), OnPubrel::Erase);
  EXPECT_EQ(flow_.on_publish({5}, kQoS2), Admit::PacketIdInUse) << "PUBREL was sent, PUBCOMP not yet";
  EXPECT_EQ(flow_.quota().used(), 2);
}

TEST_F(InboundFlowTest, QoS1IdsEndWithTheirConnection) {
  ASSERT_EQ(flow_.on_publish({5}, kQoS1), Admit::Deliver);
  flow_.on_connected(10);
  EXPECT_EQ(flow_.size(), 0U);
  flow_.on_committed({5}, kQoS1);
  flow_.on_commit_failed({5}, kQoS1);
  EXPECT_EQ(flow_.on_publish({5}, kQoS1), Admit::Deliver) << "never acknowledged, so it is stored again";
}

TEST_F(InboundFlowTest, RestoredIdsAreSeen) {
  InboundFlow flow;
  flow.restore({9});
  flow.restore({3});
  EXPECT_EQ(flow.exactly_once_ids(), (std::vector<PacketId>{{3}, {9}}));
  flow.on_connected(10);
  EXPECT_EQ(flow.on_publish({9}, kQoS2), Admit::AlreadySeen);
  EXPECT_EQ(flow.on_pubrel({3}), OnPubrel::Erase);
}

TEST_F(InboundFlowTest, OwnsNoMemoryWhileNothingIsInFlight) {
  flow_.on_connected(1000);
  for (std::uint16_t id = 1; id <= 1000; ++id) receive({id});
  EXPECT_GT(flow_.owned_bytes(), 0U);
  EXPECT_EQ(flow_.exchanges().size(), 1000U);
  for (std::uint16_t id = 1; id <= 1000; ++id) {
    ASSERT_EQ(flow_.on_pubrel({id}), OnPubrel::Erase);
    flow_.on_erased({id});
  }
  EXPECT_EQ(flow_.owned_bytes(), 0U);
  EXPECT_EQ(flow_.quota().used(), 0);
}

TEST_F(InboundFlowTest, ACopyIsAValueOfItsOwn) {
  receive({5});
  InboundFlow copy = flow_;
  EXPECT_EQ(copy.exchanges(), flow_.exchanges());
  ASSERT_EQ(copy.on_pubrel({5}), OnPubrel::Erase);
  EXPECT_EQ(flow_.phase({5}), Phase::Received);
}

TEST(InboundFlowDeathTest, NewsOfWhatIsNotUnderwayIsABug) {
  InboundFlow flow;
  flow.on_connected(10);
  EXPECT_DEATH(flow.on_committed({5}, kQoS2), "Storing");
  EXPECT_DEATH(flow.on_erased({5}), "Erasing");
  EXPECT_DEATH(flow.on_acknowledged({5}), "Publishing");
}

}  // namespace
}  // namespace hermod::qos
