// PUBACK, PUBREC, PUBREL and PUBCOMP: rows 4 to 6 of the table of what must be durable first.

#include "base/log.h"
#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class AckPath : public PathTest {
 protected:
  /// A client with a durable session on "a" at that QoS.
  FakeClient durable_subscriber(QoS qos, std::uint16_t receive_maximum = 65535) {
    FakeClient client = login({.client_id = "sub", .durable = true, .receive_maximum = receive_maximum});
    subscribe(client, "a", qos);
    return client;
  }
  /// A durable publisher whose QoS 2 message #7 has its PUBREC.
  FakeClient publisher_with_pubrec() {
    FakeClient client = login({.client_id = "pub", .durable = true});
    publish(client, {"a", "1", kQoS2, 7});
    settle();
    heard(client);
    written();
    return client;
  }
  void send(const char* payload, QoS qos) {
    FakeClient publisher = login("source");
    publish(publisher, {"a", payload, qos, 1});
    settle();
  }
  /// As many messages as there are packet identifiers. The first stays open, all others are acknowledged.
  void publish_a_round(FakeClient& publisher, FakeClient& subscriber) {
    constexpr std::uint32_t kRound = 65535;
    constexpr std::uint32_t kSlice = 4369;  // fifteen slices make the round
    for (std::uint32_t seq = 1; seq <= kRound; ++seq) {
      publish(publisher, {"a", "x", kQoS1, static_cast<std::uint16_t>(seq)});
      if (seq % kSlice != 0) continue;
      settle();
      subscriber.peer().take();
      publisher.peer().take();
      for (std::uint32_t sent = seq - kSlice + 1; sent <= seq; ++sent)
        if (sent != 1) subscriber.ack(PacketType::Puback, {static_cast<std::uint16_t>(sent % 65535 + 1)});
      settle();
    }
  }
};

TEST_F(AckPath, PubcompFollowsWhenTheIdentifierIsErasedOnDisk) {
  FakeClient publisher = publisher_with_pubrec();
  publisher.ack(PacketType::Pubrel, {7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(written(), ElementsAre("erase InboundIds"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBCOMP #7"));
}

TEST_F(AckPath, PubrelAgainWhileTheEraseIsPendingGetsOneAnswer) {
  FakeClient publisher = publisher_with_pubrec();
  publisher.ack(PacketType::Pubrel, {7});
  publisher.ack(PacketType::Pubrel, {7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBCOMP #7"));
}

TEST_F(AckPath, AnIdentifierIsNotNewWhileItsEraseIsPending) {
  FakeClient publisher = publisher_with_pubrec();
  publisher.ack(PacketType::Pubrel, {7});
  publish(publisher, {"a", "2", kQoS2, 7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBCOMP #7", "PUBREC #7 0x91"));
}

TEST_F(AckPath, PubcompOfASessionWithoutDiskIsAnsweredAtOnce) {
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  publisher.ack(PacketType::Pubrel, {7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7 0x10", "PUBCOMP #7"));
}

TEST_F(AckPath, PubcompOfASessionWithoutDiskWaitsBehindThePendingCommit) {
  FakeClient subscriber = durable_subscriber(kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"nobody", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publish(publisher, {"a", "2", kQoS1, 8});
  publisher.ack(PacketType::Pubrel, {7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #8", "PUBCOMP #7"));
}

TEST_F(AckPath, PubrelForAnUnknownIdentifierIsAnsweredWith0x92) {
  FakeClient publisher = login("pub");
  publisher.ack(PacketType::Pubrel, {7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBCOMP #7 0x92"));
}

TEST_F(AckPath, PubrelBeforePubrecIsAProtocolError) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  publisher.ack(PacketType::Pubrel, {7});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("DISCONNECT 0x82", "end"));
}

TEST_F(AckPath, PubrelFollowsWhenTheReleaseIsOnDisk) {
  FakeClient subscriber = durable_subscriber(kQoS2);
  send("1", kQoS2);
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #2"));
  written();
  subscriber.ack(PacketType::Pubrec, {2});
  settle_without_commit();
  EXPECT_THAT(heard(subscriber), IsEmpty());
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBREL #2"));
  EXPECT_THAT(written(), ElementsAre("put Entries"));
}

TEST_F(AckPath, PubrecAgainWhileTheReleaseIsPendingGetsOneAnswer) {
  FakeClient subscriber = durable_subscriber(kQoS2);
  send("1", kQoS2);
  heard(subscriber);
  subscriber.ack(PacketType::Pubrec, {2});
  subscriber.ack(PacketType::Pubrec, {2});
  settle_without_commit();
  EXPECT_THAT(heard(subscriber), IsEmpty());
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBREL #2"));
}

TEST_F(AckPath, PubrelOfASessionWithoutDiskWaitsBehindThePendingCommit) {
  FakeClient durable = durable_subscriber(kQoS1);
  FakeClient client = login("client");
  subscribe(client, "b", kQoS2);
  publish(client, {"b", "1", kQoS2, 1});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH b=1 q2 #2", "PUBREC #1"));
  publish(client, {"a", "2", kQoS1, 8});
  client.ack(PacketType::Pubrec, {2});
  settle_without_commit();
  EXPECT_THAT(heard(client), IsEmpty());
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBACK #8", "PUBREL #2"));
}

TEST_F(AckPath, PubrecOfAReleasedMessageIsAnsweredAgain) {
  FakeClient subscriber = durable_subscriber(kQoS2);
  send("1", kQoS2);
  subscriber.ack(PacketType::Pubrec, {2});
  settle();
  heard(subscriber);
  subscriber.ack(PacketType::Pubrec, {2});
  settle_without_commit();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBREL #2"));
}

TEST_F(AckPath, PubrecForAnUnknownIdentifierIsAnsweredWith0x92) {
  FakeClient subscriber = login("sub");
  subscriber.ack(PacketType::Pubrec, {9});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBREL #9 0x92"));
  EXPECT_EQ(counted(Counter::StrayAcks), 1);
}

TEST_F(AckPath, ARefusingPubrecEndsTheExchangeWithoutPubrel) {
  FakeClient subscriber = durable_subscriber(kQoS2);
  send("1", kQoS2);
  heard(subscriber);
  EXPECT_EQ(queued("sub"), 1);
  subscriber.ack(PacketType::Pubrec, {2}, ReasonCode::UnspecifiedError);
  settle();
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_EQ(queued("sub"), 0);
  EXPECT_EQ(counted(Counter::DroppedRefusedByReceiver), 1);
}

TEST_F(AckPath, PubackForAQoS2MessageIsAProtocolError) {
  FakeClient subscriber = durable_subscriber(kQoS2);
  send("1", kQoS2);
  heard(subscriber);
  subscriber.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("DISCONNECT 0x82", "end"));
  EXPECT_EQ(queued("sub"), 1) << "the message is still there";
}

TEST_F(AckPath, PubrecForAQoS1MessageIsAProtocolError) {
  FakeClient subscriber = durable_subscriber(kQoS1);
  send("1", kQoS1);
  heard(subscriber);
  subscriber.ack(PacketType::Pubrec, {2});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("DISCONNECT 0x82", "end"));
}

TEST_F(AckPath, PubcompBeforeTheReleaseIsAProtocolError) {
  FakeClient subscriber = durable_subscriber(kQoS2);
  send("1", kQoS2);
  heard(subscriber);
  subscriber.ack(PacketType::Pubrec, {2});
  subscriber.ack(PacketType::Pubcomp, {2});
  settle_without_commit();
  EXPECT_THAT(heard(subscriber), ElementsAre("DISCONNECT 0x82", "end"));
}

TEST_F(AckPath, StrayAcksRaiseNoQuota) {
  FakeClient subscriber = durable_subscriber(kQoS1, 1);
  for (const char* payload : {"1", "2", "3"}) send(payload, kQoS1);
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q1 #2"));
  for (const std::uint16_t id : Ids{3, 4, 500}) subscriber.ack(PacketType::Puback, {id});
  subscriber.ack(PacketType::Pubcomp, {77});
  settle();
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_EQ(counted(Counter::StrayAcks), 4);
  subscriber.ack(PacketType::Puback, {2});
  subscriber.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=2 q1 #3")) << "one place for one message";
}

TEST_F(AckPath, EntriesThatFinishInOneTickAreErasedInOneBatch) {
  FakeClient subscriber = durable_subscriber(kQoS1);
  for (const char* payload : {"1", "2", "3"}) send(payload, kQoS1);
  written();
  for (const std::uint16_t id : Ids{2, 3, 4}) subscriber.ack(PacketType::Puback, {id});
  settle();
  EXPECT_THAT(written(), ElementsAre("erase Entries, erase Entries, erase Entries"));
  EXPECT_EQ(queued("sub"), 0);
}

TEST_F(AckPath, AnEraseThatFailedIsTriedAgainWithTheNext) {
  FakeClient subscriber = durable_subscriber(kQoS1);
  for (const char* payload : {"1", "2"}) send(payload, kQoS1);
  written();
  subscriber.ack(PacketType::Puback, {2});
  fail_next_commit();
  settle();
  repair_store();
  EXPECT_THAT(written(), IsEmpty());
  subscriber.ack(PacketType::Puback, {3});
  settle();
  EXPECT_THAT(written(), ElementsAre("erase Entries, erase Entries"));
}

/// The identifier of a message is its sequence, so the one 65,535 messages later has the same.
TEST_F(AckPath, APacketIdentifierIsFreeOnlyWhenTheEraseIsOnDisk) {
  options_.session.max_inflight = 65535;
  options_.session.receive_maximum = 65535;
  options_.store.max_group_bytes = 1;  // each batch is a group of its own
  FakeClient subscriber = durable_subscriber(kQoS1);
  FakeClient publisher = login("pub");
  publish_a_round(publisher, subscriber);
  ASSERT_EQ(queued("sub"), 1);

  // One more message is stored; the erase of the first, in the same tick, is not.
  publish(publisher, {"a", "again", kQoS1, 1});
  subscriber.ack(PacketType::Puback, {2});
  journal_.fail_after(1);
  settle();
  ASSERT_EQ(journal_.failures(), 1);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1"));
  EXPECT_THAT(heard(subscriber), IsEmpty()) << "its identifier still belongs to the first";

  repair_store();
  publish(publisher, {"a", "last", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_EQ(queued("sub"), 2);
}

TEST_F(AckPath, AnExchangeInTheWayOfOthersIsInTheLogOnce) {
  options_.session.max_inflight = 65535;
  options_.session.receive_maximum = 65535;
  FakeClient subscriber = durable_subscriber(kQoS1);
  FakeClient publisher = login("pub");
  publish_a_round(publisher, subscriber);
  log::start(log::Sink::Text, log::Level::Warning);
  ::testing::internal::CaptureStderr();
  for (const std::uint16_t id : {std::uint16_t{1}, std::uint16_t{2}}) {
    publish(publisher, {"a", "again", kQoS1, id});
    settle();
  }
  const std::string lines = ::testing::internal::GetCapturedStderr();
  log::set_level(log::Level::Error);
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_THAT(lines, ::testing::HasSubstr("session.identifier_held client=sub packet_id=2 awaited=PUBACK"));
  EXPECT_EQ(lines.find("identifier_held"), lines.rfind("identifier_held"));

  subscriber.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(heard(subscriber), ::testing::SizeIs(2)) << "and then it goes on";
}

}  // namespace
}  // namespace hermod::broker::testing
