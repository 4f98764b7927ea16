// Commands about consumer groups of streams, and the search for messages in these.

#include <algorithm>

#include "tests/unit/broker/stream_group_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class GroupCommand : public StreamGroupTest {};

TEST_F(GroupCommand, ItIsToldWhereItStandsAndHowFarItIsBehind) {
  make_stream();
  store(1, 10);
  FakeClient anna = member("anna");
  const auto come = come_to(anna);
  ASSERT_EQ(come.size(), 8U);
  for (const test::Arrived& one : come)
    if (one.payload == "1" || one.payload == "3") anna.ack(PacketType::Puback, one.id);
  settle();
  broker().pass(3s);
  FakeClient asker = operator_client();
  const json group = ask(asker, R"({"command":"showGroup","queue":"log","group":"work"})")["data"];
  EXPECT_EQ(group["group"], "work");
  EXPECT_EQ(group["queue"], "log");
  EXPECT_EQ(group["position"], 2);
  EXPECT_EQ(group["next_offset"], 11);
  EXPECT_EQ(group["lag"], 8);
  EXPECT_GE(group["lag_ms"], 3000);
  EXPECT_LT(group["lag_ms"], 4000);
  EXPECT_EQ(group["out"], 8);
  EXPECT_EQ(group["members"], 1);
  FakeClient other = member("other", "latest", "$share/audit/$stream/log");
  const json list = ask(asker, R"({"command":"listGroups","queue":"log"})")["data"]["groups"];
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["group"], "audit");
  EXPECT_EQ(list[0]["lag"], 0);
  EXPECT_EQ(list[0]["lag_ms"], 0);
  EXPECT_EQ(list[1], group);
}

TEST_F(GroupCommand, ASeekMovesItWhileItsMembersAreThere) {
  make_stream();
  store(1, 10);
  FakeClient anna = member("anna");
  EXPECT_EQ(taken_by(anna).size(), 10U);
  broker().pass(10s);
  const WallTime then = broker().clock().wall();
  store(11, 14);
  EXPECT_EQ(taken_by(anna).size(), 4U);
  FakeClient asker = operator_client();
  const auto seek = [&](const std::string& to) {
    const json answer =
        ask(asker, R"({"command":"seekGroup","queue":"log","group":"work","to":")" + to + R"("})");
    EXPECT_FALSE(answer.contains("error")) << answer.dump();
  };
  const auto sorted = [&] {
    std::vector<int> all;
    for (const std::string& one : taken_by(anna)) all.push_back(std::stoi(one));
    std::sort(all.begin(), all.end());
    return all;
  };
  seek("offset:13");
  EXPECT_THAT(sorted(), ElementsAre(13, 14));
  seek(std::to_string(micros_of(then)));
  EXPECT_THAT(sorted(), ElementsAre(11, 12, 13, 14));
  seek(std::to_string(micros_of(then) / 1000) + "ms");
  EXPECT_THAT(sorted(), ElementsAre(11, 12, 13, 14));
  seek("earliest");
  EXPECT_EQ(sorted().size(), 14U);
  seek("earliest");
  seek("latest");
  EXPECT_LE(sorted().size(), 8U) << "what was out";
  EXPECT_EQ(recorded()->position.next(), Seq{15});
  seek("earliest");
  EXPECT_EQ(recorded()->position.next(), Seq{1}) << "the answer is a promise";
}

TEST_F(GroupCommand, WhatAMemberHasAtASeekComesToNobodyElseMeanwhile) {
  make_stream();
  store(1, 2, 1);
  FakeClient anna = member("anna");
  ASSERT_EQ(come_to(anna).size(), 1U);
  FakeClient bert = member("bert");
  FakeClient asker = operator_client();
  ask(asker, R"({"command":"seekGroup","queue":"log","group":"work","to":"earliest"})");
  EXPECT_THAT(come_to(bert), IsEmpty()) << "one message of the key is out";
  anna.peer().drop(1000);
  settle();
  EXPECT_EQ(taken_by(bert), numbers(1, 2));
}

TEST_F(GroupCommand, AGroupIsDeletedWhenItsMembersAreGone) {
  make_stream();
  store(1, 5);
  FakeClient anna = member("anna");
  EXPECT_EQ(taken_by(anna).size(), 5U);
  FakeClient asker = operator_client();
  const std::string command = R"({"command":"deleteGroup","queue":"log","group":"work"})";
  EXPECT_EQ(ask(asker, command)["code"], "busy");
  anna.unsubscribe({2}, {kWork});
  settle();
  EXPECT_FALSE(ask(asker, command).contains("error"));
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_EQ(ask(asker, command)["code"], "not-found");
  FakeClient bert = member("bert", "offset:4");
  EXPECT_EQ(taken_by(bert).size(), 2U) << "another one of the same name begins where it says";
}

/// Its SUBSCRIBE has found the group, and its owner hears of it behind the command.
TEST_F(GroupCommand, AMemberThatComesWhileItsGroupIsDeletedMakesItAnew) {
  make_stream();
  store(1, 5);
  FakeClient anna = member("anna");
  EXPECT_EQ(taken_by(anna).size(), 5U);
  anna.unsubscribe({2}, {kWork});
  settle();
  FakeClient asker = operator_client();
  FakeClient bert = login("bert");
  send_commands(asker, R"({"command":"seekGroup","queue":"log","group":"work","to":"earliest"})", kQoS0);
  settle();
  EXPECT_FALSE(responses(asker)[0].contains("error"));
  send_commands(asker, R"({"command":"deleteGroup","queue":"log","group":"work"})", kQoS0);
  bert.subscribe({1}, {{"$share/work/$stream/log/@offset:4", kQoS1}});
  for (int i = 0; i < 3; ++i) {
    settle_without_commit();
    broker().pages().answer();  // before the store has made the end of the group
  }
  settle();
  EXPECT_FALSE(responses(asker)[0].contains("error"));
  EXPECT_EQ(taken_by(bert), numbers(4, 5));
  store(6, 6);
  EXPECT_EQ(taken_by(bert), numbers(6, 6));
  EXPECT_EQ(records().size(), 1U);
  ASSERT_TRUE(recorded());
  EXPECT_EQ(recorded()->position.next(), Seq{7});
}

TEST_F(GroupCommand, WhatIsGivenUpWhileTheStreamIsDeletedTakesNoRoomForDeadLetters) {
  make_stream();
  store(1, 8);
  FakeClient anna = member("anna");
  const auto come = come_to(anna);
  ASSERT_EQ(come.size(), 8U);
  FakeClient asker = operator_client();
  send_commands(asker, R"({"command":"delete","queue":"log","force":true})", kQoS0);
  for (const test::Arrived& one : come) {
    settle_without_commit();
    anna.ack(PacketType::Puback, one.id, ReasonCode::TopicNameInvalid);
    settle_without_commit();
    broker().commit();
  }
  settle();
  EXPECT_FALSE(responses(asker)[0].contains("error"));
  FakeClient letters = login("letters");
  letters.subscribe({1}, {{"$queue/log.dlq", kQoS1}});
  settle();
  taken_by(letters);
  EXPECT_EQ(broker().queues().find("log.dlq")->room->held().messages, 0U);
}

TEST_F(GroupCommand, CommandsAboutWhatIsNotThereSaySo) {
  make_stream();
  configure("orders", "other/#");
  FakeClient asker = operator_client();
  EXPECT_EQ(ask(asker, R"({"command":"showGroup","queue":"log","group":"none"})")["code"], "not-found");
  EXPECT_EQ(ask(asker, R"({"command":"seekGroup","queue":"log","group":"none","to":"latest"})")["code"],
            "not-found");
  EXPECT_EQ(ask(asker, R"({"command":"listGroups","queue":"none"})")["code"], "not-found");
  EXPECT_EQ(ask(asker, R"({"command":"seekGroup","queue":"log","group":"g","to":"someday"})")["code"],
            "invalid");
  EXPECT_THAT(ask(asker, R"({"command":"listGroups","queue":"log"})")["data"]["groups"], IsEmpty());
}

TEST_F(GroupCommand, MessagesAreFoundByKeyOffsetAndTime) {
  make_stream();
  store(1, 600, 3);
  broker().pass(10s);
  const WallTime then = broker().clock().wall();
  store(601, 610, 3);
  FakeClient asker = operator_client();
  const auto find = [&](const std::string& wanted) {
    const json data = ask(asker, R"({"command":"find","queue":"log",)" + wanted + "}")["data"];
    std::vector<int> found;
    for (const json& one : data["messages"]) found.push_back(one["offset"].get<int>());
    return std::pair(found, data.value("next", 0));
  };
  EXPECT_EQ(find(R"("key":"shop/1","from":590,"to":600)"), std::pair(std::vector<int>({592, 595, 598}), 0));
  EXPECT_EQ(find(R"("key":"shop/1","count":2)"), std::pair(std::vector<int>({1, 4}), 7));
  const std::string since = std::to_string(micros_of(then));
  EXPECT_EQ(find(R"("count":3,"since":")" + since + "\""), std::pair(std::vector<int>({601, 602, 603}), 604));
  const std::string until = std::to_string(micros_of(then) / 1000 - 5000) + "ms";
  EXPECT_EQ(find(R"("from":599,"until":")" + until + "\""), std::pair(std::vector<int>({599, 600}), 0));
  EXPECT_EQ(find(R"("key":"nobody")"), std::pair(std::vector<int>{}, 0));
  EXPECT_EQ(find(R"("from":611)"), std::pair(std::vector<int>{}, 0));
  EXPECT_EQ(extent_of_log().held().messages, 610U);
  EXPECT_EQ(ask(asker, R"({"command":"find","queue":"log","since":"latest"})")["code"], "invalid");
  broker().pages().break_all();
  EXPECT_EQ(ask(asker, R"({"command":"find","queue":"log"})")["code"], "failed");
}

/// Several shards store, each at the time of its tick.
TEST_F(GroupCommand, WhatWasStoredInTimeIsFoundAlsoBehindWhatWasNot) {
  make_stream();
  const WallTime until = broker().clock().wall();
  broker().clock().set_wall(10ms);
  store(1, 2);
  broker().clock().set_wall(-10ms);
  store(3, 3);
  FakeClient asker = operator_client();
  const std::string command =
      R"({"command":"find","queue":"log","until":")" + std::to_string(micros_of(until)) + R"("})";
  const json found = ask(asker, command)["data"]["messages"];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["offset"], 3);
}

TEST_F(GroupCommand, MessagesAreFoundByTheirIdentifierAndShownWhole) {
  make_stream();
  FakeClient publisher = login("source");
  publish_with(publisher, 1, "one", {{"msg-id", "a-1"}});
  publish_with(publisher, 2, "two", {{"msg-id", "a-2"}, {"tags", "red"}});
  settle();
  FakeClient asker = operator_client();
  const json found = ask(asker, R"({"command":"find","queue":"log","msg_id":"a-2"})")["data"]["messages"];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["offset"], 2);
  EXPECT_EQ(found[0]["topic"], "shop/a");
  EXPECT_EQ(found[0]["key"], "shop/a");
  EXPECT_EQ(found[0]["payload"], "two");
  EXPECT_EQ(found[0]["properties"].size(), 2U);
}

}  // namespace
}  // namespace hermod::broker::testing
