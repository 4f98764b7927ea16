// Streams that keep the last values: what has a newer message of its key leaves, and nobody trips over the
// holes.

#include "tests/unit/broker/stream_group_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class StreamThinning : public StreamGroupTest {
 protected:
  void replace_one_and_fail_to_take_out_the_older() {
    make_stream(kLastValues);
    store(1, 3, 3);
    FakeClient publisher = login("publisher");
    publish(publisher, {"shop/1", "4", kQoS1, 1});
    settle_without_commit();
    broker().commit();  // it is stored
    settle_without_commit();
    fail_next_commit();
    settle();
  }
  static constexpr const char* kLastValues = R"("last_value":true,)";
  /// A reader of its own that begins somewhere.
  FakeClient reader_from(const std::string& client_id, const std::string& start = "earliest") {
    FakeClient client = login({.client_id = client_id});
    EXPECT_THAT(join(client, start, "$stream/log"), ElementsAre(1));
    return client;
  }
  void edit(const std::string& options) {
    FakeClient boss = operator_client("boss");
    const json answer = ask(boss, R"({"command":"edit","queue":"log","options":{)" + options + "}}");
    EXPECT_FALSE(answer.contains("error")) << answer.dump();
    boss.disconnect();
    settle();
  }
  StreamId stream_of_log() { return StreamId{stream().v}; }
};

TEST_F(StreamThinning, OfEachKeyTheNewestStays) {
  make_stream(kLastValues);
  store(1, 4, 4);
  const std::size_t read = broker().pages().answered();
  store(5, 20, 4);
  EXPECT_EQ(extent_of_log().held().messages, 4U);
  EXPECT_EQ(extent_of_log().next(), Seq{21});
  EXPECT_EQ(counted(Counter::StreamCompacted), 16U);
  EXPECT_EQ(broker().pages().answered(), read) << "what is told is not read";
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader), numbers(17, 20));
  store(21, 22, 4);
  EXPECT_EQ(taken_by(reader), numbers(21, 22));
  FakeClient other = reader_from("other", "offset:3");
  EXPECT_EQ(taken_by(other), numbers(19, 22)) << "in a hole it begins behind it";
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
  EXPECT_EQ(counted(Counter::StreamRetired), 0U);
}

TEST_F(StreamThinning, WhoReadsAsItIsStoredGetsEverything) {
  make_stream(kLastValues);
  FakeClient reader = reader_from("reader", "latest");
  for (int i = 1; i <= 6; ++i) store(i, i, 1);
  EXPECT_EQ(taken_by(reader), numbers(1, 6));
  EXPECT_EQ(extent_of_log().held().messages, 1U);
}

TEST_F(StreamThinning, PagesWithHolesAreNotTheEnd) {
  make_stream(kLastValues);
  store(1, 300, 300);
  store(301, 590, 300);  // of these 291 to 300 are the oldest now
  EXPECT_EQ(extent_of_log().held().messages, 300U);
  FakeClient reader = reader_from("reader");
  std::vector<std::string> expected = numbers(291, 590);
  EXPECT_EQ(taken_by(reader), expected);
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamThinning, AMessageWithoutAPayloadTakesTheOlderOnesWithIt) {
  make_stream(kLastValues);
  store(1, 4, 2);
  FakeClient publisher = login("publisher");
  publish(publisher, {"shop/1", "", kQoS1, 1});
  settle();
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader), (std::vector<std::string>{"4", ""}));
}

TEST_F(StreamThinning, ItBeginsWithWhatIsThereAndLeavesOffWhenItIsTold) {
  make_stream();
  store(1, 30, 3);
  EXPECT_EQ(extent_of_log().held().messages, 30U);
  edit(R"("last_value":true)");
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  EXPECT_EQ(counted(Counter::StreamCompacted), 27U);
  FakeClient asker = operator_client();
  EXPECT_EQ(describe(asker, "log")["keys"], 3);
  edit(R"("last_value":false)");
  EXPECT_FALSE(describe(asker, "log").contains("keys"));
  store(31, 33, 1);
  EXPECT_EQ(extent_of_log().held().messages, 6U);
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader), numbers(28, 33));
  edit(R"("last_value":true)");
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamThinning, AStoreThatCannotBeReadIsAskedAgain) {
  make_stream();
  store(1, 30, 3);
  broker().pages().break_all();
  edit(R"("last_value":true)");
  EXPECT_EQ(extent_of_log().held().messages, 30U);
  store(31, 32, 2);
  EXPECT_EQ(extent_of_log().held().messages, 32U);
  broker().pages().mend();
  broker().pass(2s);
  EXPECT_EQ(extent_of_log().held().messages, 3U);
}

TEST_F(StreamThinning, WhatTheStoreDoesNotTakeLeavesLater) {
  replace_one_and_fail_to_take_out_the_older();
  EXPECT_EQ(counted(Counter::StreamCompacted), 0U);
  repair_store();
  broker().pass(2s);
  EXPECT_EQ(counted(Counter::StreamCompacted), 1U);
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader), numbers(2, 4));
}

TEST_F(StreamThinning, WhatIsOnItsWayOutIsNotFoundOnceMore) {
  replace_one_and_fail_to_take_out_the_older();
  repair_store();
  edit(R"("last_value":false)");
  edit(R"("last_value":true)");
  EXPECT_EQ(counted(Counter::StreamCompacted), 0U) << "it is still to be written again";
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  broker().pass(2s);
  EXPECT_EQ(counted(Counter::StreamCompacted), 1U);
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  store(5, 5, 4);
  EXPECT_EQ(extent_of_log().held().messages, 3U);
}

TEST_F(StreamThinning, WhatIsDamagedStaysAndDoesNotHoldUpOthers) {
  make_stream();
  store(1, 4, 1);
  broker().pages().damage_entry(stream_of_log(), Seq{2});
  edit(R"("last_value":true)");
  EXPECT_EQ(extent_of_log().held().messages, 2U) << "the damaged one, and the newest";
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader), numbers(4, 4));
}

TEST_F(StreamThinning, TheRetentionGoesOnAsEver) {
  make_stream(std::string(kLastValues) + R"("retention_count":3,)");
  store(1, 3, 3);
  for (int i = 4; i <= 6; ++i) store(i, i, 3);
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  store(7, 8, 1000);
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  EXPECT_GE(counted(Counter::StreamRetired), 2U);
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader).back(), "8");
  store(9, 9, 3);  // the one before of its key has gone
  EXPECT_EQ(extent_of_log().held().messages, 3U);
  store(10, 60, 1000);
  FakeClient asker = operator_client();
  EXPECT_EQ(describe(asker, "log")["keys"], 3) << "keys of which nothing is left take no memory";
}

TEST_F(StreamThinning, WhatIsPublishedWhileItsEndIsDecidedIsCompactedAsWell) {
  make_stream(kLastValues);
  store(1, 2, 1);
  FakeClient boss = operator_client("boss");
  FakeClient publisher = login("publisher");
  send_commands(boss, R"({"command":"delete","queue":"log"})", kQoS0);
  settle_without_commit();
  publish(publisher, {"shop/0", "3", kQoS1, 1});
  settle();
  EXPECT_EQ(responses(boss).at(0).at("code"), "busy");
  store(4, 4, 1);
  EXPECT_EQ(extent_of_log().held().messages, 1U);
  FakeClient reader = reader_from("reader");
  EXPECT_EQ(taken_by(reader), numbers(4, 4));
}

TEST_F(StreamThinning, WhoStandsInFrontOfHolesLosesNothingByThem) {
  make_stream(kLastValues);
  store(1, 4, 4);
  FakeClient slow = login({.client_id = "slow", .receive_maximum = 1});
  EXPECT_THAT(join(slow, "earliest", "$stream/log"), ElementsAre(1));
  FakeClient away = member("away");
  EXPECT_EQ(taken_by(away).size(), 4U);
  away.peer().drop(1000);
  settle();
  store(5, 604, 4);
  EXPECT_GT(extent_of_log().first(), Seq{1}) << "of the first block nothing is left";
  EXPECT_EQ(taken_by(slow).back(), "604");
  FakeClient back = member("back");
  EXPECT_EQ(taken_by(back).size(), 4U);
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamThinning, AGroupStepsOverHolesAndLosesNothing) {
  make_stream(kLastValues);
  store(1, 20, 4);
  FakeClient anna = member("anna");
  FakeClient asker = operator_client();
  const auto state = [&] {
    return ask(asker, R"({"command":"showGroup","queue":"log","group":"work"})")["data"];
  };
  EXPECT_EQ(state()["lag"], 4);
  EXPECT_EQ(taken_by(anna), numbers(17, 20));
  EXPECT_EQ(state()["lag"], 0);
  anna.peer().drop(1000);
  settle();
  store(21, 60, 4);
  EXPECT_EQ(state()["lag"], 4) << "no more than there are";
  FakeClient bert = member("bert");
  EXPECT_EQ(taken_by(bert), numbers(57, 60));
  EXPECT_EQ(state()["position"], 61);
  EXPECT_EQ(counted(Counter::StreamPassedOver), 0U);
}

TEST_F(StreamThinning, WhatAMemberHasIsItsAlsoWhenItLeavesTheStream) {
  make_stream(kLastValues);
  store(1, 1, 1);
  FakeClient anna = member("anna");
  const auto out = come_to(anna);
  ASSERT_EQ(out.size(), 1U);
  store(2, 3, 1);
  EXPECT_EQ(extent_of_log().held().messages, 1U);
  anna.ack(PacketType::Puback, out[0].id);
  settle();
  EXPECT_EQ(taken_by(anna).back(), "3");
  EXPECT_EQ(recorded()->position.next(), Seq{4});
  EXPECT_EQ(recorded()->position.settled_behind(), 0U);
}

TEST_F(StreamThinning, WhatAMemberGaveBackIsDealtOutAlsoWhenItHasLeftTheStream) {
  make_stream(kLastValues);
  store(1, 1, 1);
  FakeClient anna = member("anna");
  ASSERT_EQ(come_to(anna).size(), 1U);
  store(2, 2, 1);
  anna.peer().drop(1000);
  settle();
  FakeClient bert = member("bert");
  EXPECT_EQ(taken_by(bert).back(), "2");
  EXPECT_EQ(recorded()->position.next(), Seq{3});
}

TEST_F(StreamThinning, ASearchFindsWhatIsThere) {
  make_stream(kLastValues);
  store(1, 12, 3);
  FakeClient asker = operator_client();
  const json found = ask(asker, R"({"command":"find","queue":"log","key":"shop/1"})");
  ASSERT_FALSE(found.contains("error")) << found.dump();
  const json& messages = found["data"]["messages"];
  ASSERT_EQ(messages.size(), 1U) << found.dump();
  EXPECT_EQ(messages[0]["offset"], 10);
}

}  // namespace
}  // namespace hermod::broker::testing
