// A will has nobody who could be told that there is no room: each limit costs what it limits and no more.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class WillLimits : public PathTest {
 protected:
  void die(const Testament& will) {
    login({.client_id = "mortal", .will = will}).peer().drop(0);
    settle();
  }
};

TEST_F(WillLimits, AFullQueueMissesTheWillAndNobodyElseDoes) {
  options_.session.queue.max_messages = 1;
  FakeClient full = login({.client_id = "full", .durable = true});
  subscribe(full, "w", kQoS1);
  full.peer().drop(0);
  settle();
  die({.topic = "w", .payload = "first", .qos = kQoS1});
  ASSERT_EQ(queued("full"), 1);

  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS1);
  die({.topic = "w", .payload = "second", .qos = kQoS1, .retain = true});
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=second q1 #2"));
  ASSERT_TRUE(broker().retained().find("w"));
  EXPECT_EQ(as_text(broker().retained().find("w")->payload()), "second");
  EXPECT_EQ(queued("full"), 1);
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 1);
}

TEST_F(WillLimits, AWillThatCannotBeRetainedIsDeliveredAndCounted) {
  options_.retain.max_messages = 1;
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "kept", .payload = "x", .retain = true});
  settle();
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS1);
  die({.topic = "w", .qos = kQoS1, .retain = true});
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will q1 #2"));
  EXPECT_FALSE(broker().retained().find("w"));
  EXPECT_EQ(broker().retained().count(), 1);
  EXPECT_EQ(counted(Counter::PublishRefused), 1);
}

}  // namespace
}  // namespace hermod::broker::testing
