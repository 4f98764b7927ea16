// PUBLISH to $CONTROL/queue/v1: how it is answered, and to whom.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ControlPath : public ControlTest {};

constexpr const char* kCreate = R"({"command":"create","queue":"orders","options":{"bind":"shop/#"}})";

TEST_F(ControlPath, ACommandIsTakenWithSuccessAndAnsweredWhenItIsDurable) {
  FakeClient boss = operator_client();
  written();
  send_commands(boss, kCreate);
  settle_without_commit();
  EXPECT_THAT(responses(boss), SizeIs(0)) << "first it is on the disk";
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
  settle();
  EXPECT_THAT(written(), ElementsAre("put Queues, put Queues"));
  const auto came = boss.receive();
  ASSERT_THAT(came, SizeIs(2));
  const auto& puback = came[0].type == PacketType::Puback ? came[0] : came[1];
  const auto& answer = came[0].type == PacketType::Puback ? came[1] : came[0];
  EXPECT_EQ(puback.type, PacketType::Puback);
  EXPECT_EQ(puback.reason, ReasonCode::Success);
  EXPECT_EQ(answer.topic, kAnswers);
  EXPECT_EQ(answer.payload, R"({"responses":[{"command":"create"}]})");
  EXPECT_NE(broker().queues().find("orders"), nullptr);
}

TEST_F(ControlPath, AnOlderClientIsAnsweredToo) {
  FakeClient boss = operator_client("old", kV311);
  EXPECT_EQ(ask(boss, kCreate), json::parse(R"({"command":"create"})"));
  send("shop/a", 2);
  EXPECT_EQ(describe(boss, "orders").at("messages"), 2);
}

TEST_F(ControlPath, AtEachQoS) {
  FakeClient boss = operator_client();
  send_commands(boss, R"({"command":"list"})", kQoS0);
  settle();
  EXPECT_THAT(responses(boss), SizeIs(1));
  send_commands(boss, R"({"command":"list"})", kQoS2);
  settle();
  bool is_received = false;
  int answers = 0;
  for (const test::Arrived& one : boss.receive()) {
    if (one.type == PacketType::Pubrec) is_received = one.reason == ReasonCode::Success;
    if (one.type == PacketType::Publish) ++answers;
  }
  EXPECT_TRUE(is_received);
  EXPECT_EQ(answers, 1);
}

TEST_F(ControlPath, AtQoS2NothingIsCarriedOutBeforeItsIdentifierIsDurable) {
  FakeClient boss = login({.client_id = "boss", .durable = true});
  subscribe(boss, kAnswers, kQoS1);
  written();
  send_commands(boss, kCreate, kQoS2);
  send_commands(boss, R"({"command":"describe","queue":"orders"})");
  settle_without_commit();
  broker().commit();
  EXPECT_THAT(written(), ElementsAre("put InboundIds"));
  settle_without_commit();
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
  settle();
  const json all = responses(boss);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], json::parse(R"({"command":"create"})"));
  EXPECT_EQ(all[1].at("data").at("queue"), "orders") << "in the order of the requests";
}

TEST_F(ControlPath, TheAnswerGoesWhereTheRequestSays) {
  FakeClient boss = operator_client();
  FakeClient other = login("other");
  subscribe(other, "answers/#", kQoS1);
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::ResponseTopic, std::string_view("answers/1"))
      .add(wire::PropertyId::CorrelationData, std::string_view("seven"));
  wire::Publish packet;
  packet.topic = kCommands;
  packet.payload = as_bytes(R"({"commands":[{"command":"list","correlationData":"x"}]})");
  packet.qos = kQoS1;
  packet.id = wire::PacketId{7};
  packet.properties = properties.properties();
  boss.publish(packet);
  settle();
  EXPECT_THAT(heard(boss), ElementsAre("PUBACK #7"));
  const auto came = messages(other);
  ASSERT_THAT(came, SizeIs(1));
  EXPECT_EQ(came[0].topic, "answers/1");
  EXPECT_EQ(came[0].qos, kQoS1);
  EXPECT_EQ(came[0].payload,
            R"({"responses":[{"command":"list","data":{"queues":[],"more":false},"correlationData":"x"}]})");
  EXPECT_EQ(came[0].correlation_data, "seven");
}

TEST_F(ControlPath, ItsOwnTopicsAreAsDeepAsTheyAre) {
  options_.mqtt.max_topic_levels = 2;
  configure("orders", "shop/#");
  FakeClient boss = login("boss");
  subscribe(boss, "$CONTROL/#", kQoS1);
  send_commands(boss, R"({"command":"delete","queue":"orders"})");
  settle();
  EXPECT_EQ(responses(boss).at(0).at("command"), "delete");
}

TEST_F(ControlPath, NoAnswerGoesToATopicOfTheBroker) {
  FakeClient boss = operator_client();
  for (const char* topic : {"$SYS/broker/version", "$queue/x/$nack", "$CONTROL/queue/v1"}) {
    wire::PropertyWriter properties;
    properties.add(wire::PropertyId::ResponseTopic, std::string_view(topic));
    wire::Publish packet;
    packet.topic = kCommands;
    packet.payload = as_bytes(std::string_view(R"({"commands":[{"command":"list"}]})"));
    packet.qos = kQoS1;
    packet.id = wire::PacketId{7};
    packet.properties = properties.properties();
    boss.publish(packet);
    settle();
    const auto came = boss.receive();
    ASSERT_THAT(came, SizeIs(1)) << topic;
    EXPECT_EQ(came[0].reason, ReasonCode::TopicNameInvalid) << topic;
    EXPECT_THAT(came[0].reason_string, HasSubstr("Response Topic"));
  }
}

TEST_F(ControlPath, AnAnswerIsNotWrittenIntoAFullStore) {
  FakeClient boss = login({.client_id = "boss", .durable = true});
  subscribe(boss, kAnswers, kQoS1);
  written();
  broker().set_full(true);
  send_commands(boss, R"({"command":"list"})");
  settle();
  EXPECT_THAT(written(), IsEmpty());
  EXPECT_THAT(heard(boss), ElementsAre("PUBACK #1001"));
  broker().set_full(false);
  EXPECT_EQ(ask(boss, R"({"command":"list"})").at("command"), "list");
}

TEST_F(ControlPath, NobodyHearsTheAnswersOfOthers) {
  FakeClient boss = operator_client();
  FakeClient spy = operator_client("spy");
  subscribe(spy, "$CONTROL/#", kQoS1);
  EXPECT_EQ(ask(boss, kCreate).at("command"), "create");
  EXPECT_THAT(messages(spy), IsEmpty());
}

TEST_F(ControlPath, WithoutASubscriptionItIsCarriedOutAllTheSame) {
  FakeClient boss = login("boss");
  send_commands(boss, kCreate);
  settle();
  EXPECT_THAT(heard(boss), SizeIs(1));
  EXPECT_NE(broker().queues().find("orders"), nullptr);
}

TEST_F(ControlPath, WhatIsNoRequestIsAnsweredWithWhatIsWrong) {
  FakeClient boss = operator_client();
  publish(boss, {std::string(kCommands), "{", kQoS1, 9});
  settle();
  const json answer = responses(boss).at(0);
  EXPECT_EQ(answer.at("code"), "invalid");
  EXPECT_THAT(answer.at("error").get<std::string>(), HasSubstr("no JSON"));
  EXPECT_EQ(ask(boss, R"({"command":"sing"})").at("code"), "not-found");
}

TEST_F(ControlPath, CommandsAreCarriedOutInTheirOrder) {
  FakeClient boss = operator_client();
  send_commands(boss, std::string(kCreate) + R"(,{"command":"edit","queue":"orders","options":{"lanes":0}},)"
                                             R"({"command":"edit","queue":"orders","options":{"lanes":3}},)"
                                             R"({"command":"describe","queue":"orders"})");
  send_commands(boss, R"({"command":"delete","queue":"orders"})");
  settle();
  const json all = responses(boss);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[1].at("error"), "options.lanes: from 1 to 4096");
  EXPECT_EQ(all[3].at("data").at("options").at("lanes"), "3");
  EXPECT_EQ(all[4], json::parse(R"({"command":"delete","data":{"messages":0}})"));
}

TEST_F(ControlPath, WhoSendsTooManyIsRefused) {
  FakeClient boss = operator_client();
  for (int i = 0; i < 18; ++i) send_commands(boss, kCreate);
  settle_without_commit();
  settle();
  int refused = 0;
  for (const test::Arrived& one : boss.receive())
    if (one.type == PacketType::Puback && one.reason == ReasonCode::QuotaExceeded) ++refused;
  EXPECT_EQ(refused, 2);
}

TEST_F(ControlPath, AnAnswerThatIsTooLargeForTheClientIsSaidSo) {
  configure("orders", "shop/#");
  FakeClient boss = login({.client_id = "small", .maximum_packet_size = 2000});
  subscribe(boss, kAnswers, kQoS1);
  send("shop/" + std::string(1500, 'x'), 1);
  EXPECT_EQ(ask(boss, R"({"command":"peek","queue":"orders"})").at("code"), "full");
}

TEST_F(ControlPath, AStoreThatFailsChangesNothing) {
  FakeClient boss = operator_client();
  fail_next_commit();
  EXPECT_EQ(ask(boss, kCreate).at("code"), "failed");
  EXPECT_EQ(broker().queues().find("orders"), nullptr);
  repair_store();
  EXPECT_EQ(ask(boss, kCreate), json::parse(R"({"command":"create"})"));
}

}  // namespace
}  // namespace hermod::broker::testing
