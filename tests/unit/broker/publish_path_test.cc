// What a publisher hears, and when: rows 1 to 3 of the table of what must be durable first.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class PublishPath : public PathTest {};
class PublishPathOf : public VersionedPathTest {};
INSTANTIATE_TEST_SUITE_P(Versions, PublishPathOf, ::testing::Values(kV311, kV5));

TEST_P(PublishPathOf, AQoS1MessageIsAcknowledgedAndDeliveredWhenItIsDurable) {
  FakeClient subscriber = login({.client_id = "sub", .version = GetParam(), .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .version = GetParam()});
  publish(publisher, {"a", "1", kQoS1, 7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  EXPECT_THAT(heard(subscriber), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q1 #2"));
}

TEST_P(PublishPathOf, AQoS2MessageIsAcknowledgedAndDeliveredWhenItIsDurable) {
  FakeClient subscriber = login({.client_id = "sub", .version = GetParam(), .durable = true});
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login({.client_id = "pub", .version = GetParam(), .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  EXPECT_THAT(heard(subscriber), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #2"));
}

TEST_F(PublishPath, EntriesRetainedMessageAndInboundIdentifierAreOneBatch) {
  FakeClient one = login({.client_id = "one", .durable = true});
  subscribe(one, "a", kQoS2);
  FakeClient two = login({.client_id = "two", .durable = true});
  subscribe(two, "#", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  written();
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .retain = true});
  settle();
  EXPECT_THAT(written(), ElementsAre("append, append, put Retained, put InboundIds"));
}

TEST_F(PublishPath, AnInboundIdentifierIsDurableEvenWhenNobodySubscribed) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  written();
  publish(publisher, {"a", "1", kQoS2, 7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(written(), ElementsAre("put InboundIds"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7 0x10"));
}

TEST_F(PublishPath, ASeenPublishIsAnsweredBehindThePendingCommit) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));

  publish(publisher, {"a", "2", kQoS1, 8});
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #8", "PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #2", "PUBLISH a=2 q1 #3"));
}

TEST_F(PublishPath, ACopyOfAPublishWhoseCommitIsPendingGetsTheOneAnswerBehindIt) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #2"));
  EXPECT_EQ(counted(Counter::PublishDuplicates), 1);
}

TEST_F(PublishPath, ASeenPublishIsAnsweredAtOnceWhenNothingIsPending) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
}

TEST_F(PublishPath, AnIdentifierIsNewAgainAfterPubcomp) {
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "a", kQoS0);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  for (const char* payload : {"1", "2"}) {
    publish(publisher, {"a", payload, kQoS2, 7});
    settle();
    publisher.ack(PacketType::Pubrel, {7});
    settle();
  }
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7", "PUBCOMP #7", "PUBREC #7", "PUBCOMP #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1", "PUBLISH a=2"));
}

TEST_F(PublishPath, AnAckThatNeedsNoDiskWaitsBehindThePendingCommit) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"nobody", "2", kQoS1, 8});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7", "PUBACK #8 0x10"));
}

TEST_F(PublishPath, ADeliveryThatNeedsNoDiskDoesNotOvertakeOneThatDoes) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient transient = login("transient");
  subscribe(transient, "#", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"b", "2", kQoS1, 8});
  settle_without_commit();
  EXPECT_THAT(heard(transient), IsEmpty());
  settle();
  EXPECT_THAT(heard(transient), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH b=2 q1 #3"));
}

TEST_F(PublishPath, WithoutADurableSessionNothingIsWritten) {
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login("pub");
  written();
  publish(publisher, {"a", "1", kQoS2, 7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #2"));
  settle();
  EXPECT_THAT(written(), IsEmpty());
}

TEST_F(PublishPath, QoS0DeliveriesOfAMessageLeaveBeforeItsCommit) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient fast = login("fast");
  subscribe(fast, "a", kQoS0);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle_without_commit();
  EXPECT_THAT(heard(fast), ElementsAre("PUBLISH a=1"));
  EXPECT_THAT(heard(durable), IsEmpty());
}

TEST_P(PublishPathOf, OnlyMqtt5IsToldThatNobodySubscribed) {
  FakeClient publisher = login({.client_id = "pub", .version = GetParam()});
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre(is_v5() ? "PUBACK #7 0x10" : "PUBACK #7"));
}

TEST_P(PublishPathOf, ATopicOfTheBrokerIsRefused) {
  FakeClient publisher = login({.client_id = "pub", .version = GetParam()});
  publish(publisher, {"$SYS/x", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre(is_v5() ? "PUBACK #7 0x90" : "end"));
  EXPECT_EQ(counted(Counter::PublishRefused), 1);
}

TEST_F(PublishPath, ARefusedMqtt3PublishEndsTheConnectionBehindTheAcksBeforeIt) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .version = kV311});
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"$SYS/x", "2", kQoS1, 8});
  publish(publisher, {"a", "3", kQoS1, 9});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7", "end"));
  EXPECT_THAT(heard(durable), ElementsAre("PUBLISH a=1 q1 #2")) << "nothing behind the refused one is taken";
}

TEST_F(PublishPath, ARefusedQoS2IdentifierIsFreeAgain) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"$SYS/x", "1", kQoS2, 7});
  publish(publisher, {"a", "2", kQoS2, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7 0x90", "PUBREC #7 0x10"));
}

TEST_P(PublishPathOf, AnIdentifierOfAnUnfinishedQoS2ExchangeCannotBeUsedForQoS1) {
  FakeClient publisher = login({.client_id = "pub", .version = GetParam()});
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publish(publisher, {"a", "2", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre(is_v5() ? "PUBACK #7 0x91" : "end"));
}

TEST_F(PublishPath, APublisherBeyondReceiveMaximumIsClosed) {
  options_.session.receive_maximum = 2;
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  for (const std::uint16_t id : Ids{1, 2, 3}) publish(publisher, {"a", "x", kQoS2, id});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("DISCONNECT 0x93", "end"));
}

TEST_F(PublishPath, ALenientBrokerCountsWhatIsBeyondReceiveMaximum) {
  options_.session.receive_maximum = 2;
  options_.session.lenient_receive_maximum = true;
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  for (const std::uint16_t id : Ids{1, 2, 3}) publish(publisher, {"a", "x", kQoS2, id});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #1 0x10", "PUBREC #2 0x10", "PUBREC #3 0x10"));
  EXPECT_EQ(counted(Counter::ReceiveMaximumExceeded), 1);
}

}  // namespace
}  // namespace hermod::broker::testing
