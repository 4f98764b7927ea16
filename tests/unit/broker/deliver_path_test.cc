// From the hand-over through a session's queue into its client's transport.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class DeliverPath : public PathTest {
 protected:
  void send(const Words& words) {
    FakeClient source = login("source");
    publish(source, words);
    settle();
  }
  void send_all(std::initializer_list<const char*> payloads, QoS qos) {
    for (const char* payload : payloads) send({"a", payload, qos, 1});
  }
};

TEST_F(DeliverPath, NoMoreAreUnderWayThanTheClientsReceiveMaximum) {
  FakeClient client = login({.client_id = "sub", .receive_maximum = 2});
  subscribe(client, "a", kQoS1);
  send_all({"1", "2", "3", "4"}, kQoS1);
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH a=2 q1 #3"));
  client.ack(PacketType::Puback, {3});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=3 q1 #4"));
  client.ack(PacketType::Puback, {2});
  client.ack(PacketType::Puback, {4});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=4 q1 #5"));
}

TEST_F(DeliverPath, NoMoreAreUnderWayThanTheBrokerAllows) {
  options_.session.max_inflight = 1;
  FakeClient client = login("sub");
  subscribe(client, "a", kQoS2);
  send_all({"1", "2"}, kQoS2);
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q2 #2"));
  client.ack(PacketType::Pubrec, {2});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBREL #2")) << "PUBREC frees no place";
  client.ack(PacketType::Pubcomp, {2});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=2 q2 #3"));
}

TEST_F(DeliverPath, QoS0NeedsNoQuota) {
  FakeClient client = login({.client_id = "sub", .receive_maximum = 1});
  subscribe(client, "#", kQoS1);
  send_all({"1", "2"}, kQoS1);
  send({"b", "now"});
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH b=now"));
}

TEST_F(DeliverPath, WhatIsUnfinishedIsSentAgainFirstAndInOrderWithDup) {
  FakeClient client = login({.client_id = "sub", .durable = true, .receive_maximum = 3});
  subscribe(client, "a", kQoS2);
  send_all({"1"}, kQoS2);
  send_all({"2"}, kQoS1);
  send_all({"3"}, kQoS2);
  send_all({"4"}, kQoS1);
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q2 #2", "PUBLISH a=2 q1 #3", "PUBLISH a=3 q2 #4"));
  client.ack(PacketType::Pubrec, {2});
  settle();
  client.peer().drop(0);
  settle();

  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBREL #2", "PUBLISH a=2 q1 #3 dup",
                                        "PUBLISH a=3 q2 #4 dup", "PUBLISH a=4 q1 #5"));
}

TEST_F(DeliverPath, SendingAgainKeepsToTheNewReceiveMaximum) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS1);
  send_all({"1", "2"}, kQoS1);
  client.peer().drop(0);
  settle();
  FakeClient again = call({.client_id = "sub", .durable = true, .receive_maximum = 1});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #2 dup"));
  again.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("PUBLISH a=2 q1 #3 dup"));
}

TEST_F(DeliverPath, AMessageThatWaitsForAnAbsentClientIsSentWithoutDup) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS1);
  client.peer().drop(0);
  settle();
  send_all({"1", "2"}, kQoS1);
  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #2", "PUBLISH a=2 q1 #3"));
}

TEST_F(DeliverPath, AMessageThatExpiredWhileItWaitedIsNotSent) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS1);
  client.peer().drop(0);
  settle();
  send({.topic = "a", .payload = "short", .qos = kQoS1, .id = 1, .expiry = 5});
  send({.topic = "a", .payload = "long", .qos = kQoS1, .id = 1, .expiry = 60});
  broker().pass(std::chrono::seconds{10});
  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  const auto packets = again.receive();
  ASSERT_EQ(packets.size(), 2);
  EXPECT_EQ(packets[1].payload, "long");
  EXPECT_EQ(packets[1].message_expiry, 50) << "what is left of it";
  EXPECT_EQ(counted(Counter::DroppedExpired), 1);
  EXPECT_EQ(queued("sub"), 1);
}

TEST_F(DeliverPath, AMessageAboveMaximumPacketSizeIsDroppedForThatClientAlone) {
  FakeClient small = login({.client_id = "small", .durable = true, .maximum_packet_size = 60});
  subscribe(small, "a", kQoS1);
  FakeClient large = login("large");
  subscribe(large, "a", kQoS1);
  send({"a", std::string(100, 'x'), kQoS1, 1});
  send({"a", "2", kQoS1, 1});
  EXPECT_THAT(heard(small), ElementsAre("PUBLISH a=2 q1 #3"));
  EXPECT_EQ(heard(large).size(), 2);
  EXPECT_EQ(counted(Counter::DroppedTooLarge), 1);
  EXPECT_EQ(queued("small"), 1) << "only the one under way";
}

TEST_F(DeliverPath, AMessageUnderWayThatBecameTooLargeEnds) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS2);
  send({"a", std::string(100, 'x'), kQoS2, 1});
  send({"a", "2", kQoS2, 1});
  client.peer().drop(0);
  settle();
  FakeClient again = call({.client_id = "sub", .durable = true, .maximum_packet_size = 60});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=2 q2 #3 dup"));
  EXPECT_EQ(queued("sub"), 1);
}

TEST_F(DeliverPath, QoS0IsDroppedForAnAbsentClient) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS0);
  client.peer().drop(0);
  settle();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1")) << "there is a subscriber";
  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present"));
  EXPECT_EQ(counted(Counter::DroppedOffline), 1);
}

TEST_F(DeliverPath, TheLowerOfPublishedAndGrantedQoSIsUsed) {
  FakeClient client = login("sub");
  subscribe(client, "zero", kQoS0);
  subscribe(client, "one", kQoS1);
  subscribe(client, "two", kQoS2);
  for (const char* topic : {"zero", "one", "two"}) send({topic, "hi", kQoS2, 1});
  send({"two", "lo"});
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH zero=hi", "PUBLISH one=hi q1 #2", "PUBLISH two=hi q2 #3",
                                         "PUBLISH two=lo"));
}

TEST_F(DeliverPath, OverlappingSubscriptionsGiveOneCopyAtTheHighestQoS) {
  FakeClient client = login("sub");
  subscribe(client, "a", kQoS0);
  subscribe(client, "#", kQoS2);
  subscribe(client, "+", kQoS1);
  send({"a", "1", kQoS2, 1});
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q2 #2"));
}

TEST_F(DeliverPath, TheRetainFlagIsKeptOnlyWhereItWasAskedFor) {
  FakeClient plain = login("plain");
  subscribe(plain, "a", kQoS1);
  FakeClient asking = login("asking");
  subscribe(asking, {.filter = "a", .qos = kQoS1, .retain_as_published = true});
  send({.topic = "a", .payload = "1", .qos = kQoS1, .id = 1, .retain = true});
  EXPECT_THAT(heard(plain), ElementsAre("PUBLISH a=1 q1 #2"));
  EXPECT_THAT(heard(asking), ElementsAre("PUBLISH a=1 q1 #2 retain"));
}

TEST_F(DeliverPath, NoLocalLeavesOutTheirOwnMessages) {
  FakeClient client = login("client");
  subscribe(client, {.filter = "a", .qos = kQoS1, .no_local = true});
  publish(client, {"a", "mine", kQoS1, 1});
  settle();
  send({"a", "theirs", kQoS1, 1});
  EXPECT_THAT(heard(client), ElementsAre("PUBACK #1 0x10", "PUBLISH a=theirs q1 #2"));
}

TEST_F(DeliverPath, AMessageReachesAClientOfAnotherShard) {
  options_.threads = 2;
  FakeClient durable = login({.client_id = "durable", .durable = true, .shard = 1});
  subscribe(durable, "a", kQoS2);
  FakeClient transient = login({.client_id = "transient", .shard = 1});
  subscribe(transient, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .shard = 0});
  publish(publisher, {"a", "1", kQoS2, 1});
  settle();
  EXPECT_THAT(heard(durable), ElementsAre("PUBLISH a=1 q2 #2"));
  EXPECT_THAT(heard(transient), ElementsAre("PUBLISH a=1 q1 #2"));
}

TEST_F(DeliverPath, AMessageFollowsASessionThatHasMovedToAnotherShard) {
  options_.threads = 3;
  FakeClient client = login({.client_id = "sub", .durable = true, .shard = 1});
  subscribe(client, "a", kQoS1);
  client.peer().drop(0);
  settle();

  // The publisher's shard hands the message to shard 1 while the session is on its way to shard 2.
  FakeClient publisher = login({.client_id = "pub", .shard = 0});
  publish(publisher, {"a", "1", kQoS1, 1});
  FakeClient again = call({.client_id = "sub", .durable = true, .shard = 2});
  publisher.peer().transport()->on_ready();
  broker().step(0);
  again.peer().transport()->on_ready();
  broker().step(2);
  broker().step(1);
  broker().commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1"));
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #2"));
}

/// Output that drains at the end of a tick is looked at with the clock of that tick, and the next one may be
/// far away.
TEST_F(DeliverPath, AMessageExpiresCountedFromItsOwnTick) {
  options_.limits.outbound_buffer = 4096;
  FakeClient reader = login("reader");
  subscribe(reader, "big", kQoS1);
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS1);
  FakeClient other = login("other");
  FakeClient publisher = login("pub");
  publish(publisher, {"big", std::string(5000, 'x'), kQoS1, 1});
  publish(publisher, {.topic = "big", .payload = "expired", .qos = kQoS1, .id = 2, .expiry = 0});
  publisher.peer().transport()->on_ready();
  broker().step(0);
  ASSERT_EQ(counted(Counter::DroppedExpired), 1) << "dropped when the large one had left";

  broker().clock().advance(std::chrono::seconds{100});
  publish(other, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 3, .expiry = 5});
  other.peer().transport()->on_ready();
  settle();
  const auto packets = client.receive();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_EQ(packets[0].message_expiry, 5);
}

TEST_F(DeliverPath, DropOldestKeepsTheNewestAndCounts) {
  options_.session.queue.max_messages = 2;
  options_.session.queue.overflow = queue::Overflow::DropOldest;
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS1);
  client.peer().drop(0);
  settle();
  send_all({"1", "2", "3", "4"}, kQoS1);
  EXPECT_EQ(queued("sub"), 2);
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 2);
  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=3 q1 #4", "PUBLISH a=4 q1 #5"));
}

TEST_F(DeliverPath, WhatIsSentIsBelowWhatTheRecordOfTheSessionSays) {
  options_.session.max_inflight = 2;
  constexpr std::size_t kMessages = 60;
  FakeClient subscriber = login({.client_id = "subscriber", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  subscriber.peer().drop(0);
  FakeClient source = login("source");
  for (std::uint16_t id = 1; id <= kMessages; ++id) publish(source, {"a", "1", kQoS1, id});
  settle();
  FakeClient back = login({.client_id = "subscriber", .durable = true});
  written();
  std::size_t sent = 0;
  const auto take_all = [&] {
    for (auto packets = back.receive(); !packets.empty(); packets = back.receive()) {
      for (const auto& packet : packets) back.ack(PacketType::Puback, packet.id);
      sent += packets.size();
      settle_without_commit();
    }
  };
  back.ack(PacketType::Puback, {2});
  back.ack(PacketType::Puback, {3});
  settle_without_commit();
  take_all();
  EXPECT_EQ(sent, 18U) << "two of 20 were there with CONNACK";
  settle();
  EXPECT_THAT(written(), ::testing::Contains("put Sessions"));
  while (sent < kMessages - 2) {
    const std::size_t before = sent;
    take_all();
    settle();
    ASSERT_GT(sent, before);
  }
}

}  // namespace
}  // namespace hermod::broker::testing
