// What a start owes to the clients of a broker that crashed: the cases behind schedules that once failed.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "broker/shard.h"
#include "qos/packet_ids.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "session/records.h"
#include "tests/support/fake_client.h"
#include "tests/support/stepped_broker.h"
#include "tests/support/temporary_store.h"

namespace hermod::test {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 30;

/// A broker of one shard over a real store, whose sessions last for an hour.
class Start : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::Error); }
  static broker::Options options() {
    broker::Options options;
    options.threads = 1;
    options.allow_anonymous = true;
    options.session.max_inflight = 1;
    options.store.max_size = std::uint64_t{64} << 20;
    return options;
  }

  SteppedBroker& broker() { return *broker_; }
  /// The CONNECT is on its way.
  FakeClient call(std::string_view client_id, bool with_will = false, std::uint32_t expiry = 3600,
                  bool clean = false) {
    auto peer = broker().connect(0);
    peer->make_room(kPlenty);
    FakeClient client(std::move(peer), wire::Version::Mqtt5);
    wire::Connect packet;
    packet.version = wire::Version::Mqtt5;
    packet.client_id = client_id;
    packet.clean_start = clean;
    wire::PropertyWriter properties;
    if (expiry != 0) properties.add(wire::PropertyId::SessionExpiryInterval, expiry);
    packet.properties = properties.properties();
    if (with_will) packet.will = wire::Will{.topic = "a", .qos = wire::QoS::AtLeastOnce};
    client.connect(packet);
    return client;
  }
  FakeClient login(std::string_view client_id, bool with_will = false, std::uint32_t expiry = 3600) {
    FakeClient client = call(client_id, with_will, expiry);
    broker().settle();
    EXPECT_EQ(client.receive().size(), 1U);
    return client;
  }
  void subscribe(FakeClient& client, std::string_view filter = "a", wire::QoS qos = wire::QoS::AtLeastOnce) {
    client.subscribe({1}, {{filter, qos}});
    broker().settle();
    EXPECT_EQ(client.receive().size(), 1U);
  }
  void publish(FakeClient& client, std::uint16_t id, wire::QoS qos = wire::QoS::AtLeastOnce,
               std::uint32_t expiry = 0) {
    wire::Publish packet;
    packet.topic = "a";
    publish(client, id, packet, qos, expiry);
  }
  /// The packet, with these filled in.
  void publish(FakeClient& client, std::uint16_t id, wire::Publish packet, wire::QoS qos,
               std::uint32_t expiry) {
    packet.qos = qos;
    packet.id = {id};
    wire::PropertyWriter properties;
    if (expiry != 0) properties.add(wire::PropertyId::MessageExpiryInterval, expiry);
    packet.properties = properties.properties();
    client.publish(packet);
  }
  /// The next commit fails and leaves nothing.
  void fail_next_commit() { disk_.journal().fail_after(0); }
  /// The next commit fails, and is whole on the disk all the same.
  void hide_next_commit() { disk_.journal().fail_after(0, Errc::Io, FaultyJournal::Trace::Whole); }
  store::Store& store() { return disk_.store(); }
  void repair_store() {
    const auto next = disk_.store().reopen_journal();
    ASSERT_TRUE(next.has_value());
    broker().committer().resume(*next);
    broker().settle();
  }
  /// `down`: how long nobody starts it again.
  void crash(std::chrono::seconds down = {}) {
    disk_.cut_power();
    broker_.reset();
    disk_.lose();
    clock_.advance(down);
    disk_.open();
    broker_ = std::make_unique<SteppedBroker>(options(), ground());
  }

 private:
  SteppedBroker::Ground ground() { return {clock_, counters_, disk_}; }

  ManualClock clock_;
  Counters counters_{2};
  TemporaryStore disk_{options().store, clock_};
  std::unique_ptr<SteppedBroker> broker_ = std::make_unique<SteppedBroker>(options(), ground());
};

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

/// Messages and records of named queues beside those of sessions, and a claim among a session's messages.
TEST_F(Start, LeavesWhatBelongsToNamedQueuesWhereItIs) {
  constexpr QueueId kQueue = queue::named_queue(3);
  const StreamId stream = queue::stream_of(kQueue);
  FakeClient subscriber = login("subscriber");
  subscribe(subscriber);
  subscriber.peer().drop(0);
  FakeClient publisher = login("publisher");
  publish(publisher, 1);
  broker().settle();
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  queue::Message::Fields fields;
  fields.topic = "orders";
  const queue::QueueEntry entry{.message = queue::Message::create(fields), .key = "seven"};
  const queue::ClaimRecord claim{.queue = kQueue, .seq = Seq{1}, .deliveries = 2};
  queue::QueueRecord record;
  record.definition.name = "orders";
  record.definition.bind = {"orders"};
  store::WriteBatch batch;
  queue::record_queue(batch, kQueue, record);
  queue::record_next_queue(batch, 4);
  queue::append_queue_entry(batch, kQueue, entry);
  queue::append_queue_entry(batch, kQueue, entry);
  queue::record_delivery_state(batch, kQueue, Seq{1}, {.deliveries = 1});
  queue::record_message_id(batch, kQueue, 1, "first", {});
  queue::append_claim(batch, StreamId{session->v}, claim);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();

  for (int round = 0; round < 2; ++round) {
    crash();
    EXPECT_EQ(broker().recovered().damaged, 0U);
    EXPECT_EQ(broker().recovered().orphans, 0U);
    EXPECT_EQ(broker().recovered().queued_messages, 1U) << "what the session waits for";
  }
  const auto view = store().view();
  const auto slice = view->read_stream(stream, Seq{0}, 10, kPlenty);
  ASSERT_TRUE(slice.has_value());
  ASSERT_EQ(slice->entries.size(), 2U);
  const auto read = queue::queue_entry_from(slice->entries[1]);
  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(read->key, "seven");
  for (const store::Table table :
       {store::Table::Queues, store::Table::Deliveries, store::Table::MessageIds}) {
    std::size_t records = 0;
    ASSERT_TRUE(view->scan(table, {}, [&](Bytes, Bytes) { return ++records > 0; }));
    EXPECT_EQ(records, 1U) << static_cast<int>(table);
  }
  store::WriteBatch more;
  queue::append_queue_entry(more, kQueue, entry);
  broker().committer().submit(std::move(more), nullptr);
  broker().settle();
  const auto behind = view->read_stream(stream, Seq{3}, 10, kPlenty);
  ASSERT_TRUE(behind.has_value());
  ASSERT_EQ(behind->entries.size(), 1U);
  EXPECT_GT(behind->entries[0].seq.v, 64U) << "behind what was reserved before the crash";

  // The session's own message comes; the claim is no message and no damage.
  FakeClient back = call("subscriber");
  broker().settle();
  EXPECT_EQ(back.receive().size(), 2U) << "CONNACK and the message";
  EXPECT_EQ(broker().counted(Counter::DroppedDamaged), 0U);
}

/// The session's client may have the message of the claim, and what it holds is not given to another.
TEST_F(Start, HoldsThePacketIdentifierOfAClaim) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  store::WriteBatch batch;
  const queue::ClaimRecord claim{.queue = queue::named_queue(3), .seq = Seq{1}, .deliveries = 1};
  queue::append_claim(batch, StreamId{session->v}, claim);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  EXPECT_EQ(broker().recovered().exchanges, 1U);
  EXPECT_EQ(broker().recovered().damaged, 0U);
  ASSERT_EQ(broker().claims().size(), 1U);
  EXPECT_EQ(broker().claims()[0].session, *session);
  EXPECT_EQ(broker().claims()[0].seq, Seq{1});
  EXPECT_EQ(broker().claims()[0].record, claim);
  FakeClient back = call("subscriber");
  broker().settle();
  ASSERT_EQ(back.receive().size(), 1U) << "CONNACK";
  back.ack(wire::PacketType::Pubrec, qos::packet_id_for(Seq{1}));
  broker().settle();
  EXPECT_TRUE(back.receive().empty()) << "a PUBREL with 0x92 would end the exchange in the client alone";
}

/// Two of a session that would have one packet identifier: the first goes on, and so does the start.
TEST_F(Start, TakesAnExchangeBeyondAllPacketIdentifiersForDamage) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  const StreamId stream{session->v};
  store::WriteBatch batch;
  queue::Message::Fields fields;
  fields.topic = "a";
  queue::Delivery delivery;
  delivery.message = queue::Message::create(fields);
  delivery.qos = wire::QoS::ExactlyOnce;
  constexpr std::uint64_t kEntries = qos::kPacketIdCount + 2;
  for (std::uint64_t i = 0; i < kEntries; ++i) queue::append_entry(batch, stream, delivery);
  queue::record_released(batch, stream, Seq{1});
  queue::record_released(batch, stream, Seq{qos::kPacketIdCount});
  queue::record_released(batch, stream, Seq{qos::kPacketIdCount + 1});
  for (std::uint64_t seq = 2; seq < qos::kPacketIdCount; ++seq) queue::erase_entry(batch, stream, Seq{seq});
  queue::append_claim(batch, stream, {.queue = queue::named_queue(3), .seq = Seq{1}, .deliveries = 1});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  EXPECT_EQ(broker().recovered().exchanges, 2U);
  EXPECT_EQ(broker().recovered().damaged, 2U) << "a released one and a claim";
  EXPECT_TRUE(broker().claims().empty());
  FakeClient back = call("subscriber");
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 3U) << "CONNACK and two PUBREL; the message behind waits for the first";
  EXPECT_EQ(packets[1].id, qos::packet_id_for(Seq{1}));
  EXPECT_EQ(packets[2].id, qos::packet_id_for(Seq{qos::kPacketIdCount}));
}

/// Its cell had been used 2^31 times under a broker that did not know named queues.
TEST_F(Start, KeepsTheQueueOfASessionWhoseNumberHasTheBitOfNamedQueues) {
  session::Session old(SessionId{std::uint64_t{0x80000001} << 32 | 5}, "old", /*durable=*/true,
                       options().session);
  old.set_expiry_interval(3600);
  queue::Message::Fields fields;
  fields.topic = "a";
  queue::Delivery delivery;
  delivery.message = queue::Message::create(fields);
  delivery.qos = wire::QoS::AtLeastOnce;
  store::WriteBatch batch;
  session::record_session(batch, old);
  queue::append_entry(batch, old.stream(), delivery);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();

  crash();
  EXPECT_EQ(broker().recovered().sessions, 1U);
  EXPECT_EQ(broker().recovered().queued_messages, 1U);
  FakeClient back = call("old");
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U) << "CONNACK and the message";
  EXPECT_TRUE(packets[0].session_present);
  back.ack(wire::PacketType::Puback, packets[1].id);
  FakeClient publisher = login("publisher");
  subscribe(back);
  publish(publisher, 1);
  broker().settle();
  const auto more = back.receive();
  ASSERT_EQ(more.size(), 1U);
  EXPECT_GE(more[0].id.v, 66U) << "behind what was reserved: the client may remember the others";
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
