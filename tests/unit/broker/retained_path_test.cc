// Retained messages: when they are there, who gets them, and in which steps.

#include <algorithm>

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class RetainedPath : public PathTest {
 protected:
  void retain(const std::string& topic, const std::string& payload, QoS qos = kQoS0,
              std::optional<std::uint32_t> expiry = {}) {
    FakeClient source = login("source");
    publish(source,
            {.topic = topic, .payload = payload, .qos = qos, .id = 1, .retain = true, .expiry = expiry});
    settle();
  }
};

TEST_F(RetainedPath, AMessageIsRetainedAndAcknowledgedWhenItIsDurable) {
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  settle_without_commit();
  EXPECT_THAT(heard(publisher), IsEmpty());
  EXPECT_FALSE(broker().retained().find("a"));
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7 0x10"));
  EXPECT_TRUE(broker().retained().find("a"));
}

TEST_F(RetainedPath, RetainedQoS0IsDurableToo) {
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "a", .payload = "1", .retain = true});
  settle();
  EXPECT_THAT(written(), ElementsAre("put Retained"));
}

TEST_F(RetainedPath, ASubscriptionGetsThemBehindItsSuback) {
  retain("a/1", "one", kQoS1);
  retain("a/2", "two", kQoS1);
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a/#", kQoS2}});
  settle();
  EXPECT_THAT(heard(client),
              ElementsAre("SUBACK #9 0x02", "PUBLISH a/1=one q1 #2 retain", "PUBLISH a/2=two q1 #3 retain"));
}

TEST_F(RetainedPath, ADurableSubscriptionGetsThemWhenItIsDurable) {
  retain("a", "1", kQoS1);
  FakeClient client = login({.client_id = "sub", .durable = true});
  written();
  client.subscribe({9}, {{"a", kQoS1}});
  settle_without_commit();
  EXPECT_THAT(heard(client), IsEmpty());
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01", "PUBLISH a=1 q1 #2 retain"));
  EXPECT_THAT(written(), ElementsAre("put Subscriptions", "append, put Subscriptions"))
      << "that they are due, and that they are there";
}

TEST_F(RetainedPath, AnUnfinishedReadWritesNoSubscriptionThatEnds) {
  options_.limits.outbound_buffer = 1024;
  retain("a", "1", kQoS1);
  FakeClient client = login({.client_id = "sub", .durable = true, .room = 200});
  subscribe(client, "x", kQoS0);
  FakeClient source = login("source");
  publish(source, {.topic = "x", .payload = std::string(800, '.')});
  settle();
  written();
  client.subscribe({9}, {{"a", kQoS1}});
  settle();
  ASSERT_EQ(queued("sub"), 0U) << "there is no room to read for it";
  client.unsubscribe({10}, {"a"});
  settle_without_commit();
  client.peer().make_room(kPlenty);
  settle();
  EXPECT_THAT(written(), ElementsAre("put Subscriptions", "erase Subscriptions"));
}

/// Its commit began before the subscription, so it was matched without it; it is retained only afterwards.
TEST_F(RetainedPath, AMessageUnderWayAtTheTimeOfTheSubscriptionArrivesOnce) {
  FakeClient publisher = login("pub");
  FakeClient client = login("sub");
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  publisher.peer().transport()->on_ready();
  broker().step(0);
  client.subscribe({9}, {{"a", kQoS1}});
  settle_without_commit();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01")) << "not before that commit is done";
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q1 #2 retain"));
}

TEST_F(RetainedPath, AMessageThatCameAliveIsNotGivenAsRetainedToo) {
  retain("a", "old");
  FakeClient publisher = login("pub");
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS1}});
  settle_without_commit();
  publish(publisher, {.topic = "a", .payload = "new", .qos = kQoS1, .id = 7, .retain = true});
  settle_without_commit();
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x01", "PUBLISH a=new q1 #2"));
}

TEST_F(RetainedPath, RetainHandlingDecides) {
  retain("a", "1");
  FakeClient client = login("sub");
  const auto ask = [&](wire::RetainHandling handling) {
    client.subscribe({9}, {{.filter = "a", .retain_handling = handling}});
    settle();
    return heard(client).size() - 1;
  };
  EXPECT_EQ(ask(wire::RetainHandling::DoNotSend), 0);
  EXPECT_EQ(ask(wire::RetainHandling::SendIfNewSubscription), 0) << "it is not new";
  EXPECT_EQ(ask(wire::RetainHandling::SendAtSubscribe), 1);
  client.unsubscribe({9}, {"a"});
  settle();
  heard(client);
  EXPECT_EQ(ask(wire::RetainHandling::SendIfNewSubscription), 1);
}

TEST_F(RetainedPath, ASharedSubscriptionGetsNone) {
  retain("a", "1");
  FakeClient client = login("sub");
  client.subscribe({9}, {{"$share/g/a", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x00"));
}

TEST_F(RetainedPath, AnEmptyPayloadClears) {
  retain("a", "1");
  FakeClient alive = login("alive");
  subscribe(alive, "b", kQoS0);
  retain("a", "");
  EXPECT_EQ(broker().retained().count(), 0);
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x00"));
}

TEST_F(RetainedPath, AnExpiredMessageIsNotSent) {
  retain("a/short", "1", kQoS0, 5);
  retain("a/long", "2", kQoS0, 60);
  broker().pass(std::chrono::seconds{10});
  FakeClient client = login("sub");
  client.subscribe({9}, {{"a/#", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("SUBACK #9 0x00", "PUBLISH a/long=2 retain"));
}

TEST_F(RetainedPath, ManyLeaveInStepsBetweenLiveMessages) {
  FakeClient source = login("source");
  for (int i = 0; i < 600; ++i)
    publish(source, {.topic = "a/" + std::to_string(1000 + i), .payload = "old", .retain = true});
  settle();
  FakeClient client = login("sub");
  client.subscribe({9}, {{"#", kQoS0}});
  settle_without_commit();
  broker().commit();

  broker().step(0);
  const auto first = heard(client);
  EXPECT_LE(first.size(), 257U) << "SUBACK and one slice";
  EXPECT_GT(first.size(), 1U);
  publish(source, {"live", "new"});
  source.peer().transport()->on_ready();
  broker().step(0);
  const auto second = heard(client);
  EXPECT_THAT(second, ::testing::Contains("PUBLISH live=new")) << "it does not wait for the rest";
  settle();
  EXPECT_EQ(first.size() + second.size() + heard(client).size(), 602U);
}

TEST_F(RetainedPath, UnsubscribeStopsWhatIsLeft) {
  FakeClient source = login("source");
  for (int i = 0; i < 600; ++i)
    publish(source, {.topic = "a/" + std::to_string(i), .payload = "old", .retain = true});
  settle();
  FakeClient client = login("sub");
  client.subscribe({9}, {{"#", kQoS0}});
  settle_without_commit();
  broker().commit();
  broker().step(0);
  heard(client);
  client.unsubscribe({10}, {"#"});
  client.peer().transport()->on_ready();
  settle();
  EXPECT_THAT(heard(client), ElementsAre("UNSUBACK #10 0x00"));
}

/// When it reads again the rest follows, though nothing else happens on its shard.
TEST_F(RetainedPath, AClientThatDoesNotReadGetsNoMoreThanItsBufferHolds) {
  options_.limits.outbound_buffer = 16 * 1024;
  FakeClient source = login("source");
  for (int i = 0; i < 100; ++i)
    publish(source, {.topic = "a/" + std::to_string(i), .payload = std::string(1000, 'x'), .retain = true});
  settle();
  FakeClient client = call({.client_id = "sub", .room = 200});
  settle();
  client.subscribe({9}, {{"#", kQoS0}});
  settle();
  EXPECT_LT(client.peer().transport()->output().size(), 16U * 1024);
  client.peer().make_room(kPlenty);
  settle();
  EXPECT_EQ(heard(client).size(), 102U) << "CONNACK, SUBACK and all of them";
}

TEST_F(RetainedPath, AboveTheLimitThePublisherIsRefused) {
  options_.retain.max_messages = 1;
  retain("a", "1");
  FakeClient publisher = login("pub");
  publish(publisher, {.topic = "b", .payload = "2", .qos = kQoS1, .id = 7, .retain = true});
  publish(publisher, {.topic = "a", .payload = "3", .qos = kQoS1, .id = 8, .retain = true});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7 0x97", "PUBACK #8 0x10"));
}

}  // namespace
}  // namespace hermod::broker::testing
