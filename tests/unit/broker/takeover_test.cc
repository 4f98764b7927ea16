// One client identifier, several connections: at most one has the session.

#include "broker/shard.h"
#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class Takeover : public PathTest {};
class TakeoverOf : public VersionedPathTest {};
INSTANTIATE_TEST_SUITE_P(Versions, TakeoverOf, ::testing::Values(kV311, kV5));

TEST_P(TakeoverOf, TheOldConnectionEndsAndTheNewOneHasTheSession) {
  FakeClient old = login({.client_id = "c", .version = GetParam(), .durable = true});
  FakeClient fresh = call({.client_id = "c", .version = GetParam(), .durable = true});
  settle();
  if (is_v5()) {
    EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  } else {
    EXPECT_THAT(heard(old), ElementsAre("end"));
  }
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK present"));
  EXPECT_EQ(counted(Counter::SessionsTakenOver), 1);
}

TEST_F(Takeover, ASessionThatEndsWithItsConnectionIsNotTakenOver) {
  FakeClient old = login("c");
  subscribe(old, "a", kQoS1);
  FakeClient fresh = call({.client_id = "c"});
  settle();
  EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
  EXPECT_EQ(broker().directory().count(), 1);
}

TEST_F(Takeover, ACleanStartIsAnsweredBehindTheEndOfTheStoredSession) {
  FakeClient old = login({.client_id = "c", .durable = true});
  old.peer().drop(0);
  settle();
  FakeClient fresh = call({.client_id = "c", .clean = true});
  settle_without_commit();
  EXPECT_THAT(heard(fresh), IsEmpty());
  settle();
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK"));
}

TEST_F(Takeover, UnfinishedMessagesGoOnAcrossShardsUnderTheNewLimits) {
  options_.threads = 2;
  FakeClient old = login({.client_id = "c", .durable = true, .shard = 0});
  subscribe(old, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  for (const std::uint16_t id : Ids{1, 2, 3}) publish(publisher, {"a", std::to_string(id), kQoS1, id});
  settle();
  EXPECT_EQ(heard(old).size(), 3);
  FakeClient fresh = call({.client_id = "c", .durable = true, .receive_maximum = 1, .shard = 1});
  settle();
  EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #2 dup"));
  EXPECT_EQ(broker().shard(0).session_count(), 0);
  fresh.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(heard(fresh), ElementsAre("PUBLISH a=2 q1 #3 dup"));
}

TEST_F(Takeover, TheSessionStaysUntilItsCommitsAreDone) {
  options_.threads = 2;
  FakeClient subscriber = login({.client_id = "sub", .durable = true, .shard = 1});
  subscribe(subscriber, "a", kQoS1);
  FakeClient old = login({.client_id = "c", .durable = true, .shard = 0});
  publish(old, {"a", "1", kQoS2, 7});
  settle_without_commit();
  FakeClient fresh = call({.client_id = "c", .durable = true, .shard = 1});
  settle_without_commit();
  EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  EXPECT_EQ(broker().shard(0).session_count(), 1) << "its commit is in flight";
  settle();
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK present"));
  EXPECT_EQ(broker().shard(0).session_count(), 0);

  // The identifier moved along: the copy is recognised.
  publish(fresh, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  settle();
  EXPECT_THAT(heard(fresh), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q1 #2"));
}

TEST_F(Takeover, AcksGoOnlyToTheConnectionThatAsked) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient old = login({.client_id = "c", .durable = true});
  publish(old, {"a", "1", kQoS1, 7});
  old.subscribe({8}, {{"b", kQoS1}});
  settle_without_commit();
  FakeClient fresh = call({.client_id = "c", .durable = true});
  settle();
  EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK present"));
}

TEST_F(Takeover, AMovedSessionErasesWhatWasFinishedInItsLastTick) {
  options_.threads = 2;
  FakeClient old = login({.client_id = "c", .durable = true, .shard = 0});
  subscribe(old, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  for (const std::uint16_t id : Ids{1, 2}) publish(publisher, {"a", std::to_string(id), kQoS1, id});
  settle();
  heard(old);
  written();

  // The request for the session is in the mailbox of shard 0 when that reads the PUBACK.
  FakeClient fresh = call({.client_id = "c", .durable = true, .shard = 1});
  fresh.peer().transport()->on_ready();
  broker().step(1);
  old.ack(PacketType::Puback, {2});
  old.peer().transport()->on_ready();
  settle();
  EXPECT_THAT(heard(fresh), ElementsAre("CONNACK present", "PUBLISH a=2 q1 #3 dup"));
  fresh.ack(PacketType::Puback, {3});
  settle();
  EXPECT_THAT(written(), ElementsAre("put Sessions", "erase Entries", "put Sessions", "erase Entries"));
}

TEST_F(Takeover, OfManyThatAskAtOnceTheLastOneKeepsIt) {
  options_.threads = 2;
  FakeClient old = login({.client_id = "c", .durable = true, .shard = 0});
  std::vector<FakeClient> rivals;
  for (std::size_t i = 0; i < 4; ++i) {
    rivals.push_back(call({.client_id = "c", .durable = true, .shard = i % 2}));
    rivals.back().peer().transport()->on_ready();
  }
  settle();
  EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  std::size_t open = 0;
  for (FakeClient& rival : rivals) {
    const auto said = heard(rival);
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.front(), "CONNACK present");
    if (said.size() == 1) ++open;
  }
  EXPECT_EQ(open, 1U);
  EXPECT_EQ(broker().directory().count(), 1);
  rivals.back().ping();
  settle();
  EXPECT_THAT(heard(rivals.back()), ElementsAre("PINGRESP")) << "the last one is served";
}

TEST_F(Takeover, AConnectIsAnsweredBeforeItsSessionIsTakenOver) {
  FakeClient first = call({.client_id = "c", .durable = true});
  settle_without_commit();
  FakeClient second = call({.client_id = "c", .durable = true});
  settle_without_commit();
  EXPECT_THAT(heard(first), IsEmpty());
  settle();
  EXPECT_THAT(heard(first), ElementsAre("CONNACK", "DISCONNECT 0x8E", "end"));
  EXPECT_THAT(heard(second), ElementsAre("CONNACK present"));
}

TEST_F(Takeover, OfTooManyInAMinuteTheRestIsToldToWait) {
  options_.session.takeovers_per_minute = 2;
  std::vector<FakeClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(call({.client_id = "c"}));
    settle();
  }
  EXPECT_THAT(heard(clients[3]), ElementsAre("CONNACK 0x89", "end"));
  EXPECT_THAT(heard(clients[2]), ElementsAre("CONNACK")) << "and the one that has it keeps it";
  broker().pass(std::chrono::seconds{61}, std::chrono::seconds{1});
  FakeClient later = call({.client_id = "c"});
  settle();
  EXPECT_THAT(heard(later), ElementsAre("CONNACK"));
}

TEST_F(Takeover, AClaimerThatLeftBeforeTheSessionCameLeavesItWaiting) {
  options_.threads = 2;
  FakeClient old = login({.client_id = "c", .durable = true, .shard = 0});
  subscribe(old, "a", kQoS1);
  FakeClient claimer = call({.client_id = "c", .durable = true, .shard = 1});
  claimer.peer().transport()->on_ready();
  broker().step(1);
  claimer.peer().drop(0);
  claimer.peer().transport()->on_ready();
  settle();
  EXPECT_THAT(heard(old), ElementsAre("DISCONNECT 0x8E", "end"));
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 1});
  settle();
  FakeClient third = call({.client_id = "c", .durable = true, .shard = 0});
  settle();
  EXPECT_THAT(heard(third), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #2"));
}

TEST_F(Takeover, AWillWithoutDelayIsPublishedWhenItsConnectionIsTakenOver) {
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS0);
  FakeClient old = login({.client_id = "c", .durable = true, .will = Testament{.topic = "w"}});
  FakeClient fresh = login({.client_id = "c", .durable = true});
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will"));
}

TEST_F(Takeover, ADelayedWillIsPublishedOnlyWhenTheSessionEnds) {
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS0);
  const Testament will{.topic = "w", .delay = 5};
  FakeClient one = login({.client_id = "c", .durable = true, .will = will});
  FakeClient two = login({.client_id = "c", .durable = true, .will = will});
  broker().pass(std::chrono::seconds{10});
  EXPECT_THAT(heard(watcher), IsEmpty()) << "the session went on";
  FakeClient three = login({.client_id = "c", .durable = true, .clean = true});
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will"));
}

}  // namespace
}  // namespace hermod::broker::testing
