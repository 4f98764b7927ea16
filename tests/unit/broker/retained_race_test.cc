// Who subscribes while a retained PUBLISH is on its way ends up with the new value. [MQTT-3.3.1-9]

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class RetainedRace : public PathTest {
 protected:
  RetainedRace() { options_.threads = 2; }
  void retain(FakeClient& publisher, const std::string& payload, std::uint16_t id) {
    publish(publisher, {.topic = "a", .payload = payload, .qos = kQoS1, .id = id, .retain = true});
  }
};

TEST_F(RetainedRace, WhatWasMatchedBeforeAndSubmittedAfterIsNotMissed) {
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  retain(publisher, "old", 1);
  settle();
  FakeClient client = login("sub");

  // Shard 1 has matched and not yet submitted when shard 0 grants, and reads with a commit in between.
  retain(publisher, "new", 2);
  publisher.peer().transport()->on_ready();
  client.subscribe({9}, {{"a", kQoS1}});
  client.peer().transport()->on_ready();
  for (int i = 0; i < 3; ++i) {
    broker().step(0);
    broker().commit();
  }
  broker().step(0);
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01", "PUBLISH a=new q1 #2 retain"));
}

TEST_F(RetainedRace, WhatIsMatchedAfterwardsComesAliveAndOnlyOnce) {
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  retain(publisher, "old", 1);
  settle();
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS1}});
  client.peer().transport()->on_ready();
  retain(publisher, "new", 2);
  publisher.peer().transport()->on_ready();
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01", "PUBLISH a=new q1 #2"));
}

TEST_F(RetainedRace, AClientThatGoesBeforeTheShardsAnswerLeavesNothing) {
  FakeClient publisher = login({.client_id = "pub", .shard = 1});
  retain(publisher, "old", 1);
  settle();
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS1}});
  client.disconnect();
  settle();
  FakeClient again = login("sub");
  subscribe(again, "b", kQoS1);
  EXPECT_THAT(heard(again), IsEmpty());
}

}  // namespace
}  // namespace hermod::broker::testing
