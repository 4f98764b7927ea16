// Commits that come back, above all those that failed: nothing is answered with success that is not stored.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class CommitPath : public PathTest {};
class CommitPathOf : public VersionedPathTest {
 protected:
  FakeClient durable_client(const std::string& client_id) {
    return login({.client_id = client_id, .version = GetParam(), .durable = true});
  }
  /// Its connection ends because the store has failed, which then works again.
  void expect_end_and_repair(FakeClient& client) {
    const auto end = heard(client);
    ASSERT_FALSE(end.empty());
    EXPECT_EQ(end.front(), is_v5() ? "DISCONNECT 0x83" : "end");
    repair_store();
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, CommitPathOf, ::testing::Values(kV311, kV5));

TEST_P(CommitPathOf, AQoS1MessageThatWasNotStoredIsNeitherAcknowledgedNorDelivered) {
  FakeClient subscriber = durable_client("sub");
  subscribe(subscriber, "a", kQoS1);
  FakeClient publisher = durable_client("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre(is_v5() ? "PUBACK #7 0x83" : "end"));
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_EQ(queued("sub"), 0);
}

TEST_P(CommitPathOf, AQoS2MessageThatWasNotStoredIsNeitherAcknowledgedNorDelivered) {
  FakeClient subscriber = durable_client("sub");
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = durable_client("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  fail_next_commit();
  settle();
  const auto last = heard(publisher);
  ASSERT_EQ(last.size(), is_v5() ? 2U : 1U);
  EXPECT_EQ(last.front(), is_v5() ? "DISCONNECT 0x83" : "end") << "it may be on the disk: it is sent again";
  EXPECT_THAT(heard(subscriber), IsEmpty());
}

TEST_F(CommitPath, AQoS2MessageThatLeavesNothingBehindIsRefused) {
  FakeClient publisher = login({.client_id = "pub"});  // of its session nothing is on the disk
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS2);
  publish(publisher, {"a", "1", kQoS2, 7});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7 0x83"));
}

TEST_P(CommitPathOf, TheIdentifierOfAMessageThatWasNotStoredIsNew) {
  FakeClient subscriber = durable_client("sub");
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = durable_client("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  fail_next_commit();
  settle();
  repair_store();
  publisher = durable_client("pub");
  heard(publisher);
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #3"));
}

TEST_F(CommitPath, AFullDiskIsSaidToBeOne) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  fail_next_commit(Errc::NoSpace);
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7 0x97"));
}

TEST_F(CommitPath, ACopyOfAMessageThatWasNotStoredGetsTheOneRefusal) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"a", "1", kQoS2, 7});
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  fail_next_commit(Errc::NoSpace);
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7 0x97"));
}

TEST_F(CommitPath, AMqtt3PublisherGetsTheAcksOfWhatWasStoredBeforeTheFailure) {
  options_.store.max_group_bytes = 1;  // each batch is a group of its own
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .version = kV311});
  for (const std::uint16_t id : Ids{1, 2, 3}) publish(publisher, {"a", std::to_string(id), kQoS1, id});
  journal_.fail_after(1);
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "end"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH a=2 q1 #3"))
      << "the second left when it had its sequence; its publisher sends it again";
}

TEST_P(CommitPathOf, AnIdentifierWhoseEraseFailedIsStillKnown) {
  FakeClient subscriber = durable_client("sub");
  subscribe(subscriber, "a", kQoS0);
  FakeClient publisher = durable_client("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  heard(publisher);
  publisher.ack(PacketType::Pubrel, {7});
  fail_next_commit();
  settle();
  expect_end_and_repair(publisher);

  FakeClient again = durable_client("pub");
  publish(again, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .dup = true});
  again.ack(PacketType::Pubrel, {7});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("PUBREC #7", "PUBCOMP #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1")) << "once";
}

TEST_P(CommitPathOf, AReleaseThatFailedIsNotAnsweredWithPubrel) {
  FakeClient subscriber = durable_client("sub");
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = durable_client("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  heard(subscriber);
  subscriber.ack(PacketType::Pubrec, {2});
  fail_next_commit();
  settle();
  expect_end_and_repair(subscriber);

  FakeClient again = call({.client_id = "sub", .version = GetParam(), .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q2 #2 dup"));
  again.ack(PacketType::Pubrec, {2});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("PUBREL #2"));
}

TEST_P(CommitPathOf, ASubscriptionThatWasNotStoredDoesNotHold) {
  FakeClient client = durable_client("sub");
  client.subscribe({9}, {{"a", kQoS1}, {"a#", kQoS1}});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(client), ElementsAre(is_v5() ? "SUBACK #9 0x83 0x8F" : "SUBACK #9 0x80 0x80"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
}

TEST_P(CommitPathOf, ASubscriptionWhoseEraseFailedHoldsAndIsNotSaidToBeGone) {
  FakeClient client = durable_client("sub");
  subscribe(client, "a", kQoS1);
  client.unsubscribe({9}, {"a"});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(client), ElementsAre(is_v5() ? "UNSUBACK #9 0x83" : "end"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 1);
}

TEST_P(CommitPathOf, ASessionThatWasNotStoredIsNotConfirmed) {
  FakeClient client = call({.client_id = "c", .version = GetParam(), .durable = true});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(client), ElementsAre(is_v5() ? "CONNACK 0x83" : "CONNACK 0x88", "end"));
}

TEST_F(CommitPath, AMessageThatWasNotStoredIsNotRetained) {
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7 0x83"));
  EXPECT_FALSE(broker().retained().find("a"));
}

TEST_F(CommitPath, AReadOnlyStoreStillServesWhatNeedsNoDisk) {
  FakeClient transient = login("transient");
  subscribe(transient, "b", kQoS2);
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  fail_next_commit();
  settle();
  publish(publisher, {"a", "2"});
  publish(publisher, {"b", "3", kQoS2, 8});
  publish(publisher, {"a", "4", kQoS1, 9});
  settle();
  EXPECT_THAT(heard(publisher), UnorderedElementsAre("PUBACK #7 0x83", "PUBREC #8", "PUBACK #9 0x83"));
  EXPECT_THAT(heard(durable), ElementsAre("PUBLISH a=2"));
  EXPECT_THAT(heard(transient), ElementsAre("PUBLISH b=3 q2 #2"));
}

TEST_F(CommitPath, WhatWaitsBehindAFailureIsAnsweredBehindIt) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"nobody", "2", kQoS1, 8});
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7 0x83", "PUBACK #8 0x10"));
}

TEST_F(CommitPath, AnAckIsNotForTheNextConnectionInTheSamePlace) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient gone = login("gone");
  publish(gone, {"a", "1", kQoS1, 7});
  settle_without_commit();
  gone.peer().drop(0);
  settle_without_commit();
  FakeClient next = call({.client_id = "next"});
  settle_without_commit();
  EXPECT_THAT(heard(next), ElementsAre("CONNACK"));
  settle();
  EXPECT_THAT(heard(next), IsEmpty());
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q1 #2"));
  publish(next, {"nobody", "2", kQoS1, 8});
  settle_without_commit();
  EXPECT_THAT(heard(next), ElementsAre("PUBACK #8 0x10")) << "nor does it wait for that commit";
}

TEST_F(CommitPath, AClientThatWaitsForNothingMoreIsNotHeldUpByItsOldCommits) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  publish(publisher, {"nobody", "2", kQoS1, 8});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7", "PUBACK #8 0x10"));
}

}  // namespace
}  // namespace hermod::broker::testing
