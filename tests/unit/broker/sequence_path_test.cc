// A producer numbers its messages, and the broker tells what is missing.

#include "broker/sequence_path.h"

#include <nlohmann/json.hpp>

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class SequencePath : public ControlTest {
 protected:
  queue::QueueDefinition& watched() {
    options_.threads = 2;
    queue::QueueDefinition& orders = configure("orders", "shop/#");
    orders.seq = queue::QueueDefinition::SequenceCheck::Detect;
    return orders;
  }
  void number(FakeClient& from, const char* seq, const char* key = "k", QoS qos = kQoS1) {
    publish_with(from, ++id_, seq, {{"key", key}, {"seq", seq}}, qos);
    settle();
  }
  std::vector<json> told(FakeClient& ear) {
    std::vector<json> all;
    for (const test::Arrived& one : messages(ear)) all.push_back(json::parse(one.payload));
    return all;
  }
  FakeClient ear() {
    FakeClient client = login({.client_id = "ear", .shard = 1});
    subscribe(client, "$events/sequence/gap", kQoS1);
    return client;
  }
  std::uint16_t id_ = 0;
};

TEST_F(SequencePath, AGapIsToldWithWhatIsMissing) {
  watched();
  FakeClient hears = ear();
  FakeClient device = login("device");
  for (const char* seq : {"7", "8", "11", "12"}) number(device, seq);
  EXPECT_THAT(told(hears), ElementsAre(json{{"queue", "orders"},
                                            {"client", "device"},
                                            {"key", "k"},
                                            {"finding", "gap"},
                                            {"expected", 9},
                                            {"seq", 11},
                                            {"missing", 2}}));
  EXPECT_EQ(counted(Counter::SequenceGaps), 1U);
  EXPECT_EQ(counted(Counter::SequenceMissing), 2U);
  EXPECT_EQ(counted(Counter::SequenceRepeats), 0U);
  EXPECT_EQ(counted(Counter::QueueStored), 4U) << "it only tells";
}

TEST_F(SequencePath, ARepeatIsToldToo) {
  watched();
  FakeClient hears = ear();
  FakeClient device = login("device");
  for (const char* seq : {"1", "2", "2", "3"}) number(device, seq);
  const std::vector<json> all = told(hears);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].at("finding"), "repeat");
  EXPECT_EQ(all[0].at("expected"), 3);
  EXPECT_EQ(all[0].at("seq"), 2);
  EXPECT_EQ(counted(Counter::SequenceRepeats), 1U);
  EXPECT_EQ(counted(Counter::SequenceMissing), 0U);
}

TEST_F(SequencePath, ClientsAndKeysAreCountedByThemselves) {
  watched();
  FakeClient one = login("one");
  FakeClient two = login({.client_id = "two", .shard = 1});
  number(one, "1", "a");
  number(two, "5", "a");
  number(one, "9", "b");
  number(one, "2", "a");
  number(two, "6", "a");
  number(one, "10", "b");
  EXPECT_EQ(counted(Counter::SequenceGaps) + counted(Counter::SequenceRepeats), 0U);
}

TEST_F(SequencePath, AClientThatComesBackOnAnotherShardWithANewSessionGoesOnCounting) {
  watched();
  {
    FakeClient device = login("device");
    number(device, "1");
    device.peer().drop(0);
    settle();
  }
  FakeClient device = login({.client_id = "device", .clean = true, .shard = 1});
  number(device, "3");
  EXPECT_EQ(counted(Counter::SequenceMissing), 1U);
}

TEST_F(SequencePath, EveryQoSCounts) {
  watched();
  FakeClient device = login("device");
  number(device, "1", "k", kQoS0);
  number(device, "3", "k", kQoS2);
  number(device, "5", "k", kQoS0);
  EXPECT_EQ(counted(Counter::SequenceMissing), 2U);
}

TEST_F(SequencePath, WhatHasNoNumberOrAWrongOneIsNotLookedAt) {
  watched();
  FakeClient device = login("device");
  number(device, "1");
  publish_with(device, ++id_, "x", {{"key", "k"}});
  settle();
  for (const char* wrong : {"", "two", "-1", "2.0", "18446744073709551616"}) number(device, wrong);
  number(device, "2");
  EXPECT_EQ(counted(Counter::SequenceGaps) + counted(Counter::SequenceRepeats), 0U);
  EXPECT_EQ(counted(Counter::PublishRefused), 0U);
}

TEST_F(SequencePath, WhatIsRefusedHasNotArrived) {
  watched().max_length = 2;
  FakeClient taker = consumer("taker");
  FakeClient device = login("device");
  for (const char* seq : {"1", "2", "3", "3", "3"}) number(device, seq);
  EXPECT_EQ(counted(Counter::PublishRefused), 3U);
  EXPECT_EQ(counted(Counter::SequenceRepeats), 0U) << "it may be sent again";
  for (const test::Arrived& one : messages(taker)) taker.ack(PacketType::Puback, one.id);
  settle();
  EXPECT_EQ(counted(Counter::QueueAcknowledged), 1U);
  number(device, "4");
  EXPECT_EQ(counted(Counter::PublishRefused), 3U);
  EXPECT_EQ(counted(Counter::SequenceMissing), 1U) << "3 has never come";
}

TEST_F(SequencePath, WhatCouldNotBeStoredHasNotArrived) {
  watched();
  FakeClient device = login("device");
  number(device, "1");
  fail_next_commit();
  number(device, "2");
  repair_store();
  number(device, "2");
  number(device, "3");
  EXPECT_EQ(counted(Counter::SequenceRepeats), 0U);
  EXPECT_EQ(counted(Counter::SequenceGaps), 0U);
}

TEST_F(SequencePath, WhatARuleDropsHasArrived) {
  queue::QueueDefinition& orders = watched();
  orders.max_length = 1;
  orders.overflow = queue::QueueDefinition::Overflow::DropNewest;
  FakeClient device = login("device");
  for (const char* seq : {"1", "2", "3"}) number(device, seq);
  EXPECT_EQ(counted(Counter::QueueDroppedMaxLength), 2U);
  EXPECT_EQ(counted(Counter::SequenceGaps) + counted(Counter::SequenceRepeats), 0U);
}

TEST_F(SequencePath, ADuplicateByItsMsgIdIsNoRepeat) {
  watched().dedup_window = 1min;
  FakeClient device = login("device");
  publish_with(device, 1, "1", {{"msg-id", "a"}, {"seq", "1"}});
  settle();
  publish_with(device, 2, "1", {{"msg-id", "a"}, {"seq", "1"}});
  settle();
  publish_with(device, 3, "2", {{"msg-id", "b"}, {"seq", "2"}});
  settle();
  EXPECT_EQ(counted(Counter::QueueDuplicates), 1U);
  EXPECT_EQ(counted(Counter::SequenceGaps) + counted(Counter::SequenceRepeats), 0U);
}

TEST_F(SequencePath, WithoutTheOptionNobodyLooks) {
  configure("orders", "shop/#");
  FakeClient device = login("device");
  number(device, "1");
  number(device, "9");
  EXPECT_EQ(counted(Counter::SequenceGaps), 0U);
}

TEST_F(SequencePath, WhatCameWhileNobodyLookedIsNotMissing) {
  watched();
  FakeClient boss = operator_client();
  FakeClient device = login("device");
  number(device, "1");
  for (const char* check : {"off", "detect"}) {
    const json done =
        ask(boss, std::string(R"({"command":"edit","queue":"orders","options":{"seq":")") + check + R"("}})");
    ASSERT_FALSE(done.contains("error")) << done.dump();
    if (std::string_view(check) == "off") number(device, "2");
  }
  number(device, "3");
  number(device, "5");
  EXPECT_EQ(counted(Counter::SequenceGaps), 1U) << "of 4, and not of 2";
  EXPECT_EQ(counted(Counter::SequenceMissing), 1U);
}

TEST_F(SequencePath, AStreamLooksToo) {
  FakeClient boss = operator_client();
  const json made = ask(boss, R"({"command":"create","queue":"log","options":)"
                              R"({"bind":"shop/#","kind":"stream","seq":"detect"}})");
  ASSERT_FALSE(made.contains("error")) << made.dump();
  FakeClient device = login("device");
  number(device, "1");
  number(device, "3");
  EXPECT_EQ(counted(Counter::SequenceMissing), 1U);
}

}  // namespace
}  // namespace hermod::broker::testing
