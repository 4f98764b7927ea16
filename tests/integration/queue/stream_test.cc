// Streams of the real broker: they are read from anywhere, as often as anybody likes, over any restart.

#include "tests/integration/queue/stream_test.h"

namespace hermod::integration {
namespace {

Properties from(std::string_view start) {
  Properties properties;
  properties.user("stream-offset", start);
  return properties;
}

}  // namespace

class Stream : public StreamTest {
 protected:
  void crash() {
    broker().kill();
    broker().start();
  }
};

TEST_P(Stream, IsReplayedAndFollowed) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 30);
  MqttClient all = client("all", GetParam());
  read(all, "earliest");
  MqttClient some = client("some", GetParam());
  read(some, "offset:21");
  MqttClient late = client("late", GetParam());
  read(late, "latest");
  EXPECT_EQ(all.receive_payloads(30), counted_up(1, 30));
  EXPECT_EQ(some.receive_payloads(10), counted_up(21, 30));
  publish(31, 35);
  EXPECT_EQ(all.receive_payloads(5), counted_up(31, 35));
  EXPECT_EQ(some.receive_payloads(5), counted_up(31, 35));
  EXPECT_EQ(late.receive_payloads(5), counted_up(31, 35));
}

TEST_P(Stream, GoesOnWithoutAGapOverKillsAndStops) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 10);
  crash();
  publish(11, 20);
  broker().stop();
  broker().start();
  publish(21, 30);
  MqttClient reader = client("reader", GetParam());
  read(reader, "offset:9");
  EXPECT_EQ(reader.receive_payloads(22), counted_up(9, 30)) << "the offsets are the numbers of the messages";
}

TEST_P(Stream, AReaderWhoseSessionIsKeptGoesOnBehindARestart) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 10);
  {
    MqttClient reader = durable_client("reader", GetParam());
    read(reader, "earliest");
    EXPECT_EQ(reader.receive_payloads(4), counted_up(1, 4));
    reader.drop();
  }
  publish(11, 12);  // behind what is recorded of the reader, on the disk
  broker().stop();
  broker().start();
  publish(13, 15);
  MqttClient back = durable_client("reader", GetParam());
  EXPECT_EQ(back.receive_payloads(11), counted_up(5, 15));
}

TEST_P(Stream, AReaderThatHasOnlySubscribedMissesNothingBehindAKill) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  publish(1, 5);
  MqttClient reader = durable_client("reader", GetParam());
  read(reader, "latest");
  broker().kill();
  broker().start();
  publish(6, 8);
  MqttClient back = durable_client("reader", GetParam());
  EXPECT_EQ(back.receive_payloads(3), counted_up(6, 8));
}

TEST_P(Stream, KeepsWhatItsRetentionSays) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop({{"retention_count", "10"}}));
  publish(1, 40);
  EXPECT_EQ(kept_up_to(40, 10), counted_up(31, 40));
  crash();
  publish(41, 41);
  EXPECT_EQ(kept_up_to(41, 10), counted_up(32, 41));
}

TEST_P(Stream, OfWhichAllHasGoneGoesOnWithTheNextOffset) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop({{"retention_time", "1s"}}));
  publish(1, 3);
  MqttClient reader = client("reader", GetParam());
  bool has_any = true;
  for (int i = 0; has_any && i < 100; ++i) {
    read(reader, "earliest");
    has_any = false;
    while (reader.try_receive(100ms)) has_any = true;
  }
  ASSERT_FALSE(has_any) << "all of it goes";
  crash();
  publish(4, 4);
  MqttClient again = client("again", GetParam());
  read(again, "offset:4");
  const Message message = again.receive();
  EXPECT_EQ(message.payload, "4");
  if (is_v5()) {
    EXPECT_EQ(said(message, "offset"), "4");
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, Stream, main_versions());

class StreamOfTheBroker : public BrokerTest {};

TEST_F(StreamOfTheBroker, SaysWhereAMessageWasAndWhen) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(stream_of_the_shop());
  client("publisher").publish(keyed("shop/a", "1", "north"));
  client("other").publish("shop/b", "2", 1);
  MqttClient reader = client("reader");
  reader.subscribe("$stream/orders", 1, 0, from("earliest"));
  const Message first = reader.receive();
  EXPECT_EQ(said(first, "queue"), "orders");
  EXPECT_EQ(said(first, "offset"), "1");
  EXPECT_EQ(said(first, "key"), "north");
  ASSERT_TRUE(said(first, "ts"));
  const Message second = reader.receive();
  EXPECT_EQ(said(second, "offset"), "2");
  EXPECT_EQ(said(second, "key"), "other") << "its publisher, when it says no key";
  MqttClient by_time = client("by_time");
  by_time.subscribe("$stream/orders", 1, 0, from(*said(second, "ts")));
  EXPECT_EQ(by_time.receive().payload, "2");
}

TEST_F(StreamOfTheBroker, IsNotThereUntilItIsMade) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queue.auto_create", "true"}});
  MqttClient reader = client("reader");
  const Ack refused = reader.subscribe_all({{"$stream/orders", 1}});
  ASSERT_EQ(refused.reasons.size(), 1U);
  EXPECT_EQ(refused.reasons[0], 0x8F);
}

}  // namespace hermod::integration
