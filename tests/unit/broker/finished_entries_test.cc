// Entries whose exchange is over leave the store, also when it could not be written for a while.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class FinishedEntries : public PathTest {
 protected:
  /// A durable client on "a" that has acknowledged a message whose entry could not be erased.
  FakeClient client_with_unerased_entry() {
    FakeClient client = login({.client_id = "c", .durable = true, .maximum_packet_size = 40});
    subscribe(client, "a", kQoS1);
    publish_one({.topic = "a", .payload = "1", .qos = kQoS1, .id = 1});
    EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q1 #2"));
    fail_next_commit();
    client.ack(PacketType::Puback, {2});
    settle();
    repair_store();
    written();
    return client;
  }
  void publish_one(const Words& words) {
    FakeClient publisher = login("pub");
    publish(publisher, words);
    settle();
  }
};

TEST_F(FinishedEntries, ADroppedMessageTakesOutWhatCouldNotBeErasedBefore) {
  FakeClient client = client_with_unerased_entry();
  publish_one({.topic = "a", .payload = std::string(100, 'x'), .qos = kQoS1, .id = 2});
  EXPECT_EQ(counted(Counter::DroppedTooLarge), 1);
  EXPECT_THAT(written(), ::testing::Contains("erase Entries, erase Entries"));
}

TEST_F(FinishedEntries, ASessionTakesThemWithItToItsNextConnection) {
  options_.threads = 2;
  FakeClient client = client_with_unerased_entry();
  client.peer().drop(0);
  settle();
  written();
  FakeClient again = login({.client_id = "c", .durable = true, .shard = 1});
  settle();
  EXPECT_THAT(written(), ::testing::Contains("erase Entries"));
}

}  // namespace
}  // namespace hermod::broker::testing
