// What a start owes to named queues and to those who consume from them.

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "qos/packet_ids.h"
#include "queue/group_records.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "session/records.h"
#include "tests/sim/start_fixture.h"

namespace hermod::test {
namespace {

class QueueStart : public StartTest {
 protected:
  static queue::MessagePtr message(std::string_view topic) {
    queue::Message::Fields fields;
    fields.topic = topic;
    return queue::Message::create(fields);
  }
  static void record_orders(store::WriteBatch& batch, QueueId id) {
    queue::QueueRecord record;
    record.definition.name = "orders";
    record.definition.bind = {"orders"};
    queue::record_queue(batch, id, record);
  }
  static void append_orders(store::WriteBatch& batch, QueueId id, int count) {
    for (int i = 0; i < count; ++i)
      queue::append_queue_entry(batch, id, {.message = message("orders"), .key = "seven"});
  }
  std::size_t records(store::Table table) {
    std::size_t found = 0;
    EXPECT_TRUE(store().view()->scan(table, {}, [&](Bytes, Bytes) {
      ++found;
      return true;
    }));
    return found;
  }
};

/// Messages and records of named queues beside those of sessions, and a claim among a session's messages.
TEST_F(QueueStart, LeavesWhatBelongsToNamedQueuesWhereItIs) {
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
  record.definition.dedup_window = std::chrono::minutes{1};
  record.definition.dead_letter = "none";
  store::WriteBatch batch;
  queue::record_queue(batch, kQueue, record);
  queue::append_queue_entry(batch, kQueue, entry);
  queue::append_queue_entry(batch, kQueue, entry);
  queue::record_delivery_state(batch, kQueue, Seq{1}, {.deliveries = 1, .last = queue::Outcome::TimedOut});
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
  const auto slice = view->read_stream(stream, Seq{0}, 10, kWholeSlice);
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
  const auto behind = view->read_stream(stream, Seq{3}, 10, kWholeSlice);
  ASSERT_TRUE(behind.has_value());
  ASSERT_EQ(behind->entries.size(), 1U);
  EXPECT_GT(behind->entries[0].seq.v, 64U) << "behind what was reserved before the crash";

  // The claim is no message of the session and no damage: its exchange goes on, and the own message is next.
  FakeClient back = call("subscriber");
  broker().settle();
  auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U) << "CONNACK and the message of the claim";
  EXPECT_EQ(packets[1].topic, "orders");
  EXPECT_TRUE(packets[1].dup);
  back.ack(wire::PacketType::Pubrec, packets[1].id);
  broker().settle();
  packets = back.receive();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].type, wire::PacketType::Pubrel);
  back.ack(wire::PacketType::Pubcomp, packets[0].id);
  broker().pass(std::chrono::seconds{1});  // an erase may wait
  packets = back.receive();
  ASSERT_EQ(packets.size(), 1U) << "it takes one at a time";
  EXPECT_EQ(packets[0].topic, "a");
  EXPECT_EQ(broker().counted(Counter::DroppedDamaged), 0U);
}

/// What becomes of a claim is for who can read its queue; until then the client may have its message, and
/// what it holds is not given to another.
TEST_F(QueueStart, HoldsThePacketIdentifierOfAClaimWhoseQueueCannotBeRead) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  constexpr QueueId kQueue = queue::named_queue(3);
  const queue::ClaimRecord claim{.queue = kQueue, .seq = Seq{1}, .deliveries = 1};
  store::WriteBatch batch;
  batch.put(store::Table::Queues, as_bytes(store::number_key(kQueue.v)), as_bytes("\x7f of a later version"));
  queue::record_delivery_state(batch, kQueue, Seq{2}, {.deliveries = 1, .last = queue::Outcome::TimedOut});
  queue::record_message_id(batch, kQueue, 1, "first", {});
  queue::append_claim(batch, StreamId{session->v}, claim);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  for (int round = 0; round < 2; ++round) {
    crash();
    EXPECT_EQ(broker().recovered().exchanges, 1U);
    EXPECT_EQ(broker().recovered().damaged, 0U);
    ASSERT_EQ(broker().claims().size(), 1U) << round;
    EXPECT_EQ(broker().claims()[0].session, *session);
    EXPECT_EQ(broker().claims()[0].seq, Seq{1});
    EXPECT_EQ(broker().claims()[0].record, claim);
    EXPECT_EQ(records(store::Table::Deliveries), 1U) << round;
    EXPECT_EQ(records(store::Table::MessageIds), 1U) << round;
  }
  FakeClient back = call("subscriber");
  broker().settle();
  ASSERT_EQ(back.receive().size(), 1U) << "CONNACK";
  back.ack(wire::PacketType::Pubrec, qos::packet_id_for(Seq{1}));
  broker().settle();
  EXPECT_TRUE(back.receive().empty()) << "a PUBREL with 0x92 would end the exchange in the client alone";
}

TEST_F(QueueStart, LeavesTheClaimAndTheStateOfAnEntryThatCannotBeRead) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  constexpr QueueId kQueue = queue::named_queue(3);
  store::WriteBatch batch;
  record_orders(batch, kQueue);
  batch.append(queue::stream_of(kQueue), as_bytes("\x7f of a later version"));
  queue::record_delivery_state(batch, kQueue, Seq{1}, {.deliveries = 1, .last = queue::Outcome::TimedOut});
  queue::append_claim(batch, StreamId{session->v}, {.queue = kQueue, .seq = Seq{1}, .deliveries = 2});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  for (int round = 0; round < 2; ++round) {
    crash();
    EXPECT_EQ(broker().claims().size(), 1U) << round;
    EXPECT_EQ(records(store::Table::Deliveries), 1U) << round;
  }
}

TEST_F(QueueStart, HoldsTheFirstOfABacklogAlone) {
  constexpr QueueId kQueue = queue::named_queue(3);
  constexpr int kBacklog = 3000;
  store::WriteBatch batch;
  record_orders(batch, kQueue);
  append_orders(batch, kQueue, kBacklog);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  const queue::QueueRoom& room = *broker().queues().find("orders")->room;
  broker().settle();
  EXPECT_EQ(room.held().messages, std::uint64_t{kBacklog});
  EXPECT_EQ(room.in_memory().messages, broker().options().queues.held_messages);
  FakeClient taker = login("taker");
  taker.subscribe({1}, {{"$queue/orders", wire::QoS::AtMostOnce}});
  broker().settle();
  EXPECT_EQ(taker.receive().size(), std::size_t{kBacklog} + 1) << "and SUBACK";
  EXPECT_EQ(room.held().messages, 0U);
  EXPECT_EQ(room.in_memory().messages, 0U);
}

/// No later version will read it either, and an identifier that is held for good stops its session at last.
TEST_F(QueueStart, ReleasesAClaimOfWhatIsDamaged) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  constexpr QueueId kQueue = queue::named_queue(3);
  constexpr QueueId kDamaged = queue::named_queue(4);
  store::WriteBatch batch;
  record_orders(batch, kQueue);
  batch.append(queue::stream_of(kQueue), as_bytes("\x01 is cut off"));
  batch.put(store::Table::Queues, as_bytes(store::number_key(kDamaged.v)), as_bytes("\x01"));
  queue::record_delivery_state(batch, kDamaged, Seq{2}, {.deliveries = 1, .last = queue::Outcome::TimedOut});
  queue::append_claim(batch, StreamId{session->v}, {.queue = kQueue, .seq = Seq{1}, .deliveries = 1});
  queue::append_claim(batch, StreamId{session->v}, {.queue = kDamaged, .seq = Seq{1}, .deliveries = 1});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  ASSERT_EQ(broker().claims().size(), 2U);
  broker().settle();
  crash();
  EXPECT_TRUE(broker().claims().empty());
  EXPECT_EQ(broker().recovered().exchanges, 2U) << "the marks";
  EXPECT_EQ(records(store::Table::Deliveries), 1U) << "what is of the damaged queue stays for who repairs it";
}

TEST_F(QueueStart, APausedQueueStaysPaused) {
  constexpr QueueId kQueue = queue::named_queue(3);
  queue::QueueRecord record;
  record.definition.name = "orders";
  record.definition.bind = {"orders"};
  record.is_paused = true;
  store::WriteBatch batch;
  queue::record_queue(batch, kQueue, record);
  append_orders(batch, kQueue, 1);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  FakeClient taker = login("taker");
  subscribe(taker, "$queue/orders");
  EXPECT_TRUE(taker.receive().empty());
  taker.peer().drop(0);
  record.is_paused = false;
  store::WriteBatch resumed;
  queue::record_queue(resumed, kQueue, record);
  broker().committer().submit(std::move(resumed), nullptr);
  broker().settle();
  crash();
  FakeClient back = call("taker");
  broker().settle();
  EXPECT_EQ(back.receive().size(), 2U) << "CONNACK and the message";
}

TEST_F(QueueStart, AQueueOfTheStoreHasItsPlaceForDeadLetters) {
  store::WriteBatch batch;
  record_orders(batch, queue::named_queue(3));
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  for (int round = 0; round < 2; ++round) {
    crash();
    EXPECT_NE(broker().queues().find("orders.dlq"), nullptr) << "what gave it away may be damaged";
    broker().settle();
    EXPECT_EQ(records(store::Table::Queues), 2U);
  }
}

/// Two that made the same queue at the same time, and a crash before the needless record had gone.
TEST_F(QueueStart, OfTwoRecordsOfANameTheOneWithMessagesStays) {
  constexpr QueueId kFirst = queue::named_queue(3);
  constexpr QueueId kSecond = queue::named_queue(4);
  store::WriteBatch batch;
  record_orders(batch, kFirst);
  record_orders(batch, kSecond);
  append_orders(batch, kSecond, 2);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  for (int round = 0; round < 2; ++round) {
    crash();
    ASSERT_NE(broker().queues().find("orders"), nullptr);
    EXPECT_EQ(broker().queues().find("orders")->id, kSecond);
    broker().settle();
  }
  EXPECT_EQ(records(store::Table::Queues), 2U) << "it, and its place for dead letters";
}

/// One was deleted while a member was on its way to it, who has made the other.
TEST_F(QueueStart, OfTwoConsumerGroupsOfANameTheLaterStays) {
  constexpr QueueId kLog = queue::named_queue(3);
  queue::QueueRecord record;
  record.definition.name = "log";
  record.definition.bind = {"log"};
  record.definition.kind = queue::QueueDefinition::Kind::Stream;
  store::WriteBatch batch;
  queue::record_queue(batch, kLog, record);
  for (const std::uint64_t n : {7, 9})
    queue::record_group(batch, kLog, queue::group_number(n),
                        {"work", queue::GroupPosition({.next = Seq{n}})});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  broker().settle();
  const queue::NamedQueuePtr group = broker().queues().find_group(kLog, "work");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->group->begin.next(), Seq{9});
  EXPECT_EQ(group->group->number, queue::group_number(9));
  EXPECT_EQ(records(store::Table::Deliveries), 1U) << "the other is erased";
}

TEST_F(QueueStart, EndsADeletionThatACrashInterrupted) {
  constexpr QueueId kQueue = queue::named_queue(3);
  store::WriteBatch batch;
  record_orders(batch, kQueue);
  append_orders(batch, kQueue, 2);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  FakeClient taker = login("taker");
  taker.subscribe({1}, {{"$queue/orders", wire::QoS::AtLeastOnce}});
  broker().settle();
  taker.peer().drop(0);
  broker().settle();
  crash();
  EXPECT_EQ(records(store::Table::Subscriptions), 1U);
  queue::QueueRecord record{.definition = {}, .is_ending = true};
  record.definition.name = "orders";
  record.definition.bind = {"orders"};
  store::WriteBatch ending;
  queue::record_queue(ending, kQueue, record);
  broker().committer().submit(std::move(ending), nullptr);
  broker().settle();
  crash();
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
  broker().settle();
  crash();
  EXPECT_EQ(records(store::Table::Subscriptions), 0U);
  EXPECT_EQ(records(store::Table::Queues), 1U) << "the place for its dead letters, which stays";
}

/// The client may have had the PUBLISH, whose message is gone; it is not to hold the identifier for good.
TEST_F(QueueStart, ReleasesAClaimThatHasNoEntry) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  store::WriteBatch batch;
  queue::append_claim(batch, StreamId{session->v},
                      {.queue = queue::named_queue(3), .seq = Seq{1}, .deliveries = 1});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  ASSERT_EQ(broker().claims().size(), 1U);
  crash();
  EXPECT_TRUE(broker().claims().empty());
  EXPECT_EQ(broker().recovered().exchanges, 1U) << "the mark";
  FakeClient back = call("subscriber");
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U) << "CONNACK and PUBREL";
  EXPECT_EQ(packets[1].type, wire::PacketType::Pubrel);
  back.ack(wire::PacketType::Pubcomp, packets[1].id);
  broker().pass(std::chrono::seconds{1});
  crash();
  EXPECT_EQ(broker().recovered().exchanges, 0U);
}

/// Its client leaves one exchange open for as long as there are packet identifiers. What was claimed then
/// would have none, at this start and at every other.
TEST_F(QueueStart, NothingIsClaimedThatWouldHaveNoPacketIdentifier) {
  login("subscriber").peer().drop(0);
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  const StreamId stream{session->v};
  constexpr QueueId kQueue = queue::named_queue(3);
  const queue::Delivery entry{.message = message("a"), .qos = wire::QoS::ExactlyOnce, .identifiers = {}};
  constexpr std::uint64_t kEntries = qos::kPacketIdCount - 1;
  store::WriteBatch batch;
  record_orders(batch, kQueue);
  append_orders(batch, kQueue, 1);
  for (std::uint64_t i = 0; i < kEntries; ++i) queue::append_entry(batch, stream, entry);
  queue::record_released(batch, stream, Seq{1});
  for (std::uint64_t seq = 2; seq <= kEntries; ++seq) queue::erase_entry(batch, stream, Seq{seq});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  FakeClient back = call("subscriber");
  back.subscribe({1}, {{"$queue/orders", wire::QoS::ExactlyOnce}});
  broker().settle();
  const auto packets = back.receive();
  ASSERT_EQ(packets.size(), 3U) << "CONNACK, PUBREL, SUBACK";
  back.peer().drop(0);
  crash();
  EXPECT_EQ(broker().recovered().damaged, 0U);
  EXPECT_TRUE(broker().claims().empty());

  FakeClient again = call("subscriber");
  broker().settle();
  EXPECT_EQ(again.receive().size(), 2U) << "CONNACK, PUBREL";
  again.ack(wire::PacketType::Pubcomp, qos::packet_id_for(Seq{1}));
  broker().pass(std::chrono::seconds{1});
  const auto came = again.receive();
  ASSERT_EQ(came.size(), 1U) << "there is room for it now";
  EXPECT_EQ(came[0].topic, "orders");
}

/// It was sent, whatever the session's record says of what was.
TEST_F(QueueStart, GoesOnWithAnUnansweredClaimBehindAMessageThatWaits) {
  FakeClient subscriber = login("subscriber");
  subscribe(subscriber);
  subscriber.peer().drop(0);
  FakeClient publisher = login("publisher");
  publish(publisher, 1);
  broker().settle();
  const auto session = broker().directory().find("subscriber");
  ASSERT_TRUE(session.has_value());
  const StreamId stream{session->v};
  const queue::ClaimRecord claim{.queue = queue::named_queue(3), .seq = Seq{1}, .deliveries = 1};
  store::WriteBatch batch;
  queue::append_claim(batch, stream, claim);
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  const auto stored = store().view()->read_stream(stream, Seq{0}, 10, kWholeSlice);
  ASSERT_TRUE(stored.has_value());
  ASSERT_EQ(stored->entries.size(), 2U);
  const Seq own = stored->entries[1].seq;
  store::WriteBatch ended;
  queue::leave_claim_unanswered(ended, stream, own, {claim, message("orders")});
  broker().committer().submit(std::move(ended), nullptr);
  broker().settle();
  for (int round = 0; round < 2; ++round) {
    crash();
    EXPECT_EQ(broker().recovered().damaged, 0U);
    EXPECT_EQ(broker().recovered().exchanges, 1U);
    EXPECT_EQ(broker().recovered().queued_messages, 1U) << "what the session waits for";
    EXPECT_TRUE(broker().claims().empty());
  }
  FakeClient back = call("subscriber");
  broker().settle();
  auto packets = back.receive();
  ASSERT_EQ(packets.size(), 2U) << "CONNACK and the message that was sent";
  EXPECT_EQ(packets[1].topic, "orders");
  EXPECT_EQ(packets[1].id, qos::packet_id_for(own));
  EXPECT_TRUE(packets[1].dup) << "[MQTT-3.3.1-1]";
  EXPECT_EQ(packets[1].said.at("offset"), "1");
  EXPECT_FALSE(packets[1].said.contains("queue")) << "there is none";
  back.ack(wire::PacketType::Pubrec, packets[1].id);
  broker().settle();
  packets = back.receive();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].type, wire::PacketType::Pubrel);
  back.ack(wire::PacketType::Pubcomp, packets[0].id);
  broker().pass(std::chrono::seconds{1});
  packets = back.receive();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].topic, "a");
  EXPECT_FALSE(packets[0].dup);
}

/// Two of a session that would have one packet identifier: the first goes on, and so does the start.
TEST_F(QueueStart, TakesAnExchangeBeyondAllPacketIdentifiersForDamage) {
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
TEST_F(QueueStart, KeepsTheQueueOfASessionWhoseNumberHasTheBitOfNamedQueues) {
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

}  // namespace
}  // namespace hermod::test
