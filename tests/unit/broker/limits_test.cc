// What one client may cost, and what it is told when that is more.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class Limits : public PathTest {
 protected:
  /// A durable session on "a" whose client is away.
  void absent_subscriber(const std::string& client_id) {
    FakeClient client = login({.client_id = client_id, .durable = true});
    subscribe(client, "a", kQoS1);
    client.peer().drop(0);
    settle();
  }
};
class LimitsOf : public VersionedPathTest {};
INSTANTIATE_TEST_SUITE_P(Versions, LimitsOf, ::testing::Values(kV311, kV5));

TEST_P(LimitsOf, AFullQueueRefusesThePublisherAndNobodyGetsTheMessage) {
  options_.session.queue.max_messages = 1;
  FakeClient reading = login("reading");
  subscribe(reading, "a", kQoS1);
  FakeClient away = login({.client_id = "away", .version = GetParam(), .durable = true});
  subscribe(away, "a", kQoS1);
  away.peer().drop(0);
  settle();
  FakeClient publisher = login({.client_id = "pub", .version = GetParam()});
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  EXPECT_THAT(heard(reading), ElementsAre("PUBLISH a=1 q1 #2"));
  reading.ack(PacketType::Puback, {2});
  settle();
  heard(publisher);
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre(is_v5() ? "PUBACK #8 0x97" : "end"));
  EXPECT_THAT(heard(reading), IsEmpty());
  EXPECT_EQ(queued("reading"), 0) << "its place was given back";
}

TEST_F(Limits, AQueueIsFullByBytesToo) {
  options_.session.queue.max_bytes = 100;
  absent_subscriber("away");
  FakeClient publisher = login("pub");
  publish(publisher, {"a", std::string(60, 'x'), kQoS1, 7});
  publish(publisher, {"a", std::string(60, 'x'), kQoS1, 8});
  publish(publisher, {"a", std::string(30, 'x'), kQoS1, 9});
  settle();
  EXPECT_THAT(heard(publisher), UnorderedElementsAre("PUBACK #7", "PUBACK #8 0x97", "PUBACK #9"));
}

TEST_F(Limits, AFullQueueHoldsUpNoQoS0) {
  options_.session.queue.max_messages = 1;
  FakeClient client = login("sub");
  subscribe(client, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  publish(publisher, {"a", "2"});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH a=2"));
}

TEST_F(Limits, DropNewestDropsForThatQueueAlone) {
  options_.session.queue.max_messages = 1;
  options_.session.queue.overflow = queue::Overflow::DropNewest;
  absent_subscriber("away");
  FakeClient reading = login("reading");
  subscribe(reading, "a", kQoS1);
  FakeClient publisher = login("pub");
  for (const std::uint16_t id : Ids{1, 2}) {
    publish(publisher, {"a", std::to_string(id), kQoS1, id});
    settle();
    reading.ack(PacketType::Puback, {static_cast<std::uint16_t>(id + 1)});
    settle();
  }
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #1", "PUBACK #2"));
  EXPECT_THAT(heard(reading), ElementsAre("PUBLISH a=1 q1 #2", "PUBLISH a=2 q1 #3"));
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 1);
  EXPECT_EQ(queued("away"), 1);
}

TEST_F(Limits, AnAckMakesRoomInAFullQueue) {
  options_.session.queue.max_messages = 1;
  FakeClient client = login({.client_id = "sub", .durable = true});
  subscribe(client, "a", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle();
  client.ack(PacketType::Puback, {2});
  settle();
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7", "PUBACK #8"));
}

TEST_F(Limits, APayloadThatIsNotTheTextItClaimsToBeIsRefused) {
  options_.mqtt.validate_payload_format = true;
  FakeClient publisher = login("pub");
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::PayloadFormatIndicator, 1);
  const std::string text = "\xC3\xA9";
  for (const std::size_t size : {2U, 1U}) {
    wire::Publish packet;
    packet.topic = "a";
    packet.qos = kQoS1;
    packet.id = wire::PacketId{static_cast<std::uint16_t>(size)};
    packet.payload = as_bytes(std::string_view(text).substr(0, size));
    packet.properties = properties.properties();
    publisher.publish(packet);
  }
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #2 0x10", "PUBACK #1 0x99"));
}

TEST_F(Limits, TopicsAreNoDeeperThanTheLimit) {
  options_.mqtt.max_topic_levels = 3;
  FakeClient client = login("c");
  publish(client, {"a/b/c", "1", kQoS1, 1});
  publish(client, {"a/b/c/d", "1", kQoS1, 2});
  client.subscribe({3}, {{"a/+/c", kQoS0}, {"a/+/c/d", kQoS0}});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBACK #1 0x10", "PUBACK #2 0x90", "SUBACK #3 0x00 0x8F"));
}

TEST_P(LimitsOf, APacketAboveMaximumPacketSizeEndsTheConnection) {
  options_.mqtt.max_packet_size = 1000;
  FakeClient client = login({.client_id = "c", .version = GetParam()});
  publish(client, {"a", std::string(1000, 'x')});
  settle();
  const auto end = heard(client);
  ASSERT_FALSE(end.empty());
  EXPECT_EQ(end.front(), is_v5() ? "DISCONNECT 0x95" : "end");
}

TEST_F(Limits, ConnectIsHeldToALimitOfItsOwn) {
  options_.mqtt.max_connect_size = 200;
  FakeClient client = call({.client_id = std::string(200, 'c')});
  settle();
  EXPECT_TRUE(client.peer().is_ended_by_broker());
  EXPECT_EQ(broker().directory().count(), 0);
}

TEST_F(Limits, WhatConnackRuledOutEndsTheConnection) {
  options_.mqtt.max_qos = 1;
  options_.mqtt.retain_available = false;
  FakeClient one = login("one");
  publish(one, {"a", "1", kQoS2, 7});
  FakeClient two = login("two");
  publish(two, {.topic = "a", .payload = "1", .retain = true});
  settle();
  EXPECT_THAT(heard(one), ElementsAre("DISCONNECT 0x9B", "end"));
  EXPECT_THAT(heard(two), ElementsAre("DISCONNECT 0x9A", "end"));
}

TEST_F(Limits, ATopicAliasAboveTheMaximumEndsTheConnection) {
  options_.mqtt.topic_alias_maximum = 2;
  FakeClient client = login("c");
  for (const std::uint32_t alias : {2U, 3U}) {
    wire::PropertyWriter properties;
    properties.add(wire::PropertyId::TopicAlias, alias);
    client.publish({.qos = kQoS1, .id = {1}, .topic = "a", .properties = properties.properties()});
  }
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBACK #1 0x10", "DISCONNECT 0x94", "end"));
}

/// Whatever becomes of the message, the alias it set is set on both sides.
TEST_F(Limits, ARefusedPublishSetsItsAliasAllTheSame) {
  options_.session.queue.max_messages = 1;
  absent_subscriber("away");
  FakeClient watcher = login("watcher");
  subscribe(watcher, "a", kQoS0);
  FakeClient client = login("c");
  publish(client, {"a", "fills", kQoS1, 1});
  settle();
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::TopicAlias, 1);
  client.publish({.qos = kQoS1, .id = {2}, .topic = "a", .properties = properties.properties()});
  client.publish({.topic = "", .payload = as_bytes("later"), .properties = properties.properties()});
  settle();
  EXPECT_THAT(heard(client), ElementsAre("PUBACK #1", "PUBACK #2 0x97"));
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH a=fills", "PUBLISH a=later"));
}

}  // namespace
}  // namespace hermod::broker::testing
