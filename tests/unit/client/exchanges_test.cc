#include "client/exchanges.h"

#include <gtest/gtest.h>

namespace hermod::client {
namespace {

using wire::Ack;
using wire::PacketId;
using wire::PacketType;
using wire::QoS;
using wire::ReasonCode;

Exchanges::Step ack(Exchanges& exchanges, PacketType type, PacketId id,
                    ReasonCode reason = ReasonCode::Success) {
  return exchanges.on_ack(Ack{.type = type, .id = id, .reason = reason});
}

TEST(Exchanges, QoS1EndsWithItsPuback) {
  Exchanges exchanges;
  const PacketId id = exchanges.start_publish(QoS::AtLeastOnce);
  EXPECT_EQ(id.v, 1);
  EXPECT_EQ(exchanges.publishes_in_flight(), 1U);
  EXPECT_TRUE(ack(exchanges, PacketType::Puback, id).is_finished);
  EXPECT_TRUE(exchanges.idle());
}

TEST(Exchanges, QoS2GoesThroughAllFourPackets) {
  Exchanges exchanges;
  const PacketId id = exchanges.start_publish(QoS::ExactlyOnce);
  const auto received = ack(exchanges, PacketType::Pubrec, id);
  ASSERT_TRUE(received.answer);
  EXPECT_EQ(received.answer->type, PacketType::Pubrel);
  EXPECT_EQ(received.answer->reason, ReasonCode::Success);
  EXPECT_FALSE(received.is_finished);
  EXPECT_TRUE(ack(exchanges, PacketType::Pubcomp, id).is_finished);
  EXPECT_TRUE(exchanges.idle());
}

TEST(Exchanges, ARefusedPubrecEndsTheExchangeWithoutPubrel) {
  Exchanges exchanges;
  const PacketId id = exchanges.start_publish(QoS::ExactlyOnce);
  const auto step = ack(exchanges, PacketType::Pubrec, id, ReasonCode::QuotaExceeded);
  EXPECT_TRUE(step.is_finished);
  EXPECT_FALSE(step.answer);
  EXPECT_TRUE(exchanges.idle());
}

TEST(Exchanges, AnAckOfTheWrongKindChangesNothing) {
  Exchanges exchanges;
  const PacketId first = exchanges.start_publish(QoS::AtLeastOnce);
  const PacketId second = exchanges.start_publish(QoS::ExactlyOnce);
  EXPECT_TRUE(ack(exchanges, PacketType::Pubrec, first).is_foreign);
  EXPECT_TRUE(ack(exchanges, PacketType::Puback, second).is_foreign);
  EXPECT_TRUE(ack(exchanges, PacketType::Pubcomp, second).is_foreign);
  EXPECT_EQ(exchanges.publishes_in_flight(), 2U);
}

TEST(Exchanges, AnUnknownPubrecIsReleasedWithItsReason) {
  Exchanges exchanges;
  const auto step = ack(exchanges, PacketType::Pubrec, PacketId{9});
  EXPECT_TRUE(step.is_foreign);
  ASSERT_TRUE(step.answer);
  EXPECT_EQ(step.answer->type, PacketType::Pubrel);
  EXPECT_EQ(step.answer->reason, ReasonCode::PacketIdentifierNotFound);
}

TEST(Exchanges, AQoS2MessageIsHandedOnOnceUntilItIsReleased) {
  Exchanges exchanges;
  const wire::Publish publish{.qos = QoS::ExactlyOnce, .id = PacketId{5}};
  EXPECT_TRUE(exchanges.on_publish(publish));
  EXPECT_FALSE(exchanges.on_publish(publish));
  EXPECT_EQ(Exchanges::answer_to(publish)->type, PacketType::Pubrec);
  EXPECT_FALSE(exchanges.idle());
  const auto released = ack(exchanges, PacketType::Pubrel, PacketId{5});
  EXPECT_EQ(released.answer->type, PacketType::Pubcomp);
  EXPECT_EQ(released.answer->reason, ReasonCode::Success);
  EXPECT_TRUE(exchanges.idle());
  EXPECT_TRUE(exchanges.on_publish(publish));
}

TEST(Exchanges, APubrelOfNothingIsCompletedWithItsReason) {
  Exchanges exchanges;
  const auto step = ack(exchanges, PacketType::Pubrel, PacketId{5});
  EXPECT_EQ(step.answer->reason, ReasonCode::PacketIdentifierNotFound);
}

TEST(Exchanges, AnIdInUseIsNotGivenAgainWhenTheNumbersWrap) {
  Exchanges exchanges(65535);
  EXPECT_EQ(exchanges.start_publish(QoS::AtLeastOnce).v, 65535);
  EXPECT_EQ(exchanges.start_request(PacketType::Subscribe, 1).v, 1);
  for (int i = 0; i < 65533; ++i) {
    const PacketId id = exchanges.start_publish(QoS::AtLeastOnce);
    ASSERT_TRUE(ack(exchanges, PacketType::Puback, id).is_finished);
  }
  EXPECT_EQ(exchanges.start_publish(QoS::AtLeastOnce).v, 2) << "65535 and 1 are still in use";
  EXPECT_TRUE(exchanges.finish_request(PacketType::Suback, PacketId{1}, 1));
}

TEST(Exchanges, ARequestIsAnsweredOnceByItsOwnAnswer) {
  Exchanges exchanges;
  const PacketId subscribed = exchanges.start_request(PacketType::Subscribe, 2);
  const PacketId unsubscribed = exchanges.start_request(PacketType::Unsubscribe, 1);
  EXPECT_FALSE(exchanges.finish_request(PacketType::Suback, PacketId{9}, 2)) << "nobody asked";
  EXPECT_FALSE(exchanges.finish_request(PacketType::Unsuback, subscribed, 2));
  EXPECT_FALSE(exchanges.finish_request(PacketType::Suback, unsubscribed, 1));
  EXPECT_TRUE(exchanges.finish_request(PacketType::Suback, subscribed, 2));
  EXPECT_TRUE(exchanges.finish_request(PacketType::Unsuback, unsubscribed, 1));
  EXPECT_FALSE(exchanges.finish_request(PacketType::Suback, subscribed, 2)) << "a second time";
}

TEST(Exchanges, AnAnswerHasAReasonForEveryFilterAndAnUnsubackOf3HasNone) {  // [MQTT-3.9.3-1]
  Exchanges exchanges;
  const PacketId subscribed = exchanges.start_request(PacketType::Subscribe, 2);
  for (const std::size_t reasons : {0U, 1U, 3U})
    EXPECT_FALSE(exchanges.finish_request(PacketType::Suback, subscribed, reasons)) << reasons;
  EXPECT_TRUE(exchanges.finish_request(PacketType::Suback, subscribed, 2));
  for (const std::size_t reasons : {0U, 2U}) {
    const PacketId id = exchanges.start_request(PacketType::Unsubscribe, 2);
    EXPECT_TRUE(exchanges.finish_request(PacketType::Unsuback, id, reasons)) << reasons;
  }
}

}  // namespace
}  // namespace hermod::client
