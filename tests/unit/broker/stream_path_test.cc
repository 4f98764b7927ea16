// Streams: what is stored in them, who reads it from where, and what leaves them.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class StreamPath : public ControlTest {
 protected:
  StreamPath() {
    options_.queues.reader_messages = 8;
    options_.queues.reader_bytes = 100'000;
  }
  /// A stream "log" of shop/#.
  void make_stream(const std::string& more = {}) {
    FakeClient maker = operator_client("maker");
    const json answer = ask(maker, R"({"command":"create","queue":"log","options":{"bind":"shop/#",)" + more +
                                       R"("kind":"stream"}})");
    ASSERT_FALSE(answer.contains("error")) << answer.dump();
    maker.disconnect();
    settle();
  }
  FakeClient login_without_pages(const std::string& client_id) {
    FakeClient client = call({.client_id = client_id});
    commit_without_pages();
    EXPECT_THAT(heard(client), ElementsAre("CONNACK"));
    return client;
  }
  /// Subscribes and keeps what comes with it.
  void read_from(FakeClient& client, const std::string& start, QoS qos = kQoS1) {
    ask_to_read(client, start, qos);
    settle();
  }
  static void ask_to_read(FakeClient& client, const std::string& start, QoS qos = kQoS1) {
    wire::PropertyWriter properties;
    if (!start.empty()) properties.add_user("stream-offset", start);
    wire::SubscribeFilterWriter filters;
    filters.add({.filter = "$stream/log", .qos = qos}, kV5);
    client.send(wire::Subscribe{wire::PacketId{1}, filters.filters(), properties.properties()});
  }
  /// What the client gets when it acknowledges everything, as "offset=payload".
  std::vector<std::string> read_by(FakeClient& client) {
    std::vector<std::string> all;
    for (bool is_more = true; is_more;) {
      is_more = false;
      for (const test::Arrived& one : messages(client)) {
        const auto offset = one.said.find("offset");
        all.push_back((offset != one.said.end() ? offset->second + "=" : "") + one.payload);
        if (one.qos == kQoS1) client.ack(PacketType::Puback, one.id);
        is_more = true;
      }
      settle();
    }
    return all;
  }
  static std::vector<std::string> numbered(int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i <= to; ++i) all.push_back(std::to_string(i) + "=" + std::to_string(i));
    return all;
  }
  /// Messages with the numbers of their offsets.
  void store(int from, int to) {
    FakeClient publisher = login("source");
    for (int i = from; i <= to; ++i) publish(publisher, {"shop/a", std::to_string(i), kQoS0});
    settle();
  }
  queue::StreamExtent& extent() { return *broker().queues().find("log")->stream; }
  StreamId stream() { return StreamId{broker().queues().find("log")->id.v}; }
};

TEST_F(StreamPath, EveryReaderGetsEverythingFromWhereItBegins) {
  make_stream();
  store(1, 40);
  FakeClient all = login("all");
  read_from(all, "earliest");
  FakeClient late = login("late");
  read_from(late, "offset:31");
  FakeClient latest = login("latest");
  read_from(latest, "");
  EXPECT_EQ(read_by(all), numbered(1, 40));
  EXPECT_EQ(read_by(late), numbered(31, 40));
  EXPECT_THAT(read_by(latest), IsEmpty());
  store(41, 43);
  EXPECT_EQ(read_by(all), numbered(41, 43));
  EXPECT_EQ(read_by(late), numbered(41, 43));
  EXPECT_EQ(read_by(latest), numbered(41, 43));
  EXPECT_EQ(extent().held().messages, 43U) << "who has read them does not matter";
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamPath, ManyReadersHaveLessInMemoryEach) {
  options_.queues.reader_bytes_together = 400'000;
  make_stream();
  store(1, 20);
  std::vector<FakeClient> readers;
  const auto asked_by_one_more = [&] {
    readers.push_back(login("reader " + std::to_string(readers.size())));
    ask_to_read(readers.back(), "earliest");
    commit_without_pages();
    EXPECT_EQ(broker().pages().asked(), 1U);
    const queue::Amount most = broker().pages().asked_last().most;
    settle();
    return most;
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(asked_by_one_more(), (queue::Amount{4, 50'000}));
  for (int i = 0; i < 3; ++i) asked_by_one_more();
  EXPECT_EQ(asked_by_one_more().bytes, 400'000U / 8 / 2);
  for (FakeClient& reader : readers) EXPECT_EQ(read_by(reader), numbered(1, 20));
  while (readers.size() > 1) {
    readers.back().disconnect();
    readers.pop_back();
  }
  settle();
  EXPECT_EQ(asked_by_one_more(), (queue::Amount{4, 50'000})) << "the others have gone";
}

TEST_F(StreamPath, AtTheEndNothingIsReadFromTheStore) {
  make_stream();
  FakeClient reader = login("reader");
  read_from(reader, "latest");
  store(1, 5);
  EXPECT_EQ(read_by(reader), numbered(1, 5));
  EXPECT_EQ(broker().pages().answered(), 0U);
}

TEST_F(StreamPath, APageOfTheConnectionBeforeTakesNothingFromTheNextOne) {
  make_stream();
  store(1, 3);
  FakeClient reader = login({.client_id = "reader", .durable = true});
  wire::SubscribeFilterWriter filters;
  filters.add({.filter = "$stream/log/@earliest", .qos = kQoS1}, kV5);
  reader.send(wire::Subscribe{wire::PacketId{1}, filters.filters(), {}});
  commit_without_pages();
  ASSERT_TRUE(broker().pages().look_up()) << "it has 1 to 3 and comes late";
  FakeClient publisher = login_without_pages("publisher");
  for (int i = 4; i <= 5; ++i) publish(publisher, {"shop/a", std::to_string(i), kQoS0});
  commit_without_pages();
  FakeClient back = call({.client_id = "reader", .durable = true});
  commit_without_pages();
  ASSERT_EQ(broker().pages().asked(), 1U) << "the page of the new connection";
  settle();
  EXPECT_EQ(read_by(back), numbered(1, 5));
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

/// SUBACK says where a start finds the reader, so nothing older may be recorded behind it.
TEST_F(StreamPath, WhereAReaderStoodIsNotRecordedBehindItsNextSubscription) {
  make_stream();
  store(1, 3);
  FakeClient reader = login({.client_id = "reader", .durable = true});
  read_from(reader, "earliest");
  EXPECT_EQ(read_by(reader), numbered(1, 3));
  written();
  wire::SubscribeFilterWriter filters;
  filters.add({.filter = "$stream/log/@earliest", .qos = kQoS1}, kV5);
  reader.send(wire::Subscribe{wire::PacketId{2}, filters.filters(), {}});
  settle_without_commit();
  broker().clock().advance(2s);  // where it stands would be recorded now
  settle_without_commit();
  settle();
  EXPECT_THAT(written(), ElementsAre("put Deliveries, put Subscriptions"));
  EXPECT_EQ(read_by(reader), numbered(1, 3));
  broker().pass(2s);
  EXPECT_THAT(written(), ElementsAre("put Deliveries"));
}

TEST_F(StreamPath, AReaderOfMqtt311SaysInItsFilterWhereItBegins) {
  make_stream();
  store(1, 5);
  FakeClient reader = login({.client_id = "old", .version = kV311});
  reader.subscribe({1}, {{.filter = "$stream/log/@offset:4", .qos = kQoS1}});
  settle();
  EXPECT_THAT(read_by(reader), ElementsAre("4", "5"));
}

TEST_F(StreamPath, AReaderAtATimeGetsWhatWasStoredFromThenOn) {
  make_stream();
  store(1, 3);
  broker().pass(10s);
  const auto then = micros_of(broker().clock().wall());
  store(4, 6);
  FakeClient reader = login("reader");
  read_from(reader, std::to_string(then));
  EXPECT_EQ(read_by(reader), numbered(4, 6));
}

TEST_F(StreamPath, SubscribingAgainPutsTheReaderSomewhereElse) {
  make_stream();
  store(1, 6);
  FakeClient reader = login("reader");
  read_from(reader, "earliest");
  EXPECT_EQ(read_by(reader), numbered(1, 6));
  read_from(reader, "offset:5");
  EXPECT_EQ(read_by(reader), numbered(5, 6));
  reader.unsubscribe({2}, {"$stream/log"});
  settle();
  store(7, 8);
  EXPECT_THAT(read_by(reader), IsEmpty());
}

TEST_F(StreamPath, AReaderThatComesBackGoesOnBehindWhatItHasAcknowledged) {
  make_stream();
  store(1, 30);
  FakeClient reader = login({.client_id = "reader", .durable = true});
  read_from(reader, "earliest");
  int left = 5;
  for (const test::Arrived& one : messages(reader))
    if (left-- > 0) reader.ack(PacketType::Puback, one.id);
  settle();
  reader.peer().drop(1000);
  settle();
  FakeClient back = call({.client_id = "reader", .durable = true});
  settle();
  EXPECT_EQ(read_by(back), numbered(6, 30));
}

TEST_F(StreamPath, WithAReceiveMaximumOfOneEverythingComesInOrder) {
  make_stream();
  store(1, 20);
  FakeClient reader = login({.client_id = "reader", .receive_maximum = 1});
  read_from(reader, "earliest");
  EXPECT_EQ(read_by(reader), numbered(1, 20));
}

TEST_F(StreamPath, QoS0IsSentAsTheConnectionTakesIt) {
  make_stream();
  store(1, 50);
  FakeClient reader = login("reader");
  read_from(reader, "earliest", kQoS0);
  EXPECT_EQ(read_by(reader), numbered(1, 50));
}

TEST_F(StreamPath, QoS2IsGrantedAsQoS1) {
  make_stream();
  FakeClient reader = login("reader");
  reader.subscribe({1}, {{.filter = "$stream/log", .qos = kQoS2}});
  settle();
  EXPECT_THAT(heard(reader), ElementsAre("SUBACK #1 0x01"));
}

TEST_F(StreamPath, WhatTheRetentionDoesNotKeepLeavesTheStore) {
  make_stream(R"("retention_count":10,)");
  FakeClient slow = login({.client_id = "slow", .receive_maximum = 1});
  store(1, 5);
  read_from(slow, "earliest");
  store(6, 40);
  EXPECT_EQ(extent().held().messages, 10U);
  EXPECT_EQ(extent().first(), Seq{31});
  EXPECT_EQ(counted(Counter::StreamRetired), 30U);
  FakeClient reader = login("reader");
  read_from(reader, "earliest");
  EXPECT_EQ(read_by(reader), numbered(31, 40));
  // The one that was too slow misses some, and that is counted.
  const auto got = read_by(slow);
  EXPECT_EQ(got.back(), "40=40");
  EXPECT_EQ(counted(Counter::StreamPassedOver), 40 - got.size());
}

TEST_F(StreamPath, WhatIsTooOldLeavesByItself) {
  make_stream(R"("retention_time":"1m",)");
  store(1, 5);
  broker().pass(30s);
  EXPECT_EQ(extent().held().messages, 5U);
  broker().pass(40s);
  EXPECT_EQ(extent().held().messages, 0U);
  EXPECT_EQ(counted(Counter::StreamRetired), 5U);
  FakeClient reader = login("reader");
  read_from(reader, "earliest");
  store(6, 7);
  EXPECT_EQ(read_by(reader), numbered(6, 7)) << "offsets go on";
}

TEST_F(StreamPath, ACommitThatFailsLeavesNoGap) {
  make_stream();
  FakeClient reader = login("reader");
  read_from(reader, "earliest");
  store(1, 2);
  fail_next_commit();
  FakeClient publisher = login("publisher");
  publish(publisher, {"shop/a", "lost", kQoS1, 1});
  settle();
  repair_store();
  store(3, 4);
  EXPECT_EQ(read_by(reader), numbered(1, 4));
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamPath, AStoreThatCannotBeReadIsAskedAgain) {
  make_stream();
  store(1, 20);
  FakeClient reader = login("reader");
  broker().pages().break_all();
  read_from(reader, "earliest");
  EXPECT_THAT(read_by(reader), IsEmpty());
  broker().pages().mend();
  broker().pass(2s);
  EXPECT_EQ(read_by(reader), numbered(1, 20));
}

TEST_F(StreamPath, WhatIsDamagedIsPassedOverAndCounted) {
  make_stream();
  store(1, 4);
  broker().pages().damage_entry(stream(), Seq{2});
  FakeClient reader = login("reader");
  read_from(reader, "earliest");
  EXPECT_THAT(read_by(reader), ElementsAre("1=1", "3=3", "4=4"));
  EXPECT_EQ(counted(Counter::DroppedDamaged), 1U);
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamPath, WhatCannotBeReadIsRefusedAndSaysWhy) {
  make_stream();
  configure("orders", "other/#");
  FakeClient reader = login("reader");
  for (const char* filter :
       {"$stream/none", "$stream/", "$stream/log/earliest", "$stream/log/@first", "$queue/log"}) {
    reader.subscribe({1}, {{.filter = filter, .qos = kQoS1}});
    settle();
    EXPECT_THAT(heard(reader), ElementsAre("SUBACK #1 0x8F")) << filter;
  }
  read_from(reader, "someday");
  const auto arrived = reader.receive();
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_THAT(arrived[0].reasons, ElementsAre(ReasonCode::ImplementationSpecificError));
  EXPECT_NE(arrived[0].reason_string.find("stream-offset: "), std::string::npos);
}

TEST_F(StreamPath, ItsStateIsToldAndNothingIsTakenOutOfIt) {
  make_stream();
  store(1, 3);
  FakeClient asker = operator_client();
  const json state = describe(asker, "log");
  EXPECT_EQ(state["messages"], 3);
  EXPECT_EQ(state["first_offset"], 1);
  EXPECT_EQ(state["next_offset"], 4);
  EXPECT_EQ(state["options"]["kind"], "stream");
  EXPECT_EQ(state["options"]["retention_time"], "7d");
  EXPECT_FALSE(state["options"].contains("ttl"));
  for (const char* command : {"purge", "pause", "resume", "peek"}) {
    const json answer = ask(asker, std::string(R"({"command":")") + command + R"(","queue":"log"})");
    EXPECT_TRUE(answer.contains("error")) << command;
  }
  EXPECT_EQ(extent().held().messages, 3U);
}

TEST_F(StreamPath, AStreamIsDeletedWithItsReaders) {
  make_stream();
  store(1, 3);
  FakeClient reader = login({.client_id = "reader", .durable = true});
  read_from(reader, "earliest");
  EXPECT_EQ(read_by(reader), numbered(1, 3));
  FakeClient asker = operator_client();
  EXPECT_TRUE(ask(asker, R"({"command":"delete","queue":"log"})").contains("error")) << "it holds messages";
  EXPECT_FALSE(ask(asker, R"({"command":"delete","queue":"log","force":true})").contains("error"));
  EXPECT_EQ(broker().queues().find("log"), nullptr);
  make_stream();
  store(1, 2);
  EXPECT_THAT(read_by(reader), IsEmpty()) << "its subscription was to the other one";
  read_from(reader, "earliest");
  EXPECT_EQ(read_by(reader), numbered(1, 2));
}

}  // namespace
}  // namespace hermod::broker::testing
