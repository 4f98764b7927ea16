// PUBLISH to $delayed/<seconds>/<topic> or with delay-level: what is answered and stored, and what becomes of
// it when it is due.

#include <algorithm>
#include <optional>

#include "queue/delayed_records.h"
#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

class DelayedPath : public QueuePathTest {
 protected:
  void pass(std::chrono::milliseconds time) { broker().pass(time); }
  void publish_at_level(FakeClient& from, std::uint16_t id, const char* level) {
    publish_with(from, id, "later", {{"delay-level", level}});
    settle();
  }
  std::uint64_t pending() { return broker().delayed().taken(); }
  /// "1" has come, and "2" was put off until it is acknowledged.
  void expect_the_second_behind_the_first(FakeClient& client) {
    settle();
    const auto first = messages(client);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].payload, "1");
    client.ack(PacketType::Puback, first[0].id);
    settle();
    pass(2s);
    EXPECT_EQ(payloads(client), std::vector<std::string>{"2"});
    EXPECT_EQ(pending(), 0U);
  }
};

TEST_F(DelayedPath, ItComesWhenItIsDueAndNotBefore) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/10/shop/a", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1"));
  EXPECT_EQ(pending(), 1U);
  pass(9900ms);
  EXPECT_THAT(heard(reader), IsEmpty());
  pass(100ms);
  EXPECT_THAT(heard(reader), ElementsAre("PUBLISH shop/a=1 q1 #2"));
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(counted(Counter::DelayedPublished), 1U);
}

TEST_F(DelayedPath, ItsRecordIsInTheBatchOfItsExchange) {
  FakeClient sender = login({.client_id = "sender", .durable = true});
  written();
  publish(sender, {"$delayed/10/shop/a", "1", kQoS2, 7});
  settle_without_commit();
  EXPECT_THAT(heard(sender), IsEmpty()) << "it is not on disk";
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBREC #7"));
  EXPECT_THAT(written(), ElementsAre("append, put InboundIds"));
}

TEST_F(DelayedPath, ItIsErasedInTheBatchThatStoresWhatItHasBecome) {
  configure("orders", "shop/#");
  FakeClient away = login({.client_id = "away", .durable = true});
  subscribe(away, "shop/#", kQoS1);
  away.peer().drop(0);
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/10/shop/a", "1", kQoS1, 1, /*retain=*/true});
  settle();
  written();
  pass(10s);
  const auto batches = written();
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_THAT(batches[0], ::testing::StartsWith("erase"));
  EXPECT_THAT(batches[0], ::testing::HasSubstr("append, append"));
  EXPECT_THAT(batches[0], ::testing::HasSubstr("put Retained"));
  FakeClient late = login("late");
  late.subscribe({1}, {{"shop/a", kQoS1}});
  settle();
  EXPECT_THAT(heard(late), ::testing::Contains(::testing::StartsWith("PUBLISH shop/a=1 q1")));
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 1U);
}

TEST_F(DelayedPath, WithoutReceiversItIsErasedAlone) {
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/1/shop/a", "1", kQoS1, 1});
  settle();
  written();
  pass(1s);
  EXPECT_EQ(written().size(), 1U);
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(counted(Counter::PublishNoSubscribers), 1U);
}

TEST_F(DelayedPath, AReceiverAtQoS0GetsItOnceAlsoWhenTheFirstTryFails) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/1/shop/a", "1", kQoS1, 1});
  settle();
  fail_next_commit();
  pass(1s);
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(pending(), 1U);
  repair_store();
  pass(3s);
  EXPECT_THAT(heard(reader), ElementsAre("PUBLISH shop/a=1"));
  EXPECT_EQ(pending(), 0U);
}

TEST_F(DelayedPath, AReceiverAtQoS1GetsItBehindItsCommitToo) {
  FakeClient reader = login({.client_id = "reader", .durable = true});
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  publish(sender, {"shop/a", "0", kQoS1, 1});
  publish(sender, {"$delayed/1/shop/a", "1", kQoS1, 2});
  settle();
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"0"});
  fail_next_commit();
  pass(1s);
  EXPECT_THAT(payloads(reader), IsEmpty());
  repair_store();
  pass(3s);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"1"});
}

TEST_F(DelayedPath, WhatIsNotStoredIsRefusedAndTakesNoRoom) {
  FakeClient sender = login("sender");
  fail_next_commit(Errc::NoSpace);
  publish(sender, {"$delayed/1/shop/a", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1 0x97"));
  EXPECT_EQ(pending(), 0U);
}

TEST_F(DelayedPath, BadFormsAreRefused) {
  FakeClient sender = login("sender");
  std::uint16_t id = 0;
  for (const char* topic : {"$delayed/-1/a", "$delayed//a", "$delayed/x/a", "$delayed/1", "$delayed/1/",
                            "$delayed/12345678901234567890/a", "$delayed/1/$delayed/1/a", "$delayed/1/$SYS/a",
                            "$delayed/1/$queue/orders/$nack/1"}) {
    publish(sender, {topic, "1", kQoS1, ++id});
    settle();
    const auto packets = sender.receive();
    ASSERT_EQ(packets.size(), 1U) << topic;
    EXPECT_EQ(packets[0].reason, ReasonCode::TopicNameInvalid) << topic;
    EXPECT_FALSE(packets[0].reason_string.empty()) << topic;
  }
  EXPECT_EQ(pending(), 0U);
}

TEST_F(DelayedPath, AClientOf311IsClosedWhenItIsRefused) {
  FakeClient sender = login({.client_id = "sender", .version = kV311});
  publish(sender, {"$delayed/-1/a", "1", kQoS1, 1});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("end"));
}

TEST_F(DelayedPath, NoMoreWaitThanMay) {
  options_.delayed.max_pending = 1;
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/1/shop/a", "1", kQoS1, 1});
  publish(sender, {"$delayed/1/shop/a", "2", kQoS1, 2});
  settle();
  EXPECT_THAT(heard(sender), UnorderedElementsAre("PUBACK #1", "PUBACK #2 0x97"));
  pass(1s);
  publish(sender, {"$delayed/1/shop/a", "3", kQoS1, 3});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #3"));
}

TEST_F(DelayedPath, ALevelIsADelay) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  publish_at_level(sender, 1, "2");
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1"));
  pass(4900ms);
  EXPECT_THAT(heard(reader), IsEmpty());
  pass(100ms);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"later"});
  publish_at_level(sender, 2, "19");
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #2 0x83"));
}

TEST_F(DelayedPath, AFullSessionPutsItOff) {
  options_.session.queue.max_messages = 1;
  FakeClient reader = login({.client_id = "reader", .durable = true});
  subscribe(reader, "shop/#", kQoS1);
  reader.peer().drop(0);
  settle();
  FakeClient sender = login("sender");
  publish(sender, {"shop/a", "1", kQoS1, 1});
  publish(sender, {"$delayed/1/shop/a", "2", kQoS1, 2});
  settle();
  pass(3s);
  EXPECT_EQ(pending(), 1U);
  EXPECT_GE(counted(Counter::DelayedPutOff), 2U);
  FakeClient back = call({.client_id = "reader", .durable = true});
  expect_the_second_behind_the_first(back);
}

TEST_F(DelayedPath, AQueueThatHasToBeAskedRefusesItForAWhile) {
  queue::QueueDefinition& definition = configure("orders", "shop/#");
  definition.max_length = 1;
  definition.dedup_window = 1h;
  FakeClient sender = login("sender");
  publish(sender, {"shop/a", "1", kQoS1, 1});
  publish(sender, {"$delayed/1/shop/a", "2", kQoS1, 2});
  settle();
  pass(3s);
  EXPECT_EQ(pending(), 1U);
  FakeClient worker = login("worker");
  worker.subscribe({1}, {{"$queue/orders", kQoS1}});
  expect_the_second_behind_the_first(worker);
}

TEST_F(DelayedPath, WhatExpiresBeforeItIsDueIsCountedAndGone) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  Words words{"$delayed/10/shop/a", "1", kQoS1, 1};
  words.expiry = 5;
  publish(sender, words);
  settle();
  pass(11s);
  EXPECT_THAT(heard(reader), IsEmpty());
  EXPECT_EQ(counted(Counter::DroppedExpired), 1U);
  EXPECT_EQ(pending(), 0U);
}

TEST_F(DelayedPath, AStormLeavesInItsOrder) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  FakeClient sender = login("sender");
  std::vector<std::string> sent;
  for (int i = 0; i < 1000; ++i) {
    sent.push_back(std::to_string(i));
    publish(sender, {"$delayed/5/shop/a", sent.back(), kQoS0});
  }
  settle();
  EXPECT_EQ(pending(), 1000U);
  pass(5s);
  EXPECT_EQ(payloads(reader), sent);
  EXPECT_EQ(pending(), 0U);
}

/// Somebody who has stopped to read, and is congested and not stalled yet.
class DelayedToSlowReader : public DelayedPath {
 protected:
  DelayedToSlowReader() {
    options_.limits.outbound_buffer = 64 * 1024;
    options_.limits.slow_reader_patience = 10s;
  }
  /// A hundred messages for him at `qos` and, behind them, one for `other`, all due in a second.
  void fill(QoS qos) {
    slow_.emplace(login("slow"));
    subscribe(*slow_, "slow/#", kQoS1);
    slow_->peer().stall();
    other_.emplace(login("other"));
    subscribe(*other_, "other", kQoS0);
    FakeClient sender = login("sender");
    for (std::uint16_t i = 1; i <= 100; ++i) publish(sender, {"$delayed/1/slow/a", "1", qos, i});
    publish(sender, {"$delayed/1/other", "2", kQoS0});
    for (int i = 0; i < 40; ++i) publish(sender, {"slow/now", std::string(1000, 'x'), kQoS0});
    settle();
    ASSERT_EQ(pending(), 101U);
    ASSERT_TRUE(broker().directory().slots().locate(*broker().directory().find("slow"))->congested);
  }
  void pass_in_steps(std::chrono::milliseconds time) { broker().pass(time, 10ms); }

  std::optional<FakeClient> slow_;
  std::optional<FakeClient> other_;
};

TEST_F(DelayedToSlowReader, AtQoS1NothingIsLateByMoreThan50Milliseconds) {
  fill(kQoS1);
  pass_in_steps(1040ms);
  EXPECT_THAT(payloads(*other_), IsEmpty()) << "at first all wait for him";
  pass_in_steps(20ms);
  EXPECT_EQ(payloads(*other_), std::vector<std::string>{"2"});
  EXPECT_EQ(pending(), 0U) << "his queue keeps what is his";
  slow_->peer().make_room(kPlenty);
  settle();
  const auto all = payloads(*slow_);
  EXPECT_EQ(std::count(all.begin(), all.end(), "1"), 100);
}

TEST_F(DelayedToSlowReader, AtQoS0EverythingWaitsUntilHeIsStalled) {
  fill(kQoS0);
  pass_in_steps(1500ms);
  EXPECT_THAT(payloads(*other_), IsEmpty());
  pass(10s);
  EXPECT_EQ(payloads(*other_), std::vector<std::string>{"2"});
  EXPECT_EQ(pending(), 0U);
}

TEST_F(DelayedPath, APublisherMayAskWhereItIs) {
  FakeClient sender = login("sender");
  wire::PropertyWriter properties;
  properties.add_user("want-ref", "1");
  wire::Publish packet;
  packet.topic = "$delayed/10/shop/a";
  packet.qos = kQoS1;
  packet.id = wire::PacketId{1};
  packet.properties = properties.properties();
  sender.publish(packet);
  settle();
  const auto acks = sender.receive();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks[0].said.at("msg-ref"), "$delayed/1");
}

TEST_F(DelayedPath, AnotherShardHasThem) {
  options_.threads = 2;
  FakeClient reader = login({.client_id = "reader", .shard = 1});
  subscribe(reader, "shop/#", kQoS2);
  FakeClient sender = login({.client_id = "sender", .shard = 1});
  publish(sender, {"$delayed/2/shop/a", "1", kQoS2, 1});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBREC #1"));
  pass(2s);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"1"});
}

TEST_F(DelayedPath, T69_AClockThatIsSetMovesTimesOfDayAndNoDelay) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(broker().clock().wall().time_since_epoch());
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/100/shop/delay", "1", kQoS1, 1});
  publish(sender, {"$delayed/" + std::to_string((now + 1h).count()) + "/shop/time", "2", kQoS1, 2});
  settle();
  broker().clock().set_wall(24h);
  pass(3s);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"2"});
  broker().clock().set_wall(-72h);
  pass(96s);
  EXPECT_THAT(payloads(reader), IsEmpty());
  pass(1s);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"1"});
}

TEST_F(DelayedPath, T69_AClockThatIsSetWhileItIsStoredMovesNoDelay) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/100/shop/a", "1", kQoS1, 1});
  settle_without_commit();
  broker().clock().set_wall(50s);
  settle();
  pass(99s);
  EXPECT_THAT(payloads(reader), IsEmpty());
  pass(1s);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"1"});
}

TEST_F(DelayedPath, WhatCannotBeReadIsTriedAgainAndWhatIsDamagedIsCounted) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  publish(sender, {"$delayed/10/shop/a", "1", kQoS1, 1});
  publish(sender, {"$delayed/10/shop/a", "2", kQoS1, 2});
  settle();
  broker().pages().damage_entry(queue::kDelayedStream, Seq{1});
  broker().pages().break_all();
  pass(11s);
  EXPECT_THAT(heard(reader), IsEmpty());
  broker().pages().mend();
  pass(3s);
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"2"});
  EXPECT_EQ(counted(Counter::DroppedDamaged), 1U);
  EXPECT_EQ(pending(), 0U);
}

}  // namespace
}  // namespace hermod::broker::testing
