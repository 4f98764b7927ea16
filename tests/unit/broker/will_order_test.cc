// A will is the last message of its client.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class WillOrder : public PathTest {};

TEST_F(WillOrder, AWillDoesNotOvertakeAMessageOfItsClientThatWaitsForItsCommit) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient watcher = login("watcher");
  subscribe(watcher, "#", kQoS1);
  FakeClient client = login({.client_id = "c", .will = Testament{.topic = "w", .qos = kQoS1}});
  publish(client, {"a", "1", kQoS1, 7});
  settle_without_commit();
  client.peer().drop(0);
  settle_without_commit();
  EXPECT_THAT(heard(watcher), IsEmpty());
  settle();
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH w=will q1 #3"));
}

TEST_F(WillOrder, AWillThatHasNothingToWaitForIsDeliveredAtOnce) {
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS1);
  FakeClient client = login({.client_id = "c", .will = Testament{.topic = "w", .qos = kQoS1}});
  client.peer().drop(0);
  settle_without_commit();
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will q1 #2"));
}

}  // namespace
}  // namespace hermod::broker::testing
