// What a start owes to the clients of a broker that crashed: the cases behind schedules that once failed.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "broker/shard.h"
#include "qos/packet_ids.h"
#include "queue/records.h"
#include "session/records.h"
#include "tests/sim/start_fixture.h"

namespace hermod::test {
namespace {

using Start = StartTest;

TEST_F(Start, PublishesAWillWithoutDelayBeforeItsClientComesBack) {
  FakeClient watcher = login("watcher");
  subscribe(watcher);
  login("c", /*with_will=*/true);
  crash();
  FakeClient again = call("c");
  broker().settle();
  EXPECT_TRUE(again.receive().front().session_present);
  const auto session = broker().directory().find("watcher");
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(broker().directory().slots().fill(*session).messages, 1U);
}

TEST_F(Start, EndsASessionThatWasToEndWithItsConnection) {
  login("c");
  login("c", false, /*expiry=*/0);
  crash();
  FakeClient again = call("c");
  broker().settle();
  EXPECT_FALSE(again.receive().front().session_present);
}

TEST_F(Start, KeepsTheNewerOfTwoSessionsOfOneClient) {
  FakeClient old = login("c");
  subscribe(old);
  fail_next_commit();
  call("c", false, 3600, /*clean=*/true);  // that the old one ends cannot be stored
  broker().settle();
  repair_store();
  login("c");
  crash();
  EXPECT_EQ(broker().recovered().sessions, 1U);
  EXPECT_EQ(broker().recovered().damaged, 0U);
  EXPECT_EQ(broker().recovered().orphans, 2U) << "the session and its subscription";
  EXPECT_EQ(broker().subscriptions().subscription_count(), 0U);
  crash();
  EXPECT_EQ(broker().recovered().sessions, 1U);
  EXPECT_EQ(broker().recovered().orphans, 0U);
}

TEST_F(Start, KeepsTheNewerOfTwoSessionsInOneCell) {
  login("old", false, 1);
  crash();  // its connection is gone, and the session waits for its client
  fail_next_commit();
  broker().pass(std::chrono::milliseconds{1100});
  ASSERT_FALSE(broker().directory().find("old").has_value());
  repair_store();
  login("new");
  crash();
  EXPECT_EQ(broker().recovered().sessions, 1U);
  EXPECT_EQ(broker().recovered().damaged, 0U);
  EXPECT_TRUE(broker().directory().find("new").has_value());
}

TEST_F(Start, HandsOnWhatWasMatchedForAMemberThatHadJustEnded) {
  FakeClient staying = login("staying");
  subscribe(staying, "$share/g/a");
  staying.peer().drop(0);
  FakeClient leaving = login("leaving");
  subscribe(leaving, "$share/g/a");
  FakeClient publisher = login("publisher");
  publish(publisher, 1);
  broker().settle_shards();
  wire::PropertyWriter ends_now;
  ends_now.add(wire::PropertyId::SessionExpiryInterval, 0);
  leaving.send(wire::Disconnect{wire::kNormalDisconnection, ends_now.properties()});
  broker().settle_shards();
  ASSERT_FALSE(broker().directory().find("leaving").has_value());
  ASSERT_TRUE(broker().commit()) << "the message and the end of its receiver";
  crash();
  EXPECT_EQ(broker().recovered().remaining_messages, 1U);
  broker().settle();
  FakeClient back = call("staying");
  broker().settle();
  EXPECT_EQ(back.receive().size(), 2U) << "CONNACK and the message";
}

TEST_F(Start, FinishesAnExchangeWhoseMessageHasExpired) {
  FakeClient subscriber = login("subscriber");
  subscribe(subscriber, "a", wire::QoS::ExactlyOnce);
  FakeClient publisher = login("publisher");
  publish(publisher, 1, wire::QoS::ExactlyOnce);
  publish(publisher, 2, wire::QoS::ExactlyOnce, /*expiry=*/5);
  broker().settle();
  const auto first = subscriber.receive();
  ASSERT_EQ(first.size(), 1U) << "one is in flight";
  subscriber.ack(wire::PacketType::Pubrec, first.front().id);
  broker().settle();
  ASSERT_EQ(subscriber.receive().size(), 1U) << "PUBREL";
  subscriber.ack(wire::PacketType::Pubcomp, first.front().id);
  broker().settle_shards();  // that it is done is not on the disk when the next one leaves
  const auto second = subscriber.receive();
  ASSERT_EQ(second.size(), 1U);
  crash();
  broker().pass(std::chrono::seconds{10});

  FakeClient back = call("subscriber");
  broker().settle();
  const auto again = back.receive();
  ASSERT_EQ(again.size(), 3U) << "CONNACK, PUBREL of the first, the second";
  back.ack(wire::PacketType::Pubcomp, again[1].id);
  EXPECT_EQ(again[2].type, wire::PacketType::Publish);
  EXPECT_EQ(again[2].id, second.front().id) << "the client holds its identifier";
  EXPECT_TRUE(again[2].dup);
}

/// The time that is over was wall time: the clock went on without a broker.
TEST_F(Start, DropsQueuedMessagesThatExpiredWhileTheBrokerWasDown) {
  FakeClient sleeper = login("sleeper");
  subscribe(sleeper);
  sleeper.peer().drop(0);
  FakeClient publisher = login("publisher");
  publish(publisher, 1, wire::QoS::AtLeastOnce, /*expiry=*/5);
  publish(publisher, 2, wire::QoS::AtLeastOnce, /*expiry=*/60);
  broker().settle();
  crash(/*down=*/std::chrono::seconds{10});

  EXPECT_EQ(broker().recovered().queued_messages, 2U);
  FakeClient back = call("sleeper");
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U) << "CONNACK and the one whose time is not over";
  EXPECT_EQ(packets[1].message_expiry, 50U) << "what is left of it [MQTT-3.3.2-6]";
  EXPECT_FALSE(packets[1].dup);
  EXPECT_EQ(broker().counted(Counter::DroppedExpired), 1U);
  back.ack(wire::PacketType::Puback, packets[1].id);
  broker().pass(std::chrono::seconds{1});
  crash();
  EXPECT_EQ(broker().recovered().queued_messages, 0U) << "both are erased from the disk";
}

TEST_F(Start, GivesNobodyARetainedMessageThatExpiredWhileTheBrokerWasDown) {
  FakeClient publisher = login("publisher");
  wire::Publish retained;
  retained.payload = as_bytes("1");
  retained.retain = true;
  retained.topic = "a";
  publish(publisher, 1, retained, wire::QoS::AtLeastOnce, /*expiry=*/5);
  retained.topic = "b";
  publish(publisher, 2, retained, wire::QoS::AtLeastOnce, /*expiry=*/60);
  broker().settle();
  crash(/*down=*/std::chrono::seconds{10});

  FakeClient watcher = login("watcher");
  watcher.subscribe({1}, {{"+", wire::QoS::AtLeastOnce}});
  broker().settle();
  const auto packets = watcher.receive();
  ASSERT_EQ(packets.size(), 2U) << "SUBACK and the one whose time is not over";
  EXPECT_EQ(packets[1].topic, "b");
  EXPECT_EQ(packets[1].message_expiry, 50U);
}

TEST_F(Start, EndsASessionWhoseTimeWasOverWhileTheBrokerWasDown) {
  login("short", false, /*expiry=*/5).peer().drop(0);
  login("long", false, /*expiry=*/60).peer().drop(0);
  broker().settle();
  crash(/*down=*/std::chrono::seconds{10});
  broker().pass(std::chrono::seconds{1});
  EXPECT_FALSE(broker().directory().find("short").has_value());
  EXPECT_TRUE(broker().directory().find("long").has_value());
  crash();
  EXPECT_EQ(broker().recovered().sessions, 1U);
}

TEST_F(Start, TakesNoNewMessageForOneThatWasRefused) {
  FakeClient subscriber = login("subscriber");
  subscribe(subscriber, "a", wire::QoS::ExactlyOnce);
  FakeClient publisher = login("publisher");
  hide_next_commit();
  publish(publisher, 1, wire::QoS::ExactlyOnce);
  broker().settle();
  const auto answer = publisher.receive();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer.front().type, wire::PacketType::Disconnect) << "its packet identifier stays in use";
  crash();
  FakeClient again = login("publisher");
  publish(again, 1, wire::QoS::ExactlyOnce);
  broker().settle();
  const auto taken = again.receive();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken.front().type, wire::PacketType::Pubrec);
  EXPECT_EQ(taken.front().reason, wire::ReasonCode::Success);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(broker().directory().slots().fill(*session).messages, 1U) << "once";
}

TEST_F(Start, SkipsADamagedMessageOfAQueueOnce) {
  FakeClient subscriber = login("subscriber");
  subscribe(subscriber);
  subscriber.peer().drop(0);
  FakeClient publisher = login("publisher");
  publish(publisher, 1);
  publish(publisher, 2);
  broker().settle();
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  store::WriteBatch damage;
  damage.put_entry(StreamId{session->v}, Seq{1}, as_bytes("no message"));
  broker().committer().submit(std::move(damage), nullptr);
  broker().settle();

  FakeClient back = call("subscriber");
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U) << "CONNACK and the second";
  back.ack(wire::PacketType::Puback, packets[1].id);
  broker().pass(std::chrono::seconds{5});
  EXPECT_EQ(broker().counted(Counter::DroppedDamaged), 1U);
  EXPECT_EQ(broker().pages().asked(), 0U);
  EXPECT_EQ(broker().directory().slots().fill(*session).messages, 0U);
}

TEST_F(Start, GoesOnWithRetainedMessagesThatWerePromised) {
  FakeClient publisher = login("publisher");
  wire::Publish retained;
  retained.topic = "a";
  retained.payload = as_bytes("1");
  retained.qos = wire::QoS::AtLeastOnce;
  retained.id = {1};
  retained.retain = true;
  publisher.publish(retained);
  broker().settle();
  FakeClient subscriber = login("subscriber");
  subscriber.subscribe({1}, {{"a", wire::QoS::AtLeastOnce}});
  broker().settle_shards();
  broker().commit();
  broker().settle_shards();
  ASSERT_EQ(subscriber.receive().size(), 1U) << "SUBACK, and nothing else yet";
  crash();
  FakeClient back = call("subscriber");
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_TRUE(packets[1].retain);
  back.ack(wire::PacketType::Puback, packets[1].id);
  broker().pass(std::chrono::seconds{1});  // an erase may wait
  crash();
  FakeClient again = call("subscriber");
  broker().settle();
  EXPECT_EQ(again.receive().size(), 1U) << "they were all there";
}

TEST_F(Start, SetsDupOnWhatFollowedAnAnsweredMessage) {
  FakeClient subscriber = login("subscriber");
  subscribe(subscriber);
  FakeClient publisher = login("publisher");
  publish(publisher, 1);
  publish(publisher, 2);
  broker().settle();
  const auto first = subscriber.receive();
  ASSERT_EQ(first.size(), 1U) << "one is in flight";
  subscriber.ack(wire::PacketType::Puback, first.front().id);
  broker().settle_shards();  // that it is done is not on the disk when the next one leaves
  const auto second = subscriber.receive();
  ASSERT_EQ(second.size(), 1U);
  crash();

  FakeClient again = login("publisher");
  publish(again, 3);
  broker().settle();
  FakeClient back = call("subscriber");
  std::vector<bool> duplicates;
  for (int i = 0; i < 3; ++i) {
    broker().settle();
    for (const Arrived& packet : back.receive()) {
      if (packet.type != wire::PacketType::Publish) continue;
      duplicates.push_back(packet.dup);
      back.ack(wire::PacketType::Puback, packet.id);
    }
  }
  EXPECT_EQ(duplicates, (std::vector<bool>{true, true, false}));
}

}  // namespace
}  // namespace hermod::test
