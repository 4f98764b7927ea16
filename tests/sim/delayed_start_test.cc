// Delayed messages over a crash: none is lost, none comes twice, and what is overdue comes in its order.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/start_fixture.h"

namespace hermod::test {
namespace {

using namespace std::chrono_literals;

class DelayedStart : public StartTest {
 protected:
  void delay(FakeClient& client, std::uint16_t id, std::string_view when, std::string_view payload) {
    const std::string topic = "$delayed/" + std::string(when) + "/a";
    wire::Publish packet;
    packet.topic = topic;
    packet.payload = as_bytes(payload);
    publish(client, id, packet, wire::QoS::AtLeastOnce, 0);
    broker().settle();
    EXPECT_EQ(client.receive().size(), 1U);
  }
};

TEST_F(DelayedStart, WhatIsOverdueComesInItsOrderAndTheRestInTime) {
  FakeClient reader = login("reader");
  subscribe(reader);
  FakeClient sender = login("sender");
  delay(sender, 1, "30", "third");
  delay(sender, 2, "10", "first");
  delay(sender, 3, "20", "second");
  delay(sender, 4, "100", "late");
  crash(60s);
  FakeClient back = call("reader");
  EXPECT_EQ(take(back), (std::vector<std::string>{"first", "second", "third"}));
  broker().pass(39s);
  EXPECT_TRUE(take(back).empty());
  broker().pass(1s);
  EXPECT_EQ(take(back), std::vector<std::string>{"late"});
  EXPECT_EQ(broker().delayed().taken(), 0U);
  broker().pass(1s);  // that it was acknowledged is on the disk
  crash(1s);
  FakeClient again = call("reader");
  EXPECT_TRUE(take(again).empty()) << "none comes twice";
}

TEST_F(DelayedStart, ACrashBeforeTheCommitPublishesItAgainAndBehindItNever) {
  FakeClient reader = login("reader");
  subscribe(reader);
  reader.peer().drop(0);
  FakeClient sender = login("sender");
  delay(sender, 1, "2", "1");
  crash();
  EXPECT_EQ(broker().delayed().taken(), 1U);
  broker().pass(2s);
  EXPECT_EQ(broker().delayed().taken(), 0U);
  crash();
  EXPECT_EQ(broker().delayed().taken(), 0U);
  FakeClient back = call("reader");
  EXPECT_EQ(take(back), std::vector<std::string>{"1"});
}

TEST_F(DelayedStart, ATryThatFailedAndIsOnTheDiskAllTheSameDoesNotCountTwice) {
  FakeClient reader = login("reader");
  subscribe(reader);
  reader.peer().drop(0);
  broker().settle();
  FakeClient sender = login("sender");
  delay(sender, 1, "2", "1");
  hide_next_commit();
  broker().pass(2s);
  EXPECT_EQ(broker().delayed().taken(), 1U);
  repair_store();
  broker().pass(3s);
  EXPECT_EQ(broker().delayed().taken(), 0U);
  crash();
  FakeClient back = call("reader");
  EXPECT_EQ(take(back), std::vector<std::string>{"1"});
}

TEST_F(DelayedStart, TheirSequencesGoOn) {
  FakeClient reader = login("reader");
  subscribe(reader);
  FakeClient sender = login("sender");
  delay(sender, 1, "5", "1");
  crash();
  FakeClient back = login("sender");
  delay(back, 2, "5", "2");
  crash(10s);
  FakeClient end = call("reader");
  EXPECT_EQ(take(end), (std::vector<std::string>{"1", "2"}));
}

}  // namespace
}  // namespace hermod::test
