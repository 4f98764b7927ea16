// What is synced before it counts as durable when store.flush says that it need not be.

#include "tests/unit/broker/path_fixture.h"
#include "tests/unit/broker/synced_journal.h"

namespace hermod::broker::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Not;

class FlushPath : public PathTest {
 protected:
  FlushPath() { options_.store.flush = {store::Flush::When::Memory, {}}; }
  ~FlushPath() override { end_broker(); }
  store::Journal& journal() override { return synced_; }
  /// A durable session on "a" at that QoS, with its first sequences reserved.
  FakeClient subscriber(QoS qos) {
    FakeClient client = login({.client_id = "sub", .durable = true});
    subscribe(client, "a", qos);
    FakeClient source = login("source");
    publish(source, {"a", "0", kQoS1, 1});
    settle();
    client.ack(PacketType::Puback, {2});
    settle();
    heard(client);
    groups();
    return client;
  }
  std::vector<std::string> groups() { return std::exchange(synced_.groups, {}); }

  SyncedJournal synced_;
};

TEST_F(FlushPath, PubackAndDeliveryOfQoS1WaitForNoSync) {
  FakeClient reader = subscriber(kQoS2);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(groups(), ElementsAre("later"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(heard(reader), ElementsAre("PUBLISH a=1 q1 #3")) << "never at more than it was published with";
  reader.ack(PacketType::Puback, {3});
  settle();
  EXPECT_THAT(groups(), ElementsAre("later")) << "an entry that is erased";
}

TEST_F(FlushPath, TheFirstSequencesOfAQueueAreToldBehindTheSyncOfTheirReservation) {
  FakeClient reader = login({.client_id = "sub", .durable = true});
  subscribe(reader, "a", kQoS1);
  groups();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
}

TEST_F(FlushPath, EveryStepOfATransactionIsSynced) {
  FakeClient reader = subscriber(kQoS1);
  FakeClient publisher = login("pub");
  for (std::uint16_t id = 1; id <= 2; ++id) {
    publish(publisher, {"$tx/1/prepare/a", "1", kQoS1, id});
    settle();
    EXPECT_THAT(groups(), ElementsAre("now")) << id;
  }
  publish(publisher, {"$tx/1/commit", "", kQoS1, 3});
  settle();
  EXPECT_THAT(groups(), Contains("now"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3"));
}

TEST_F(FlushPath, EveryStepOfQoS2IsSynced) {
  FakeClient reader = subscriber(kQoS2);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  groups();
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now")) << "the message and its identifier";
  publisher.ack(PacketType::Pubrel, {7});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now")) << "the identifier is erased";
  reader.ack(PacketType::Pubrec, {3});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now")) << "released";
  reader.ack(PacketType::Pubcomp, {3});
  settle();
  EXPECT_THAT(groups(), ElementsAre("later")) << "at most PUBREL goes out again";
}

TEST_F(FlushPath, QoS2OfAPublisherWithoutDiskIsSyncedForItsReceivers) {
  FakeClient reader = subscriber(kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
}

TEST_F(FlushPath, RetainedMessagesSessionsAndSubscriptionsAreSynced) {
  FakeClient reader = subscriber(kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
  FakeClient other = login({.client_id = "other", .durable = true});
  EXPECT_THAT(groups(), AllOf(Not(IsEmpty()), Each("now")));
  subscribe(other, "b", kQoS1);
  EXPECT_THAT(groups(), AllOf(Not(IsEmpty()), Each("now")));
}

TEST_F(FlushPath, AGroupThatHoldsQoS2IsSyncedWhole) {
  FakeClient reader = subscriber(kQoS2);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  groups();
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"a", "2", kQoS2, 8});
  publish(publisher, {"a", "3", kQoS1, 9});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7", "PUBREC #8", "PUBACK #9"));
}

TEST_F(FlushPath, AnEraseFarBehindWhatMayBeWithTheClientIsSynced) {
  constexpr std::uint16_t kMessages = 17'000;
  options_.session.max_inflight = 65535;
  options_.session.queue.window_messages = 2 * kMessages;
  options_.session.queue.window_bytes = std::size_t{64} << 20;
  FakeClient reader = login({.client_id = "sub", .durable = true});
  subscribe(reader, "a", kQoS1);
  FakeClient publisher = login("pub");
  for (std::uint16_t id = 1; id <= kMessages; ++id) {
    publish(publisher, {"a", "1", kQoS1, id});
    if (id % 100 == 0) settle();
  }
  settle();
  ASSERT_EQ(heard(reader).size(), std::size_t{kMessages}) << "all are in flight";
  groups();
  reader.ack(PacketType::Puback, {kMessages + 1});
  settle();
  EXPECT_THAT(groups(), ElementsAre("later"));
  reader.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(groups(), ElementsAre("now")) << "its packet identifier comes again before long";
}

TEST_F(FlushPath, AWillIsSynced) {
  FakeClient reader = subscriber(kQoS1);
  FakeClient mortal = login({.client_id = "mortal", .will = Testament{.topic = "a", .qos = kQoS1}});
  groups();
  mortal.peer().drop(0);
  settle();
  EXPECT_THAT(groups(), ElementsAre("now"));
}

}  // namespace
}  // namespace hermod::broker::testing
