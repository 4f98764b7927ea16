// A session without a connection: row 9 of the table of what must be durable first, expiry, shared groups.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class SessionEnd : public PathTest {
 protected:
  FakeClient member(const std::string& client_id, QoS qos, bool durable = false,
                    std::uint16_t receive_maximum = 65535) {
    FakeClient client =
        login({.client_id = client_id, .durable = durable, .receive_maximum = receive_maximum});
    subscribe(client, "$share/g/a", qos);
    return client;
  }
  void send(const char* payload, QoS qos) {
    FakeClient source = login("source");
    publish(source, {"a", payload, qos, 1});
    settle();
  }
};

TEST_F(SessionEnd, AGoodbyeErasesTheWillFromTheRecord) {
  FakeClient client = login({.client_id = "c", .durable = true, .will = Testament{.topic = "w"}});
  EXPECT_THAT(written(), ElementsAre("put Sessions with will"));
  client.disconnect();
  settle();
  EXPECT_THAT(written(), ElementsAre("put Sessions"));
}

TEST_F(SessionEnd, APublishedWillIsAMessageLikeAnyOtherAndLeavesTheRecord) {
  FakeClient watcher = login({.client_id = "watcher", .durable = true});
  subscribe(watcher, "w", kQoS2);
  FakeClient client = login(
      {.client_id = "c", .durable = true, .will = Testament{.topic = "w", .qos = kQoS2, .retain = true}});
  written();
  client.peer().drop(0);
  settle_without_commit();
  EXPECT_THAT(heard(watcher), IsEmpty());
  settle();
  EXPECT_THAT(written(), ElementsAre("put Sessions, append, put Retained"));
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will q2 #2"));
}

TEST_F(SessionEnd, ADelayedWillStaysInTheRecordUntilItIsPublished) {
  FakeClient watcher = login({.client_id = "watcher", .durable = true});
  subscribe(watcher, "w", kQoS1);
  FakeClient client =
      login({.client_id = "c", .durable = true, .will = Testament{.topic = "w", .qos = kQoS1, .delay = 5}});
  written();
  client.peer().drop(0);
  settle();
  EXPECT_THAT(written(), ElementsAre("put Sessions with will"));
  broker().pass(std::chrono::milliseconds{4900});
  EXPECT_THAT(heard(watcher), IsEmpty());
  broker().pass(std::chrono::milliseconds{200});
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will q1 #2"));
  EXPECT_THAT(written(), ElementsAre("put Sessions, append")) << "after a restart it would come again";
}

TEST_F(SessionEnd, ADelayedWillIsTakenBackWhenItsClientReturns) {
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS0);
  login({.client_id = "c", .durable = true, .will = Testament{.topic = "w", .delay = 5}}).peer().drop(0);
  settle();
  broker().pass(std::chrono::seconds{4});
  FakeClient again = login({.client_id = "c", .durable = true});
  broker().pass(std::chrono::seconds{10});
  EXPECT_THAT(heard(watcher), IsEmpty());
}

TEST_F(SessionEnd, TheEndOfTheSessionEndsTheDelayOfItsWill) {
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS0);
  login({.client_id = "c", .expiry = 3, .will = Testament{.topic = "w", .delay = 100}}).peer().drop(0);
  login({.client_id = "d", .will = Testament{.topic = "w", .payload = "at once", .delay = 100}})
      .peer()
      .drop(0);
  settle();
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=at once"));
  broker().pass(std::chrono::milliseconds{3100});
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will"));
  broker().pass(std::chrono::seconds{100}, std::chrono::seconds{1});
  EXPECT_THAT(heard(watcher), IsEmpty());
}

TEST_F(SessionEnd, ASessionIsGoneWithEverythingWhenItsTimeIsOver) {
  FakeClient client = login({.client_id = "c", .expiry = 10});
  subscribe(client, "a", kQoS1);
  client.peer().drop(0);
  settle();
  send("1", kQoS1);
  written();
  broker().pass(std::chrono::milliseconds{9900});
  EXPECT_EQ(broker().subscriptions().subscription_count(), 1);
  broker().pass(std::chrono::milliseconds{200});
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
  EXPECT_EQ(broker().directory().find("c"), std::nullopt);
  EXPECT_EQ(counted(Counter::SessionsExpired), 1);
  EXPECT_EQ(counted(Counter::DroppedSessionEnded), 1);
  const auto batches = written();
  ASSERT_EQ(batches.size(), 1) << "all of it in one batch";
  EXPECT_THAT(batches[0], ::testing::StartsWith("erase Sessions, erase Subscriptions, erase stream"));
  FakeClient again = call({.client_id = "c", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK"));
}

TEST_F(SessionEnd, WhatCouldNotBeErasedIsErasedWhenTheStoreTakesIt) {
  login({.client_id = "c", .expiry = 10}).peer().drop(0);
  settle();
  written();
  fail_next_commit();
  broker().pass(std::chrono::milliseconds{10'100});
  EXPECT_EQ(broker().directory().find("c"), std::nullopt);
  broker().pass(std::chrono::seconds{5});
  EXPECT_THAT(written(), IsEmpty()) << "nobody asks a store that takes nothing";
  EXPECT_EQ(counted(Counter::DroppedCommitFailed), 1);
  repair_store();
  broker().pass(std::chrono::seconds{2});
  EXPECT_THAT(written(), ElementsAre("erase Sessions, erase stream"));
}

TEST_F(SessionEnd, ARecordThatCouldNotBeWrittenIsWrittenWhenTheStoreTakesIt) {
  FakeClient client = login({.client_id = "c", .durable = true, .will = Testament{.topic = "w"}});
  written();
  fail_next_commit();
  client.disconnect();
  settle();
  repair_store();
  EXPECT_THAT(written(), IsEmpty());
  broker().pass(std::chrono::seconds{2});
  EXPECT_THAT(written(), ElementsAre("put Sessions")) << "with the will a start would publish it";
}

TEST_F(SessionEnd, AnOldRecordMovesWithItsSession) {
  options_.threads = 2;
  FakeClient client = login({.client_id = "c", .durable = true, .will = Testament{.topic = "w"}});
  written();
  fail_next_commit();
  client.disconnect();
  settle();
  FakeClient refused = call({.client_id = "c", .durable = true, .shard = 1});
  settle();
  EXPECT_THAT(heard(refused), ElementsAre("CONNACK 0x83", "end"));
  repair_store();
  broker().pass(std::chrono::seconds{2});
  EXPECT_THAT(written(), ElementsAre("put Sessions"));
}

TEST_F(SessionEnd, AReturnStopsTheClockOfTheSession) {
  login({.client_id = "c", .expiry = 10}).peer().drop(0);
  settle();
  broker().pass(std::chrono::seconds{9});
  FakeClient again = login({.client_id = "c", .expiry = 10});
  broker().pass(std::chrono::seconds{20}, std::chrono::seconds{1});
  again.peer().drop(0);
  settle();
  broker().pass(std::chrono::seconds{9});
  FakeClient third = call({.client_id = "c", .expiry = 10});
  settle();
  EXPECT_THAT(heard(third), ElementsAre("CONNACK present"));
}

TEST_F(SessionEnd, Mqtt3SessionsNeverExpire) {
  login({.client_id = "c", .version = kV311, .durable = true}).peer().drop(0);
  settle();
  broker().pass(std::chrono::hours{24 * 400}, std::chrono::hours{24});
  FakeClient again = call({.client_id = "c", .version = kV311, .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present"));
}

TEST_F(SessionEnd, UnacknowledgedQoS1OfAGroupGoesToAnotherMember) {
  FakeClient leaving = member("leaving", kQoS1);
  send("1", kQoS1);
  ASSERT_EQ(heard(leaving).size(), 1);
  FakeClient staying = member("staying", kQoS1);
  leaving.peer().drop(0);
  settle();
  EXPECT_THAT(heard(staying), ElementsAre("PUBLISH a=1 q1 #2"));
}

TEST_F(SessionEnd, ADurableMemberHandsOnWhatItLeavesOpenAndGetsItNotAgain) {
  FakeClient leaving = member("leaving", kQoS1, true);
  send("1", kQoS1);
  ASSERT_EQ(heard(leaving).size(), 1);
  FakeClient staying = member("staying", kQoS1);
  leaving.peer().drop(0);
  settle();
  EXPECT_THAT(heard(staying), ElementsAre("PUBLISH a=1 q1 #2"));
  FakeClient again = call({.client_id = "leaving", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present"));
  EXPECT_EQ(queued("leaving"), 0);
}

TEST_F(SessionEnd, QoS2OfAGroupStaysWithTheMemberItWasSentTo) {
  FakeClient leaving = member("leaving", kQoS2, true);
  send("1", kQoS2);
  ASSERT_EQ(heard(leaving).size(), 1);
  FakeClient staying = member("staying", kQoS2);
  leaving.peer().drop(0);
  settle();
  EXPECT_THAT(heard(staying), IsEmpty());
  FakeClient again = call({.client_id = "leaving", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q2 #2 dup"));
}

TEST_F(SessionEnd, QoS2OfAGroupEndsWithTheSessionOfItsMember) {
  FakeClient leaving = member("leaving", kQoS2);
  send("1", kQoS2);
  FakeClient staying = member("staying", kQoS2);
  leaving.peer().drop(0);
  settle();
  EXPECT_THAT(heard(staying), IsEmpty());
  EXPECT_EQ(counted(Counter::DroppedSessionEnded), 1);
}

TEST_F(SessionEnd, TheNextHolderHasTheMessageBeforeTheLastOneLosesIt) {
  FakeClient first = login({.client_id = "first", .expiry = 10});
  subscribe(first, "$share/g/a", kQoS1);
  send("1", kQoS1);
  FakeClient second = member("second", kQoS1, true);
  second.peer().drop(0);
  settle();
  first.peer().drop(0);
  settle();
  ASSERT_EQ(queued("first"), 1);
  written();
  broker().pass(std::chrono::seconds{11});
  EXPECT_EQ(queued("second"), 1);
  EXPECT_THAT(written(),
              ElementsAre("append, erase Entries", ::testing::StartsWith("erase Sessions"), "erase stream"))
      << "in one batch: a crash leaves it once";
}

TEST_F(SessionEnd, AMessageThatComesBehindTheEndOfItsSessionLeavesNothingInTheStore) {
  FakeClient leaving = member("leaving", kQoS1, true);
  FakeClient staying = member("staying", kQoS1, true);
  FakeClient source = login("source");
  publish(source, {"a", "1", kQoS1, 1});
  publish(source, {"a", "2", kQoS1, 2});
  settle_without_commit();
  written();
  wire::PropertyWriter ends_now;
  ends_now.add(wire::PropertyId::SessionExpiryInterval, 0);
  leaving.send(wire::Disconnect{wire::kNormalDisconnection, ends_now.properties()});
  settle_without_commit();
  ASSERT_EQ(broker().directory().find("leaving"), std::nullopt);
  settle();
  EXPECT_EQ(heard(staying).size(), 2);
  const auto batches = written();
  EXPECT_EQ(std::count(batches.begin(), batches.end(), "append"), 2);
  EXPECT_EQ(std::count(batches.begin(), batches.end(), "append, erase Entries"), 1) << "it was drawn again";
}

TEST_F(SessionEnd, TheQueueOfAMemberIsErasedBehindWhatEveryShardHadMatchedForIt) {
  options_.threads = 3;
  FakeClient leaving = member("leaving", kQoS1, true);
  settle();
  written();
  wire::PropertyWriter ends_now;
  ends_now.add(wire::PropertyId::SessionExpiryInterval, 0);
  leaving.send(wire::Disconnect{wire::kNormalDisconnection, ends_now.properties()});
  settle_without_commit();
  broker().commit();
  EXPECT_THAT(written(), ElementsAre("erase Sessions, erase Subscriptions"));
  settle();
  EXPECT_THAT(written(), ElementsAre("erase stream"));
}

TEST_F(SessionEnd, AQueueThatCouldNotBeErasedIsErasedWhenTheStoreTakesIt) {
  FakeClient leaving = member("leaving", kQoS1, true);
  wire::PropertyWriter ends_now;
  ends_now.add(wire::PropertyId::SessionExpiryInterval, 0);
  leaving.send(wire::Disconnect{wire::kNormalDisconnection, ends_now.properties()});
  settle_without_commit();
  broker().commit();
  written();
  fail_next_commit();
  settle();
  repair_store();
  EXPECT_THAT(written(), IsEmpty());
  broker().pass(std::chrono::seconds{2});
  EXPECT_THAT(written(), ElementsAre("erase stream"));
}

TEST_F(SessionEnd, ABusyMemberIsPassedOver) {
  FakeClient busy = member("busy", kQoS1, false, 1);
  send("1", kQoS1);
  ASSERT_EQ(heard(busy).size(), 1);
  FakeClient free = member("free", kQoS1);
  for (const char* payload : {"2", "3", "4"}) send(payload, kQoS1);
  EXPECT_THAT(heard(busy), IsEmpty());
  EXPECT_EQ(heard(free).size(), 3);
}

}  // namespace
}  // namespace hermod::broker::testing
