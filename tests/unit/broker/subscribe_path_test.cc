// SUBSCRIBE and UNSUBSCRIBE: row 7 of the table of what must be durable first, and what is granted.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class SubscribePath : public PathTest {
 protected:
  void send(const char* topic, const char* payload, QoS qos = kQoS0) {
    publish(source(), {topic, payload, qos, 1});
    settle_without_commit();
  }
  FakeClient& source() {
    if (!source_) source_ = std::make_unique<FakeClient>(login("source"));
    return *source_;
  }

 private:
  std::unique_ptr<FakeClient> source_;
};

TEST_F(SubscribePath, ASubscriptionHoldsAndIsAnsweredWhenItIsDurable) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  source();
  written();
  client.subscribe({9}, {{"a", kQoS1}});
  settle_without_commit();
  EXPECT_THAT(heard(client), IsEmpty());
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
  send("a", "early");
  EXPECT_THAT(heard(client), IsEmpty());

  settle();
  // Once more when no retained message is due with it any more.
  EXPECT_THAT(written(), ElementsAre("put Subscriptions", "put Subscriptions"));
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01"));
  send("a", "late");
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=late"));
}

TEST_F(SubscribePath, ASubscriptionEndsAndIsAnsweredWhenItsEraseIsDurable) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS0);
  source();
  written();
  client.unsubscribe({9}, {"a"});
  settle_without_commit();
  EXPECT_THAT(heard(client), IsEmpty());
  send("a", "early");
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=early"));

  settle();
  EXPECT_THAT(written(), ElementsAre("erase Subscriptions"));
  EXPECT_THAT(heard(client), ElementsAre("UNSUBACK #9 0x00"));
  send("a", "late");
  EXPECT_THAT(heard(client), IsEmpty());
}

TEST_F(SubscribePath, WithoutADurableSessionBothAreAnsweredAtOnce) {
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS2}});
  client.unsubscribe({10}, {"a"});
  settle_without_commit();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x02", "UNSUBACK #10 0x00"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
}

TEST_F(SubscribePath, RequestsOfOneTickKeepTheirOrder) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  client.subscribe({1}, {{"a", kQoS0}});
  client.unsubscribe({2}, {"a"});
  client.unsubscribe({3}, {"a"});
  client.subscribe({4}, {{"a", kQoS1}});
  settle();
  EXPECT_THAT(heard(client),
              ElementsAre("SUBACK #1 0x00", "UNSUBACK #2 0x00", "UNSUBACK #3 0x11", "SUBACK #4 0x01"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 1);
}

TEST_F(SubscribePath, AStoredSubscriptionHoldsThoughItsClientHasLeft) {
  FakeClient client = login({.client_id = "sub", .durable = true});
  client.subscribe({9}, {{"a", kQoS1}});
  settle_without_commit();
  client.peer().drop(0);
  settle();
  send("a", "1", kQoS1);
  settle();
  FakeClient again = call({.client_id = "sub", .durable = true});
  settle();
  EXPECT_THAT(heard(again), ElementsAre("CONNACK present", "PUBLISH a=1 q1 #2"));
}

TEST_F(SubscribePath, EveryFilterHasItsReasonInOrder) {
  options_.mqtt.max_qos = 1;
  options_.mqtt.wildcard_available = false;
  options_.mqtt.shared_available = false;
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS2}, {"a#", kQoS0}, {"b/#", kQoS0}, {"$share/g/c", kQoS0}, {"d", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01 0x8F 0xA2 0x9E 0x00"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 2);
}

TEST_F(SubscribePath, Mqtt3HearsOnlyThatAFilterFailed) {
  FakeClient client = login({.client_id = "sub", .version = kV311});
  client.subscribe({9}, {{"a", kQoS2}, {"a#", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x02 0x80"));
}

TEST_F(SubscribePath, NoLocalOnASharedSubscriptionEndsTheConnectionAndTakesNothing) {
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS0}, {.filter = "$share/g/a", .no_local = true}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("DISCONNECT 0x82", "end"));
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0);
}

TEST_F(SubscribePath, ASessionHasNoMoreSubscriptionsThanTheLimit) {
  options_.session.max_subscriptions = 2;
  FakeClient client = login("sub");
  client.subscribe({1}, {{"a", kQoS0}, {"b", kQoS0}, {"c", kQoS0}});
  client.subscribe({2}, {{"b", kQoS1}, {"d", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #1 0x00 0x00 0x97", "SUBACK #2 0x01 0x97"));
}

TEST_F(SubscribePath, ARepeatedSubscriptionReplacesItsOptions) {
  FakeClient client = login("sub");
  subscribe(client, "a", kQoS2);
  subscribe(client, "a", kQoS0);
  EXPECT_EQ(broker().subscriptions().subscription_count(), 1);
  send("a", "1", kQoS2);
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1"));
}

TEST_F(SubscribePath, MessagesCarryTheIdentifiersOfAllSubscriptionsTheyMatched) {
  FakeClient client = login("sub");
  client.subscribe({1}, {{"a", kQoS0}}, 11);
  client.subscribe({2}, {{"#", kQoS0}}, 22);
  client.subscribe({3}, {{"+", kQoS0}});
  settle();
  client.receive();
  send("a", "1");
  const auto packets = client.receive();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_THAT(packets[0].identifiers, UnorderedElementsAre(11, 22));
}

TEST_F(SubscribePath, UnsubscribeOfWhatIsNoFilterIsAnsweredSo) {
  FakeClient client = login("sub");
  client.unsubscribe({9}, {"a#", "never", "$share/g"});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("UNSUBACK #9 0x8F 0x11 0x8F"));
}

}  // namespace
}  // namespace hermod::broker::testing
