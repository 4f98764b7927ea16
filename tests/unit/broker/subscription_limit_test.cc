// How many subscriptions a session may have, and what counts.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class SubscriptionLimit : public PathTest {
 protected:
  SubscriptionLimit() { options_.session.max_subscriptions = 2; }
};

TEST_F(SubscriptionLimit, WhatIsGrantedAndNotYetStoredCounts) {
  FakeClient client = login({.client_id = "c", .durable = true});
  client.subscribe({1}, {{"a", kQoS0}});
  client.subscribe({2}, {{"b", kQoS0}});
  client.subscribe({3}, {{"c", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #1 0x00", "SUBACK #2 0x00", "SUBACK #3 0x97"));
}

TEST_F(SubscriptionLimit, AFilterThatIsOnItsWayAlreadyCountsOnce) {
  FakeClient client = login({.client_id = "c", .durable = true});
  client.subscribe({1}, {{"a", kQoS0}, {"a", kQoS1}});
  client.subscribe({2}, {{"a", kQoS0}, {"b", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #1 0x00 0x01", "SUBACK #2 0x00 0x00"));
}

TEST_F(SubscriptionLimit, ARepeatOnItsWayTakesNobodysPlace) {
  FakeClient client = login({.client_id = "c", .durable = true});
  subscribe(client, "a", kQoS0);
  client.subscribe({1}, {{"a", kQoS1}});
  client.subscribe({2}, {{"b", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #1 0x01", "SUBACK #2 0x00"));
}

TEST_F(SubscriptionLimit, WhatCouldNotBeStoredFreesItsPlace) {
  FakeClient client = login({.client_id = "c", .durable = true});
  fail_next_commit();
  client.subscribe({1}, {{"a", kQoS0}, {"b", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #1 0x83 0x83"));
  repair_store();
  client.subscribe({2}, {{"c", kQoS0}, {"d", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #2 0x00 0x00"));
}

}  // namespace
}  // namespace hermod::broker::testing
