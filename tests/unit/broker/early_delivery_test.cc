// QoS 1 leaves when it has its sequence; what is acknowledged before it is written never is.

#include <chrono>

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

using namespace std::chrono_literals;

class EarlyDelivery : public PathTest {
 protected:
  EarlyDelivery() { options_.store.elide_wait = 2ms; }

  /// A durable subscriber whose queue has its sequences reserved: packet identifier 2 was the last.
  FakeClient subscriber(const std::string& client_id, QoS qos = kQoS1, std::size_t shard = 0) {
    FakeClient client =
        login({.client_id = client_id, .durable = true, .receive_maximum = 2, .shard = shard});
    subscribe(client, "a", qos);
    FakeClient first = login("first");
    publish(first, {"a", "0", kQoS1, 1});
    settle();
    heard(client);
    client.ack(PacketType::Puback, {2});
    settle();
    broker().pass(10ms);
    written();
    return client;
  }
  void puback(FakeClient& client, std::uint16_t id) {
    client.ack(PacketType::Puback, {id});
    settle();
  }
};

TEST_F(EarlyDelivery, QoS1LeavesBeforeItIsWrittenAndItsAckDoesNot) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=1 q1 #3"));
  EXPECT_THAT(heard(publisher), IsEmpty());
  EXPECT_THAT(written(), IsEmpty());
  broker().pass(2ms, 1ms);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(written(), ElementsAre("append"));
  EXPECT_THAT(heard(sub), IsEmpty()) << "it is not delivered again";
  EXPECT_EQ(counted(Counter::PublishElided), 0);
}

TEST_F(EarlyDelivery, WhatItsReceiversAcknowledgeInTimeIsNeverWritten) {
  options_.threads = 2;
  FakeClient sub = subscriber("sub", kQoS1, 1);
  FakeClient publisher = login("pub");
  for (std::uint16_t id = 3; id < 20; ++id) {
    publish(publisher, {"a", "x", kQoS1, id});
    settle();
    EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=x q1 #" + std::to_string(id)));
    EXPECT_THAT(heard(publisher), IsEmpty());
    puback(sub, id);
    EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #" + std::to_string(id)));
  }
  EXPECT_THAT(written(), IsEmpty());
  EXPECT_EQ(counted(Counter::PublishElided), 17);
  EXPECT_EQ(queued("sub"), 0);
  EXPECT_FALSE(broker().has_commits_in_flight());
}

TEST_F(EarlyDelivery, NobodyWaitsForAClientThatWasLate) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  broker().pass(5ms, 1ms);
  puback(sub, 3);
  heard(publisher);
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #8"));
  puback(sub, 4);
  publish(publisher, {"a", "3", kQoS1, 9});
  settle();
  EXPECT_THAT(heard(publisher), IsEmpty()) << "it was in time again";
  puback(sub, 5);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #9"));
}

TEST_F(EarlyDelivery, EveryReceiverMustHaveAcknowledged) {
  FakeClient one = subscriber("one");
  FakeClient two = subscriber("two");
  puback(one, 3);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "0", kQoS1, 6});
  settle();
  puback(one, 4);  // in time again
  puback(two, 3);
  broker().pass(10ms);
  heard(publisher);
  written();
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  puback(one, 5);
  EXPECT_THAT(heard(publisher), IsEmpty());
  broker().pass(2ms, 1ms);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(written(), ElementsAre("append, append", "erase Entries"));
}

TEST_F(EarlyDelivery, ARetainedMessageIsDeliveredEarlyAndWrittenAtOnce) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  settle();
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=1 q1 #3"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(written(), ElementsAre("append, put Retained"));
}

TEST_F(EarlyDelivery, WithOneReceiverAwayItIsWrittenAtOnce) {
  FakeClient away = subscriber("away");
  FakeClient sub = subscriber("sub");
  away.peer().drop(0);
  settle();
  written();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(written(), ElementsAre("append, append"));
}

TEST_F(EarlyDelivery, QoS2WaitsForTheDisk) {
  FakeClient sub = subscriber("sub", kQoS2);
  FakeClient publisher = login("pub");
  fail_next_commit();
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  EXPECT_THAT(heard(sub), IsEmpty());
}

TEST_F(EarlyDelivery, QoS1DoesNotOvertakeQoS2) {
  FakeClient sub = subscriber("sub", kQoS2);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=1 q2 #3", "PUBLISH a=2 q1 #4"));
}

TEST_F(EarlyDelivery, WithoutQuotaItIsWrittenAtOnceAndComesInItsTurn) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  for (const std::uint16_t id : Ids{7, 8, 9}) publish(publisher, {"a", std::to_string(id), kQoS1, id});
  settle();
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=7 q1 #3", "PUBLISH a=8 q1 #4"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7", "PUBACK #8", "PUBACK #9"));
  puback(sub, 3);
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=9 q1 #5"));
  publish(publisher, {"a", "10", kQoS1, 10});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #10")) << "its slot says that it has no quota";
}

TEST_F(EarlyDelivery, WhatWasDeliveredEarlyIsSentAgainOnTheNextConnectionAndThenElided) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  settle();
  heard(sub);
  sub.peer().drop(0);
  settle();
  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #3 dup"));
  puback(again, 3);
  EXPECT_EQ(queued("sub"), 0);
}

TEST_F(EarlyDelivery, AFailedCommitLeavesTheClientItsMessage) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=1 q1 #3"));
  fail_next_commit();
  broker().pass(2ms, 1ms);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7 0x83"));
  EXPECT_EQ(queued("sub"), 1);
  repair_store();
  puback(sub, 3);
  EXPECT_EQ(queued("sub"), 0);
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(sub), ElementsAre("PUBLISH a=2 q1 #4"));
}

TEST_F(EarlyDelivery, ASessionThatEndsMeanwhileTakesItsMessagesAlong) {
  FakeClient sub = subscriber("sub");
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  FakeClient clean = login({.client_id = "sub", .clean = true});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  broker().pass(10ms);
  EXPECT_FALSE(broker().has_commits_in_flight());
  EXPECT_EQ(queued("sub"), 0);
}

TEST_F(EarlyDelivery, AQoS1ReceiverWithoutAStoreGetsAnElidedMessageToo) {
  FakeClient transient = login("transient");
  subscribe(transient, "a", kQoS1);
  FakeClient sub = subscriber("sub");
  heard(transient);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(transient), IsEmpty());
  puback(sub, 3);
  EXPECT_THAT(heard(transient), ElementsAre("PUBLISH a=1 q1 #3"));
  EXPECT_EQ(counted(Counter::PublishElided), 1);
}

TEST_F(EarlyDelivery, AMessageForASharedGroupIsWrittenFirst) {
  FakeClient member = login({.client_id = "member", .durable = true});
  subscribe(member, "$share/g/a", kQoS1);
  FakeClient publisher = login("pub");
  for (const std::uint16_t id : Ids{7, 8}) {
    publish(publisher, {"a", "1", kQoS1, id});
    settle();
    EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #" + std::to_string(id)));
  }
}

}  // namespace
}  // namespace hermod::broker::testing
