#include "qos/outbound_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermod::qos {

/// So that failures can be read.
void PrintTo(const Resend& resend, std::ostream* out) {
  *out << (resend.what == Resend::What::Publish ? "PUBLISH " : "PUBREL ") << resend.seq.v;
}

namespace {

using Phase = OutboundFlow::Phase;
using wire::PacketId;
using wire::QoS;

constexpr QoS kQoS1 = QoS::AtLeastOnce;
constexpr QoS kQoS2 = QoS::ExactlyOnce;

class OutboundFlowTest : public ::testing::Test {
 protected:
  OutboundFlowTest() { flow_.on_connected(10); }

  PacketId start(std::uint64_t seq, QoS qos) {
    const std::optional<PacketId> id = flow_.start({seq}, qos);
    EXPECT_TRUE(id) << seq;
    return id.value_or(PacketId{});
  }
  /// "PUBLISH 3", "PUBREL 4", "pending PUBREL 5": what is to be sent again now.
  std::vector<std::string> resends() {
    std::vector<std::string> all;
    while (const auto again = flow_.next_resend()) {
      EXPECT_EQ(again->id, packet_id_for(again->seq));
      const std::string seq = std::to_string(again->seq.v);
      switch (again->what) {
        case Resend::What::Publish:
          all.push_back("PUBLISH " + seq);
          break;
        case Resend::What::Pubrel:
          all.push_back("PUBREL " + seq);
          break;
        case Resend::What::PubrelBehindPending:
          all.push_back("pending PUBREL " + seq);
          break;
      }
    }
    return all;
  }
  OutboundFlow flow_;
};

TEST_F(OutboundFlowTest, AWholeQoS1Exchange) {
  const PacketId id = start(1, kQoS1);
  EXPECT_EQ(id, PacketId{2});
  EXPECT_EQ(flow_.quota().used(), 1);
  const OnFinish acked = flow_.on_puback(id);
  EXPECT_EQ(acked.what, OnFinish::What::Erase);
  EXPECT_EQ(acked.seq, Seq{1});
  EXPECT_EQ(flow_.quota().used(), 0) << "the client has answered";
  EXPECT_EQ(flow_.phase({1}), Phase::Erasing) << "but the id is held until the erase is durable";
  flow_.on_erased({1});
  EXPECT_EQ(flow_.size(), 0U);
}

TEST_F(OutboundFlowTest, AWholeQoS2Exchange) {
  const PacketId id = start(7, kQoS2);
  const OnPubrec received = flow_.on_pubrec(id);
  EXPECT_EQ(received.what, OnPubrec::What::CommitThenPubrel);
  EXPECT_EQ(received.seq, Seq{7});
  EXPECT_EQ(flow_.on_pubrec(id).what, OnPubrec::What::AnswerUnderway);
  flow_.on_released({7});
  EXPECT_EQ(flow_.on_pubrec(id).what, OnPubrec::What::PubrelAgain);
  EXPECT_EQ(flow_.quota().used(), 1) << "until PUBCOMP";
  const OnFinish finished = flow_.on_pubcomp(id);
  EXPECT_EQ(finished.what, OnFinish::What::Erase);
  EXPECT_EQ(finished.seq, Seq{7});
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(flow_.on_pubcomp(id).what, OnFinish::What::Stray);
  flow_.on_erased({7});
  EXPECT_EQ(flow_.on_pubcomp(id).what, OnFinish::What::Stray);
  EXPECT_EQ(flow_.quota().used(), 0);
}

TEST_F(OutboundFlowTest, PubrecWithAnErrorEndsTheExchange) {
  const PacketId id = start(7, kQoS2);
  const OnFinish refused = flow_.on_refused(id);
  EXPECT_EQ(refused.what, OnFinish::What::Erase);
  EXPECT_EQ(refused.seq, Seq{7});
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(flow_.on_refused(id).what, OnFinish::What::Stray);
  EXPECT_EQ(flow_.on_pubrec(id).what, OnPubrec::What::UnknownId);
  flow_.on_erased({7});
  EXPECT_EQ(flow_.size(), 0U);
}

TEST_F(OutboundFlowTest, NothingStartsWithoutQuota) {
  flow_.on_connected(2);
  const PacketId first = start(1, kQoS1);
  start(2, kQoS2);
  EXPECT_FALSE(flow_.can_start());
  EXPECT_EQ(flow_.start({3}, kQoS1), std::nullopt);
  EXPECT_EQ(flow_.phase({3}), std::nullopt);
  flow_.on_puback(first);
  EXPECT_TRUE(flow_.can_start());
  start(3, kQoS1);
}

TEST_F(OutboundFlowTest, NothingStartsBeforeAConnection) {
  OutboundFlow flow;
  EXPECT_FALSE(flow.can_start());
  EXPECT_EQ(flow.start({1}, kQoS1), std::nullopt);
}

TEST_F(OutboundFlowTest, AnAckOfTheWrongKindIsAProtocolErrorAndChangesNothing) {
  const PacketId one = start(1, kQoS1);
  const PacketId two = start(2, kQoS2);
  EXPECT_EQ(flow_.on_puback(two).what, OnFinish::What::ProtocolError);
  EXPECT_EQ(flow_.on_pubrec(one).what, OnPubrec::What::ProtocolError);
  EXPECT_EQ(flow_.on_refused(one).what, OnFinish::What::ProtocolError);
  EXPECT_EQ(flow_.on_pubcomp(one).what, OnFinish::What::ProtocolError);
  EXPECT_EQ(flow_.on_pubcomp(two).what, OnFinish::What::ProtocolError) << "there was no PUBREL to answer";
  EXPECT_EQ(flow_.quota().used(), 2);
  EXPECT_EQ(flow_.phase({1}), Phase::Sent);
  EXPECT_EQ(flow_.phase({2}), Phase::Sent);
  flow_.on_pubrec(two);
  EXPECT_EQ(flow_.on_pubcomp(two).what, OnFinish::What::ProtocolError) << "PUBREL waits for the disk";
  EXPECT_EQ(flow_.on_refused(two).what, OnFinish::What::ProtocolError) << "PUBREC said success before";
}

TEST_F(OutboundFlowTest, StrayAcksNeverRaiseTheQuota) {
  flow_.on_connected(3);
  const PacketId id = start(1, kQoS1);
  start(2, kQoS1);
  for (int again = 0; again < 3; ++again) {
    flow_.on_puback(id);
    EXPECT_EQ(flow_.on_puback({999}).what, OnFinish::What::Stray);
    EXPECT_EQ(flow_.on_pubcomp({999}).what, OnFinish::What::Stray);
    EXPECT_EQ(flow_.on_refused({999}).what, OnFinish::What::Stray);
    EXPECT_EQ(flow_.on_pubrec({999}).what, OnPubrec::What::UnknownId);
    EXPECT_EQ(flow_.on_puback({0}).what, OnFinish::What::Stray);
    EXPECT_EQ(flow_.quota().used(), 1);
  }
}

TEST_F(OutboundFlowTest, AnIdIsNotUsedAgainBeforeItsEraseIsDurable) {
  const PacketId id = start(1, kQoS1);
  flow_.on_puback(id);
  EXPECT_EQ(flow_.start({1 + kPacketIdCount}, kQoS1), std::nullopt);
  EXPECT_TRUE(flow_.can_start()) << "it is the id that is missing, not the quota";
  flow_.on_erased({1});
  EXPECT_EQ(start(1 + kPacketIdCount, kQoS1), id);
}

TEST_F(OutboundFlowTest, AStuckMessageStopsTheQueueAfter65535Successors) {
  flow_.on_connected(100);
  start(1, kQoS2);
  for (std::uint64_t seq = 2; seq < 1 + kPacketIdCount; ++seq) {
    flow_.on_puback(start(seq, kQoS1));
    flow_.on_erased({seq});
  }
  EXPECT_EQ(flow_.start({1 + kPacketIdCount}, kQoS1), std::nullopt);
  EXPECT_EQ(flow_.size(), 1U);
  EXPECT_LE(flow_.owned_bytes(), 128U * 8U) << "what finished in between is not kept";
}

TEST_F(OutboundFlowTest, EverythingOpenIsSentAgainInOrder) {
  const PacketId one = start(1, kQoS1);
  start(2, kQoS2);
  const PacketId three = start(3, kQoS2);
  const PacketId four = start(4, kQoS2);
  start(5, kQoS1);
  flow_.on_puback(one);
  flow_.on_pubrec(three);
  flow_.on_released({3});
  flow_.on_pubrec(four);

  flow_.on_connected(10);
  EXPECT_FALSE(flow_.can_start()) << "first what was sent before [MQTT-4.4.0-1]";
  EXPECT_EQ(flow_.start({6}, kQoS1), std::nullopt);
  EXPECT_EQ(resends(), (std::vector<std::string>{"PUBLISH 2", "PUBREL 3", "pending PUBREL 4", "PUBLISH 5"}));
  EXPECT_TRUE(flow_.can_start());
  EXPECT_EQ(flow_.quota().used(), 2) << "PUBREL takes no place";
  start(6, kQoS1);
}

TEST_F(OutboundFlowTest, SendingAgainKeepsToTheNewReceiveMaximum) {
  for (std::uint64_t seq = 1; seq <= 4; ++seq) start(seq, kQoS1);
  flow_.on_connected(2);
  EXPECT_EQ(resends(), (std::vector<std::string>{"PUBLISH 1", "PUBLISH 2"}));
  EXPECT_FALSE(flow_.can_start());
  flow_.on_puback(packet_id_for({1}));
  EXPECT_FALSE(flow_.can_start()) << "3 comes before anything new";
  EXPECT_EQ(resends(), (std::vector<std::string>{"PUBLISH 3"}));
  flow_.on_puback(packet_id_for({3}));
  EXPECT_EQ(resends(), (std::vector<std::string>{"PUBLISH 4"}));
  flow_.on_puback(packet_id_for({2}));
  EXPECT_EQ(resends(), (std::vector<std::string>{}));
  EXPECT_TRUE(flow_.can_start());
}

TEST_F(OutboundFlowTest, ALateAckBeforeTheResendEndsTheExchangeWithoutQuota) {
  const PacketId one = start(1, kQoS1);
  flow_.on_connected(1);
  EXPECT_EQ(flow_.on_puback(one).what, OnFinish::What::Erase);
  EXPECT_EQ(flow_.quota().used(), 0);
  EXPECT_EQ(resends(), (std::vector<std::string>{}));
  EXPECT_EQ(flow_.quota().left(), 1);
}

TEST_F(OutboundFlowTest, PubcompForAnOlderPublishGivesNoPlaceBack) {
  const PacketId id = start(1, kQoS2);
  flow_.on_pubrec(id);
  flow_.on_released({1});
  flow_.on_connected(1);
  EXPECT_EQ(resends(), (std::vector<std::string>{"PUBREL 1"}));
  start(2, kQoS1);
  EXPECT_EQ(flow_.on_pubcomp(id).what, OnFinish::What::Erase);
  EXPECT_EQ(flow_.quota().used(), 1) << "the place belongs to sequence 2";
}

TEST_F(OutboundFlowTest, PubrelIsSentAgainOnlyWhenReleasedIsDurable) {
  const PacketId id = start(1, kQoS2);
  flow_.on_pubrec(id);
  flow_.on_connected(10);
  EXPECT_EQ(resends(), (std::vector<std::string>{"pending PUBREL 1"}));
  flow_.on_released({1});
  EXPECT_EQ(flow_.phase({1}), Phase::Released);
  EXPECT_EQ(flow_.on_pubcomp(id).what, OnFinish::What::Erase);
}

TEST_F(OutboundFlowTest, AFailedReleaseBeginsAgainOnTheNextConnection) {
  const PacketId id = start(1, kQoS2);
  flow_.on_pubrec(id);
  flow_.on_release_failed({1});
  EXPECT_EQ(flow_.phase({1}), Phase::Sent);
  flow_.on_connected(10);
  EXPECT_EQ(resends(), (std::vector<std::string>{"PUBLISH 1"}));
  EXPECT_EQ(flow_.on_pubrec(id).what, OnPubrec::What::CommitThenPubrel);
}

TEST_F(OutboundFlowTest, RestoredExchangesGoOnUnderTheSameIds) {
  OutboundFlow flow;
  flow.restore({70'000}, kQoS2, true);
  flow.restore({69'998}, kQoS2, false);
  flow.restore({69'999}, kQoS1, false);
  flow.on_connected(10);
  std::vector<std::uint64_t> order;
  while (const auto again = flow.next_resend()) order.push_back(again->seq.v);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{69'998, 69'999, 70'000}));
  EXPECT_EQ(flow.on_pubcomp(packet_id_for({70'000})).what, OnFinish::What::Erase);
  EXPECT_EQ(flow.on_puback(packet_id_for({69'999})).what, OnFinish::What::Erase);
}

/// The message of 7 is not the session's, and nobody has said yet what becomes of it.
TEST_F(OutboundFlowTest, AHeldExchangeKeepsItsIdAndSaysNothing) {
  OutboundFlow flow;
  flow.restore_held({7});
  flow.on_connected(10);
  EXPECT_FALSE(flow.next_resend());
  EXPECT_TRUE(flow.can_start());
  const PacketId id = packet_id_for({7});
  EXPECT_EQ(flow.on_pubrec(id).what, OnPubrec::What::AnswerUnderway);
  EXPECT_EQ(flow.on_refused(id).what, OnFinish::What::Stray);
  EXPECT_EQ(flow.phase({7}), Phase::Held);
  EXPECT_FALSE(flow.start({7 + kPacketIdCount}, kQoS2)) << "the client may hold its id";
  EXPECT_TRUE(flow.start({6 + kPacketIdCount}, kQoS2));

  flow.restore({7}, kQoS2, /*released=*/false);
  EXPECT_EQ(flow.phase({7}), Phase::Sent);
  EXPECT_EQ(flow.on_pubrec(id).what, OnPubrec::What::CommitThenPubrel);
}

TEST_F(OutboundFlowTest, EntriesBeforeARestoredOneCanStartAfterIt) {
  OutboundFlow flow;
  flow.restore({7}, kQoS2, true);
  flow.on_connected(10);
  ASSERT_TRUE(flow.next_resend());
  ASSERT_FALSE(flow.next_resend());
  EXPECT_TRUE(flow.start({5}, kQoS1));
  EXPECT_TRUE(flow.start({6}, kQoS2));
  EXPECT_TRUE(flow.start({8}, kQoS2));
  std::vector<std::uint64_t> seqs;
  for (const InFlight& exchange : flow.exchanges()) seqs.push_back(exchange.seq().v);
  EXPECT_EQ(seqs, (std::vector<std::uint64_t>{5, 6, 7, 8}));
}

TEST_F(OutboundFlowTest, OwnsNoMemoryWhileIdle) {
  flow_.on_connected(65535);
  for (std::uint64_t seq = 1; seq <= 65535; ++seq) start(seq, kQoS1);
  EXPECT_EQ(flow_.start({65536}, kQoS1), std::nullopt);
  EXPECT_EQ(flow_.owned_bytes(), 65536U * 8U);
  for (std::uint64_t seq = 65535; seq >= 1; --seq) {
    ASSERT_EQ(flow_.on_puback(packet_id_for({seq})).what, OnFinish::What::Erase);
    flow_.on_erased({seq});
  }
  EXPECT_EQ(flow_.owned_bytes(), 0U);
  EXPECT_EQ(flow_.quota().used(), 0);
}

TEST_F(OutboundFlowTest, ACopyIsAValueOfItsOwn) {
  const PacketId id = start(1, kQoS2);
  OutboundFlow copy = flow_;
  EXPECT_EQ(copy.exchanges(), flow_.exchanges());
  copy.on_pubrec(id);
  EXPECT_EQ(flow_.phase({1}), Phase::Sent);
}

TEST_F(OutboundFlowTest, WhatIsAbandonedGivesBackItsIdentifierAndItsQuota) {
  start(1, kQoS1);
  flow_.on_pubrec(start(2, kQoS2));
  start(3, kQoS2);
  flow_.abandon({1});
  flow_.abandon({3});
  flow_.abandon({4});
  EXPECT_EQ(flow_.phase({1}), std::nullopt);
  EXPECT_EQ(flow_.phase({3}), std::nullopt);
  EXPECT_EQ(flow_.size(), 1U);
}

TEST(OutboundFlowDeathTest, NewsOfWhatIsNotUnderwayIsABug) {
  OutboundFlow flow;
  flow.on_connected(10);
  ASSERT_TRUE(flow.start({1}, kQoS2));
  EXPECT_DEATH(flow.on_released({1}), "Releasing");
  EXPECT_DEATH(flow.on_erased({1}), "Erasing");
  EXPECT_DEATH(flow.on_erased({2}), "Erasing");
  EXPECT_DEATH(flow.start({1}, kQoS2), "Gone");
}

}  // namespace
}  // namespace hermod::qos
