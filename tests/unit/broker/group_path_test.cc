// Consumer groups of streams: who gets what, in which order, and where the group stands.

#include <algorithm>
#include <set>

#include "tests/unit/broker/stream_group_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class GroupPath : public StreamGroupTest {};

TEST_F(GroupPath, EachEntryGoesToOneMember) {
  make_stream();
  store(1, 40);
  FakeClient anna = member("anna");
  FakeClient bert = member("bert");
  std::multiset<std::string> all;
  for (int round = 0; round < 20; ++round)
    for (FakeClient* one : {&anna, &bert}) {
      for (const test::Arrived& message : come_to(*one)) {
        all.insert(message.payload);
        one->ack(PacketType::Puback, message.id);
      }
      settle();
    }
  const std::vector<std::string> wanted = numbers(1, 40);
  EXPECT_EQ(all, std::multiset<std::string>(wanted.begin(), wanted.end()));
  EXPECT_EQ(recorded()->position.next(), Seq{41});
  EXPECT_EQ(broker().queues().find("log")->stream->held().messages, 40U) << "they stay in the stream";
}

TEST_F(GroupPath, MessagesSayWhatTheyAre) {
  make_stream();
  FakeClient anna = member("anna", "");
  store(1, 1);
  const auto come = come_to(anna);
  ASSERT_EQ(come.size(), 1U);
  EXPECT_EQ(come[0].said.at("offset"), "1");
  EXPECT_EQ(come[0].said.at("queue"), "log");
  EXPECT_EQ(come[0].said.at("key"), "shop/1");
  EXPECT_EQ(come[0].said.at("x-delivery-count"), "1");
}

TEST_F(GroupPath, GroupsReadTheSameStreamForThemselves) {
  make_stream();
  store(1, 10);
  FakeClient anna = member("anna");
  FakeClient other = member("other", "offset:6", "$share/other/$stream/log");
  EXPECT_EQ(taken_by(anna).size(), 10U);
  EXPECT_EQ(taken_by(other).size(), 5U);
  store(11, 12);
  EXPECT_THAT(taken_by(anna), ElementsAre("11", "12"));
  EXPECT_THAT(taken_by(other), ElementsAre("11", "12"));
}

TEST_F(GroupPath, ItsFirstSubscribeSaysWhereItBeginsAndLaterOnesDoNotMoveIt) {
  make_stream();
  store(1, 10);
  FakeClient anna = member("anna", "offset:8");
  EXPECT_THAT(taken_by(anna), ElementsAre("8", "9", "10"));
  FakeClient bert = member("bert", "earliest");
  EXPECT_THAT(taken_by(bert), IsEmpty());
  EXPECT_THAT(taken_by(anna), IsEmpty());
}

TEST_F(GroupPath, AMemberOfMqtt311SaysInItsFilterWhereItBegins) {
  make_stream();
  store(1, 5);
  FakeClient old = login({.client_id = "old", .version = kV311});
  old.subscribe({1}, {{.filter = "$share/work/$stream/log/@offset:4", .qos = kQoS1}});
  settle();
  EXPECT_THAT(taken_by(old), ElementsAre("4", "5"));
  FakeClient bert = member("bert", "", "$share/work/$stream/log/@earliest");
  store(6, 6);
  const auto by_bert = taken_by(bert);
  EXPECT_EQ(by_bert.size() + taken_by(old).size(), 1U) << "it is the same group";
}

TEST_F(GroupPath, OfAKeyOneMessageIsOutAtATime) {
  make_stream();
  store(1, 6, 1);
  FakeClient anna = member("anna");
  FakeClient bert = member("bert");
  std::vector<std::string> order;
  for (int round = 0; round < 12; ++round)
    for (FakeClient* one : {&anna, &bert}) {
      const auto come = come_to(*one);
      EXPECT_LE(come.size(), 1U);
      for (const test::Arrived& message : come) {
        order.push_back(message.payload);
        one->ack(PacketType::Puback, message.id);
      }
      settle();
    }
  EXPECT_EQ(order, numbers(1, 6));
}

TEST_F(GroupPath, WhatAMemberLeavesGoesToAnotherAtOnceAndInOrder) {
  make_stream();
  store(1, 3, 1);
  FakeClient anna = member("anna");
  ASSERT_EQ(come_to(anna).size(), 1U);
  FakeClient bert = member("bert");
  EXPECT_THAT(come_to(bert), IsEmpty());
  anna.peer().drop(1000);
  settle();
  EXPECT_EQ(taken_by(bert), numbers(1, 3));
}

TEST_F(GroupPath, AGroupWithoutMembersStaysWhereItIs) {
  make_stream();
  store(1, 30);
  FakeClient anna = member("anna");
  int left = 5;
  for (const test::Arrived& one : come_to(anna))
    if (left-- > 0) anna.ack(PacketType::Puback, one.id);
  settle();
  anna.peer().drop(1000);
  settle();
  store(31, 33);
  const auto record = recorded();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->position.next().v - 1 + record->position.settled_behind(), 5U);
  FakeClient bert = member("bert", "latest");
  std::vector<std::string> all = taken_by(bert);
  EXPECT_EQ(all.size(), 28U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 28U) << "none twice";
}

TEST_F(GroupPath, WhatIsOutOfOrderIsNotRepeatedByAnotherMember) {
  make_stream();
  store(1, 4);
  FakeClient anna = member("anna");
  const auto come = come_to(anna);
  ASSERT_EQ(come.size(), 4U);
  for (const std::size_t one : {1, 3}) anna.ack(PacketType::Puback, come[one].id);
  settle();
  EXPECT_EQ(recorded()->position.settled_behind() + recorded()->position.next().v - 1, 2U);
  anna.peer().drop(1000);
  settle();
  FakeClient bert = member("bert");
  std::vector<std::string> all = taken_by(bert);
  std::sort(all.begin(), all.end());
  std::vector<std::string> wanted{come[0].payload, come[2].payload};
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(all, wanted);
}

TEST_F(GroupPath, WhatItGivesUpBecomesADeadLetterAndThePositionGoesOn) {
  make_stream();
  store(1, 3);
  FakeClient anna = member("anna");
  FakeClient letters = consumer("letters", "log.dlq");
  for (const test::Arrived& one : come_to(anna))
    anna.ack(PacketType::Puback, one.id,
             one.payload == "2" ? ReasonCode::TopicNameInvalid : ReasonCode::Success);
  settle();
  EXPECT_EQ(recorded()->position.next(), Seq{4});
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 1U);
  const auto dead = messages(letters);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].payload, "2");
  EXPECT_EQ(dead[0].said.at("x-first-death-reason"), "rejected");
  EXPECT_EQ(dead[0].said.at("x-first-death-queue"), "log");
  EXPECT_EQ(broker().queues().find("log")->stream->held().messages, 3U);
}

TEST_F(GroupPath, WhatAMemberCannotTakeNowComesAgainAfterAPause) {
  make_stream(R"("retry":"10s","max_deliveries":2,)");
  store(1, 2);
  FakeClient anna = member("anna");
  for (const test::Arrived& one : come_to(anna))
    anna.ack(PacketType::Puback, one.id,
             one.payload == "1" ? ReasonCode::UnspecifiedError : ReasonCode::Success);
  settle();
  EXPECT_THAT(come_to(anna), IsEmpty());
  EXPECT_EQ(recorded()->position.next(), Seq{1});
  broker().pass(11s);
  const auto again = come_to(anna);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].said.at("x-delivery-count"), "2");
  anna.ack(PacketType::Puback, again[0].id, ReasonCode::UnspecifiedError);
  settle();
  EXPECT_EQ(counted(Counter::QueueDeadDeliveryLimit), 1U);
  EXPECT_EQ(recorded()->position.next(), Seq{3});
}

TEST_F(GroupPath, AMemberOfMqtt311GivesBackByNack) {
  make_stream();
  store(1, 1);
  FakeClient old = login({.client_id = "old", .version = kV311});
  old.subscribe({1}, {{.filter = "$share/work/$stream/log/@earliest", .qos = kQoS1}});
  settle();
  ASSERT_EQ(come_to(old).size(), 1U);
  publish(old, {"$queue/log/$nack/1/5", "", kQoS1, 9});
  settle();
  old.receive();
  FakeClient bert = member("bert");
  broker().pass(6s);
  EXPECT_THAT(taken_by(bert), ElementsAre("1"));
}

TEST_F(GroupPath, AMemberThatDoesNotAnswerLosesItsMessageInTime) {
  make_stream(R"("ack_timeout":"5s","retry":"1s",)");
  store(1, 1);
  FakeClient anna = member("anna");
  ASSERT_EQ(come_to(anna).size(), 1U);
  FakeClient bert = member("bert");
  broker().pass(5s);
  broker().pass(2s);
  EXPECT_THAT(taken_by(bert), ElementsAre("1"));
  EXPECT_EQ(counted(Counter::QueueAckTimeouts), 1U);
}

TEST_F(GroupPath, ABacklogIsReadPageByPage) {
  make_stream();
  store(1, 500);
  FakeClient anna = member("anna");
  EXPECT_LE(come_to(anna).size(), 8U) << "no more is in hand";
  anna.peer().drop(1000);
  settle();
  FakeClient bert = member("bert");
  std::vector<std::string> all = taken_by(bert);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 500U);
  EXPECT_EQ(all.size(), 500U);
  EXPECT_GT(broker().pages().answered(), 500U / 8);
}

TEST_F(GroupPath, WhatNoMemberCanTakeIsADeadLetterAndHoldsUpNobody) {
  make_stream();
  FakeClient publisher = login("source");
  const std::string large(40'000, 'x');
  for (int i = 1; i <= 8; ++i) publish(publisher, {"shop/" + std::to_string(i), large, kQoS0});
  publish(publisher, {"shop/9", "small", kQoS0});
  settle();
  FakeClient anna = login({.client_id = "anna", .maximum_packet_size = 10'000});
  EXPECT_THAT(join(anna, "earliest"), ElementsAre(1));
  EXPECT_THAT(taken_by(anna), ElementsAre("small"));
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 8U);
  EXPECT_EQ(recorded()->position.next(), Seq{10});
  FakeClient bert = login({.client_id = "bert", .maximum_packet_size = 10'000});
  EXPECT_THAT(join(bert, "earliest"), ElementsAre(1));
  publish(publisher, {"shop/1", large, kQoS0});
  settle();
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 9U) << "of two neither";
}

TEST_F(GroupPath, WhatIsTooLargeForOneGoesToAnotherAsLongAsThatIsThere) {
  make_stream();
  FakeClient anna = login({.client_id = "anna", .maximum_packet_size = 10'000});
  EXPECT_THAT(join(anna, "earliest"), ElementsAre(1));
  FakeClient bert = member("bert");
  FakeClient publisher = login("source");
  const std::string large(40'000, 'x');
  for (int i = 1; i <= 8; ++i) publish(publisher, {"shop/" + std::to_string(i), large, kQoS0});
  settle();
  EXPECT_EQ(taken_by(bert).size(), 8U);
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 0U);
  for (int i = 1; i <= 8; ++i) publish(publisher, {"shop/" + std::to_string(i), large, kQoS0});
  publish(publisher, {"shop/9", "small", kQoS0});
  settle();
  bert.peer().drop(1000);
  settle();
  EXPECT_THAT(taken_by(anna), ElementsAre("small")) << "nobody is there for the others";
  EXPECT_EQ(counted(Counter::QueueDeadRejected), 8U);
}

TEST_F(GroupPath, AtTheEndNothingIsReadFromTheStore) {
  make_stream();
  FakeClient anna = member("anna", "latest");
  store(1, 5);
  EXPECT_EQ(taken_by(anna), numbers(1, 5));
  EXPECT_EQ(broker().pages().answered(), 0U);
}

TEST_F(GroupPath, WhatTheRetentionTakesAwayIsCountedAndPassedOver) {
  make_stream(R"("retention_count":10,)");
  store(1, 5);
  FakeClient anna = member("anna");
  EXPECT_EQ(taken_by(anna).size(), 5U);
  anna.peer().drop(1000);
  settle();
  store(6, 40);
  FakeClient bert = member("bert");
  EXPECT_EQ(taken_by(bert), numbers(31, 40));
  EXPECT_EQ(counted(Counter::StreamPassedOver), 25U);
  EXPECT_EQ(recorded()->position.next(), Seq{41});
}

TEST_F(GroupPath, WhatHasExpiredIsSentToNobodyAndIsNoDeadLetter) {
  make_stream();
  FakeClient publisher = login("source");
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::MessageExpiryInterval, 5);
  wire::Publish packet;
  packet.topic = "shop/1";
  packet.payload = as_bytes(std::string_view("short"));
  packet.qos = kQoS1;
  packet.id = wire::PacketId{1};
  packet.properties = properties.properties();
  publisher.publish(packet);
  settle();
  broker().pass(10s);
  store(2, 2);
  FakeClient anna = member("anna");
  EXPECT_THAT(taken_by(anna), ElementsAre("2"));
  EXPECT_EQ(counted(Counter::DroppedExpired), 1U);
  EXPECT_EQ(counted(Counter::QueueDeadExpired), 0U);
  EXPECT_EQ(recorded()->position.next(), Seq{3});
}

TEST_F(GroupPath, QoS0IsSettledBySending) {
  make_stream();
  store(1, 20);
  FakeClient anna = member("anna", "earliest", kWork, kQoS0);
  EXPECT_EQ(taken_by(anna).size(), 20U);
  EXPECT_EQ(recorded()->position.next(), Seq{21});
}

TEST_F(GroupPath, QoS2IsGrantedAsQoS1) {
  make_stream();
  FakeClient anna = login("anna");
  EXPECT_THAT(join(anna, "earliest", kWork, kQoS2), ElementsAre(1));
}

TEST_F(GroupPath, WhoUnsubscribesGetsNothingMore) {
  make_stream();
  store(1, 2);
  FakeClient anna = member("anna");
  EXPECT_EQ(taken_by(anna).size(), 2U);
  anna.unsubscribe({2}, {kWork});
  settle();
  store(3, 4);
  EXPECT_THAT(come_to(anna), IsEmpty());
  FakeClient bert = member("bert");
  EXPECT_THAT(taken_by(bert), ElementsAre("3", "4"));
}

TEST_F(GroupPath, AMemberThatComesBackGoesOnConsuming) {
  make_stream();
  FakeClient anna = login({.client_id = "anna", .durable = true});
  join(anna, "earliest");
  anna.peer().drop(1000);
  settle();
  store(1, 3);
  FakeClient back = call({.client_id = "anna", .durable = true});
  settle();
  EXPECT_EQ(taken_by(back).size(), 3U);
}

TEST_F(GroupPath, TheAnswerToTheFirstSubscribeIsAPromise) {
  make_stream();
  store(1, 5);
  FakeClient anna = login("anna");
  fail_next_commit();
  EXPECT_THAT(join(anna, "earliest"), ElementsAre(0x83));
  repair_store();
  EXPECT_THAT(join(anna, "earliest"), ElementsAre(1));
  EXPECT_TRUE(recorded());
}

TEST_F(GroupPath, ADeadLetterThatCannotBeStoredIsStoredLater) {
  make_stream();
  store(1, 1);
  FakeClient anna = member("anna");
  FakeClient letters = consumer("letters", "log.dlq");
  const auto come = come_to(anna);
  ASSERT_EQ(come.size(), 1U);
  fail_next_commit();
  anna.ack(PacketType::Puback, come[0].id, ReasonCode::TopicNameInvalid);
  settle();
  EXPECT_EQ(recorded()->position.next(), Seq{1});
  repair_store();
  broker().pass(2s);
  EXPECT_EQ(recorded()->position.next(), Seq{2});
  EXPECT_EQ(messages(letters).size(), 1U);
}

TEST_F(GroupPath, AStoreThatCannotBeReadIsAskedAgain) {
  make_stream();
  store(1, 20);
  broker().pages().break_all();
  FakeClient anna = member("anna");
  EXPECT_THAT(come_to(anna), IsEmpty());
  broker().pages().mend();
  broker().pass(2s);
  EXPECT_EQ(taken_by(anna).size(), 20U);
}

TEST_F(GroupPath, WhatIsWrongIsRefused) {
  make_stream();
  configure("orders", "other/#");
  FakeClient anna = login("anna");
  for (const char* filter :
       {"$share/work/$stream/none", "$share/a b/$stream/log", "$share/work/$stream/log/x",
        "$share/work/$stream/log/@first", "$share/work/$queue/orders"}) {
    anna.subscribe({1}, {{.filter = filter, .qos = kQoS1}});
    settle();
    EXPECT_THAT(heard(anna), ElementsAre("SUBACK #1 0x8F")) << filter;
  }
  EXPECT_THAT(join(anna, "someday"), ElementsAre(0x83));
  EXPECT_THAT(broker().queues().groups_of(stream()), IsEmpty());
}

TEST_F(GroupPath, AStreamIsDeletedWithItsGroups) {
  make_stream();
  store(1, 3);
  FakeClient anna = login({.client_id = "anna", .durable = true});
  join(anna, "earliest");
  EXPECT_EQ(taken_by(anna).size(), 3U);
  FakeClient asker = operator_client();
  ASSERT_FALSE(ask(asker, R"({"command":"delete","queue":"log","force":true})").contains("error"));
  EXPECT_THAT(records(), IsEmpty());
  make_stream();
  store(1, 2);
  EXPECT_THAT(come_to(anna), IsEmpty()) << "its subscription was to the other one";
  join(anna, "offset:2");
  EXPECT_THAT(taken_by(anna), ElementsAre("2"));
}

TEST_F(GroupPath, OtherOptionsOfTheStreamAreThoseOfItsGroups) {
  make_stream();
  store(1, 6, 1);
  FakeClient anna = member("anna");
  ASSERT_EQ(come_to(anna).size(), 1U) << "order key";
  FakeClient asker = operator_client();
  const json answer = ask(asker, R"({"command":"edit","queue":"log","options":{"order":"none"}})");
  ASSERT_FALSE(answer.contains("error")) << answer.dump();
  FakeClient bert = member("bert");
  anna.peer().drop(1000);
  settle();
  std::vector<std::string> all = taken_by(bert);
  EXPECT_EQ(all.size(), 6U);
  store(7, 12, 1);
  EXPECT_EQ(come_to(bert).size(), 6U) << "order none";
}

}  // namespace
}  // namespace hermod::broker::testing
