// A store without room refuses what is new, and nothing that it has taken before waits for that.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class FullStore : public PathTest {
 protected:
  FullStore() { options_.threads = 2; }
};
class FullStoreOf : public VersionedPathTest {};
INSTANTIATE_TEST_SUITE_P(Versions, FullStoreOf, ::testing::Values(kV311, kV5));

TEST_P(FullStoreOf, AMessageThatWouldBeStoredIsRefusedAndTheNextOneIsTaken) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient publisher = login({.client_id = "pub", .version = GetParam(), .durable = true});
  broker().set_full(true);
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre(is_v5() ? "PUBACK #7 0x97" : "end"));
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_EQ(queued("sub"), 0);
  broker().set_full(false);
  if (!is_v5()) {
    publisher = login({.client_id = "pub", .version = GetParam(), .durable = true});
    heard(publisher);
  }
  publish(publisher, {"a", "2", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=2 q1 #2"));
}

TEST_F(FullStore, ConsumersConnectReceiveAndAcknowledge) {
  FakeClient first = login({.client_id = "sub", .durable = true});
  subscribe(first, "a", kQoS2);
  first.peer().drop(0);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  publisher.ack(PacketType::Pubrel, {7});
  settle();
  heard(publisher);
  broker().set_full(true);
  FakeClient subscriber = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(subscriber), Contains("PUBLISH a=1 q2 #2"));
  subscriber.ack(PacketType::Pubrec, {2});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBREL #2"));
  written();
  subscriber.ack(PacketType::Pubcomp, {2});
  settle();
  EXPECT_THAT(written(), Contains(HasSubstr("erase Entries")));
  EXPECT_EQ(queued("sub"), 0);
}

TEST_F(FullStore, AMessageOfAGroupChangesHands) {
  FakeClient holder = login({.client_id = "holder", .durable = true});
  subscribe(holder, "$share/g/a", kQoS1);
  holder.peer().drop(0);
  settle();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 1});
  settle();
  ASSERT_EQ(queued("holder"), 1);
  broker().set_full(true);
  FakeClient member = call({.client_id = "member", .durable = true, .shard = 1});
  member.subscribe({1}, {{"$share/g/a", kQoS1}});
  settle();
  EXPECT_THAT(heard(member), Contains(HasSubstr("PUBLISH a=1 q1")));
  EXPECT_EQ(queued("holder"), 0);
  EXPECT_EQ(queued("member"), 1);
}

TEST_F(FullStore, AMemberThatEndsLeavesItsMessagesToItsGroup) {
  FakeClient holder = login({.client_id = "holder", .expiry = 1});
  subscribe(holder, "$share/g/a", kQoS1);
  holder.peer().drop(0);
  settle();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 1});
  settle();
  FakeClient member = login({.client_id = "member", .durable = true});
  broker().set_full(true);
  member.subscribe({1}, {{"$share/g/a", kQoS1}});
  broker().pass(std::chrono::seconds{2});
  EXPECT_THAT(heard(member), Contains(HasSubstr("PUBLISH a=1 q1")));
  EXPECT_EQ(queued("member"), 1);
}

TEST_F(FullStore, ARetainedMessageIsNotKeptButMayBeCleared) {
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 1, .retain = true});
  settle();
  heard(publisher);
  broker().set_full(true);
  publish(publisher, {.topic = "b", .payload = "2", .qos = kQoS1, .id = 2, .retain = true});
  publish(publisher, {.topic = "a", .payload = "", .qos = kQoS1, .id = 3, .retain = true});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #2 0x97", "PUBACK #3 0x10"));
  EXPECT_FALSE(broker().retained().find("a"));
  EXPECT_FALSE(broker().retained().find("b"));
}

TEST_F(FullStore, AMessageThatNobodyStoresIsDelivered) {
  FakeClient subscriber = login("sub");
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  broker().set_full(true);
  publish(publisher, {"a", "1", kQoS2, 7});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre(HasSubstr("PUBLISH a=1 q2")));
}

TEST_F(FullStore, AWillIsRefusedAndItsSessionGoesOn) {
  FakeClient subscriber = login({.client_id = "sub", .durable = true});
  subscribe(subscriber, "a", kQoS1);
  FakeClient client =
      login({.client_id = "c", .durable = true, .will = Testament{.topic = "a", .qos = kQoS1}});
  broker().set_full(true);
  client.peer().drop(0);
  settle();
  EXPECT_THAT(heard(subscriber), IsEmpty());
  EXPECT_EQ(queued("sub"), 0);
  client = call({.client_id = "c", .durable = true});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("CONNACK present"));
}

}  // namespace
}  // namespace hermod::broker::testing
