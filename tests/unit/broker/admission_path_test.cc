// Named queues that have to be asked before something is published to them.

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Overflow = queue::QueueDefinition::Overflow;

class AdmissionPath : public QueuePathTest {
 protected:
  std::uint64_t held(std::string_view queue) { return broker().queues().find(queue)->room->held().messages; }
  std::vector<std::string> drained() {
    FakeClient taker = login("taker");
    taker.subscribe({1}, {{"$queue/orders", kQoS0}});
    settle();
    return payloads(taker);
  }
};

TEST_F(AdmissionPath, AFullQueueDropsItsOldest) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 2;
  orders.overflow = Overflow::DropOldest;
  FakeClient publisher = login("pub");
  written();
  for (std::uint16_t id = 1; id <= 3; ++id) publish(publisher, {"shop/a", std::to_string(id), kQoS1, id});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3"));
  EXPECT_EQ(written().back(), "append, erase Entries") << "together";
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 1U);
  EXPECT_THAT(drained(), ElementsAre("2", "3"));
}

TEST_F(AdmissionPath, AFullQueueMayDeadLetterItsOldest) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DeadLetter;
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle();
  written();
  publish(publisher, {"shop/a", "2", kQoS1, 2});
  settle();
  EXPECT_THAT(written(), ElementsAre("append, erase Entries, append"));
  EXPECT_EQ(held("orders"), 1U);
  EXPECT_EQ(held("orders.dlq"), 1U);
  EXPECT_EQ(counted(Counter::QueueDeadMaxLength), 1U);
}

TEST_F(AdmissionPath, ADuplicateIsAcknowledgedAndNotStored) {
  configure("orders", "shop/#").dedup_window = 1min;
  FakeClient publisher = login("pub");
  written();
  publish_with(publisher, 1, "a", {{"msg-id", "x"}});
  settle();
  EXPECT_THAT(written(), ElementsAre("append, put MessageIds"));
  publish_with(publisher, 2, "again", {{"msg-id", "x"}});
  publish_with(publisher, 3, "other", {{"msg-id", "y"}});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3"));
  EXPECT_EQ(counted(Counter::QueueDuplicates), 1U);
  EXPECT_THAT(drained(), ElementsAre("a", "other"));
}

TEST_F(AdmissionPath, WhoAsksIsToldOfADuplicateAndOfWhatIsStoredBesideIt) {
  configure("orders", "shop/#").dedup_window = 1min;
  configure("audit", "#");
  FakeClient publisher = login("pub");
  publish_with(publisher, 1, "a", {{"msg-id", "x"}, {"want-ref", "1"}});
  publish_with(publisher, 2, "a", {{"msg-id", "x"}, {"want-ref", "1"}});
  settle();
  const auto acks = publisher.receive();
  ASSERT_THAT(acks, SizeIs(2));
  EXPECT_FALSE(acks[0].said.contains("duplicate"));
  EXPECT_EQ(acks[1].reason, ReasonCode::Success);
  EXPECT_EQ(acks[1].said, (Said{{"duplicate", "1"}, {"msg-ref", "audit/2"}}));
}

TEST_F(AdmissionPath, WhoAsksIsToldWhenWhatItRepeatsIsStored) {
  configure("orders", "shop/#").dedup_window = 1min;
  configure("audit", "#");
  FakeClient one = login("one");
  FakeClient two = login("two");
  publish_with(one, 1, "a", {{"msg-id", "x"}});
  settle_without_commit();
  publish_with(two, 2, "a", {{"msg-id", "x"}, {"want-ref", "1"}});
  settle();
  const auto acks = two.receive();
  ASSERT_THAT(acks, SizeIs(1));
  EXPECT_EQ(acks[0].said, (Said{{"duplicate", "1"}, {"msg-ref", "audit/2"}}));
}

TEST_F(AdmissionPath, WhatLeavesForAMessageIsNotTakenForIt) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DeadLetter;
  FakeClient publisher = login("pub");
  publish_with(publisher, 1, "1", {});
  settle();
  publisher.receive();
  publish_with(publisher, 2, "2", {{"want-ref", "1"}});
  settle();
  const auto acks = publisher.receive();
  ASSERT_THAT(acks, SizeIs(1));
  EXPECT_EQ(acks[0].said, (Said{{"msg-ref", "orders/2"}}));
}

TEST_F(AdmissionPath, ADuplicateOfWhatIsOnItsWayWaitsForIt) {
  configure("orders", "shop/#").dedup_window = 1min;
  FakeClient one = login("one");
  FakeClient two = login("two");
  publish_with(one, 1, "a", {{"msg-id", "x"}});
  settle_without_commit();
  publish_with(two, 2, "a", {{"msg-id", "x"}});
  settle_without_commit();
  EXPECT_THAT(heard(two), IsEmpty());
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(one), ElementsAre("PUBACK #1 0x83"));
  EXPECT_THAT(heard(two), ElementsAre("PUBACK #2 0x83")) << "it fails with it";
}

TEST_F(AdmissionPath, OfAKeyOnlyTheNewestIsKept) {
  configure("orders", "shop/#").last_value = true;
  FakeClient publisher = login("pub");
  publish_with(publisher, 1, "old", {{"key", "k"}});
  publish_with(publisher, 2, "else", {{"key", "l"}});
  publish_with(publisher, 3, "new", {{"key", "k"}});
  settle();
  EXPECT_EQ(held("orders"), 2U);
  EXPECT_EQ(counted(Counter::QueueReplaced), 1U);
  EXPECT_THAT(drained(), UnorderedElementsAre("else", "new"));
}

TEST_F(AdmissionPath, WhoIsTooFastIsRefused) {
  configure("orders", "shop/#").rate_in = *queue::Rate::parse("1/s burst 2");
  FakeClient publisher = login("pub");
  for (std::uint16_t id = 1; id <= 3; ++id) publish(publisher, {"shop/a", "x", kQoS1, id});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3 0x97"));
  broker().pass(2s);
  publish(publisher, {"shop/a", "x", kQoS1, 4});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #4"));
}

TEST_F(AdmissionPath, WhatOneRefusesTheOthersGiveBack) {
  queue::QueueDefinition& full = configure("full", "shop/#");
  full.max_length = 1;
  full.dedup_window = 1min;
  configure("audit", "#");
  configure("asked", "shop/a").dedup_window = 1min;
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "shop/a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  publish(publisher, {"shop/a", "2", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2 0x97"));
  for (const char* queue : {"full", "audit", "asked"}) EXPECT_EQ(held(queue), 1U) << queue;
  EXPECT_EQ(queued("sub"), 1U);
}

TEST_F(AdmissionPath, PublicationsOfAConnectionKeepTheirOrderBehindOneThatAsks) {
  options_.threads = 2;
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.dedup_window = 1min;
  configure("others", "shop/#").dedup_window = 1min;
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "#", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  publish(publisher, {"plain", "2", kQoS1, 2});
  publish(publisher, {"shop/a", "3", kQoS1, 3});
  settle();
  EXPECT_THAT(payloads(subscriber), ElementsAre("1", "2", "3"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3"));
}

TEST_F(AdmissionPath, APublisherThatIsGoneHasPublishedAllTheSame) {
  options_.threads = 2;
  configure("orders", "shop/#").dedup_window = 1min;
  configure("others", "shop/#").dedup_window = 1min;
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  publish(publisher, {"shop/a", "1", kQoS2, 1});
  publisher.peer().finish();
  settle();
  EXPECT_EQ(held("orders"), 1U);
  FakeClient back = login({.client_id = "pub", .durable = true});
  publish(back, {.topic = "shop/a", .payload = "1", .qos = kQoS2, .id = 1, .dup = true});
  settle();
  EXPECT_THAT(heard(back), ElementsAre("PUBREC #1"));
  EXPECT_EQ(held("orders"), 1U);
}

TEST_F(AdmissionPath, AWillMissesAQueueThatRefusesIt) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.dedup_window = 1min;
  send("shop/a", 1);
  FakeClient dying = login({.client_id = "dying", .will = Testament{.topic = "shop/will", .qos = kQoS1}});
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "shop/will", kQoS1);
  dying.peer().drop(0);
  settle();
  EXPECT_THAT(payloads(subscriber), ElementsAre("will"));
  EXPECT_EQ(held("orders"), 1U);
}

TEST_F(AdmissionPath, NobodyWaitsForRoomWhileTheStoreHasFailed) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  FakeClient taker = consumer("c");
  send("shop/a", 1);
  const auto came = messages(taker);
  ASSERT_EQ(came.size(), 1U);
  FakeClient waiting = login("waiting");
  FakeClient later = login("later");
  taker.ack(PacketType::Puback, came[0].id);
  settle_without_commit();
  publish(waiting, {"shop/a", "2", kQoS1, 1});
  settle_without_commit();
  EXPECT_THAT(heard(waiting), IsEmpty()) << "its room is on its way out";
  fail_next_commit();
  settle();
  EXPECT_THAT(heard(waiting), ElementsAre("PUBACK #1 0x97"));
  publish(later, {"shop/a", "3", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(later), ElementsAre(::testing::StartsWith("PUBACK #1 0x")));
  repair_store();
  broker().pass(3s);
  publish(later, {"shop/a", "4", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(later), ElementsAre("PUBACK #2"));
}

TEST_F(AdmissionPath, AWillWaitsWhereWhatCouldLeaveIsOnItsWay) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  FakeClient publisher = login("pub");
  FakeClient dying = login({.client_id = "dying", .will = Testament{.topic = "shop/will", .qos = kQoS1}});
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  dying.peer().drop(0);
  settle_without_commit();
  settle();
  EXPECT_THAT(drained(), ElementsAre("will"));
}

TEST_F(AdmissionPath, AWillThatAsksDoesNotBringBackTheRecordOfItsSession) {
  configure("orders", "shop/#").dedup_window = 1min;
  FakeClient dying = login({.client_id = "dying",
                            .durable = true,
                            .will = Testament{.topic = "shop/will", .qos = kQoS1, .delay = 60}});
  dying.peer().drop(0);
  settle();
  written();
  const FakeClient next = login({.client_id = "dying", .clean = true});
  settle();
  const std::vector<std::string> batches = written();
  EXPECT_THAT(batches, Contains(HasSubstr("erase Sessions")));
  EXPECT_THAT(batches, Each(Not(HasSubstr("put Sessions"))));
  EXPECT_THAT(drained(), ElementsAre("will"));
}

TEST_F(AdmissionPath, AWillThatOneQueueRefusesComesIntoTheOthers) {
  queue::QueueDefinition& orders = configure("full", "shop/#");
  orders.max_length = 1;
  orders.dedup_window = 1min;
  configure("orders", "shop/will").dedup_window = 1min;
  send("shop/a", 1);
  FakeClient dying = login({.client_id = "dying", .will = Testament{.topic = "shop/will", .qos = kQoS1}});
  dying.peer().drop(0);
  settle();
  EXPECT_THAT(drained(), ElementsAre("will"));
  EXPECT_EQ(held("full"), 1U);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 1U);
}

/// He is not among those that it goes to, because it was matched before.
TEST_F(AdmissionPath, WhoSubscribesWhileItIsAskedAboutFindsWhatIsRetained) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  FakeClient first = login("first");
  FakeClient publisher = login("pub");
  FakeClient dying =
      login({.client_id = "dying", .will = Testament{.topic = "shop/will", .qos = kQoS1, .retain = true}});
  FakeClient subscriber = login("sub");
  publish(first, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  publish(publisher, {.topic = "shop/state", .payload = "on", .qos = kQoS1, .id = 1, .retain = true});
  dying.peer().drop(0);
  settle_without_commit();
  subscriber.subscribe({1}, {{"shop/state", kQoS1}, {"shop/will", kQoS1}});
  settle();
  EXPECT_THAT(payloads(subscriber), UnorderedElementsAre("on", "will"));
}

/// In one with a queue that takes the message, and not the will.
TEST_F(AdmissionPath, AWillStaysBehindWhatItsClientHasPublished) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  orders.match = *queue::PropertyFilter::parse("n=1");
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "shop/a", kQoS1);
  for (const bool durable : {false, true}) {
    FakeClient dying =
        login({.client_id = "dying", .durable = durable, .will = Testament{.topic = "shop/a", .qos = kQoS1}});
    FakeClient first = login("first");
    publish_with(first, 1, "1", {{"n", "1"}});
    settle_without_commit();
    publish_with(dying, 1, "2", {{"n", "1"}});
    settle_without_commit();
    const FakeClient back = call({.client_id = "dying", .durable = durable});  // which takes over
    settle_without_commit();
    settle();
    EXPECT_THAT(payloads(subscriber), ElementsAre("1", "2", "will")) << durable;
  }
}

/// It is the end of the session, too, and the client is there again at once.
TEST_F(AdmissionPath, AWillIsPublishedAlsoWhenItsSessionHasEndedMeanwhile) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "shop/#", kQoS1);
  FakeClient dying =
      login({.client_id = "dying", .durable = true, .will = Testament{.topic = "shop/will", .qos = kQoS1}});
  FakeClient first = login("first");
  publish(first, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  publish(dying, {"shop/a", "2", kQoS1, 1});
  settle_without_commit();
  FakeClient back = call({.client_id = "dying", .clean = true});
  settle_without_commit();
  settle();
  EXPECT_THAT(payloads(subscriber), ElementsAre("1", "2", "will"));
  EXPECT_THAT(heard(back), ElementsAre("CONNACK"));
}

TEST_F(AdmissionPath, WhatAsksAgainIsCountedOnce) {
  queue::QueueDefinition& few = configure("few", "shop/#");
  few.max_length = 1;
  few.overflow = Overflow::DropNewest;
  few.dedup_window = 1min;
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  FakeClient publisher = login("pub");
  FakeClient other = login("other");
  publish(publisher, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  publish(other, {"shop/a", "2", kQoS1, 1});
  settle_without_commit();
  settle();
  EXPECT_THAT(heard(other), ElementsAre("PUBACK #1"));
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 2U) << "2 misses few, and 1 leaves orders";
}

TEST_F(AdmissionPath, WhoFindsWhatCouldLeaveOnItsWayWaitsForThat) {
  queue::QueueDefinition& orders = configure("orders", "shop/#");
  orders.max_length = 1;
  orders.overflow = Overflow::DropOldest;
  FakeClient one = login("one");
  FakeClient two = login("two");
  publish(one, {"shop/a", "1", kQoS1, 1});
  settle_without_commit();
  publish(two, {"shop/a", "2", kQoS1, 1});
  settle_without_commit();
  EXPECT_THAT(heard(two), IsEmpty());
  settle();
  EXPECT_THAT(heard(one), ElementsAre("PUBACK #1"));
  EXPECT_THAT(heard(two), ElementsAre("PUBACK #1"));
  EXPECT_THAT(drained(), ElementsAre("2"));
}

}  // namespace
}  // namespace hermod::broker::testing
