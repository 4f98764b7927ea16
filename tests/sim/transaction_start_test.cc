// Transactions over a crash: an open one is whole, one that was committed is seen as a whole and once, and
// how it ended is remembered.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "queue/transaction_records.h"
#include "tests/sim/start_fixture.h"

namespace hermod::test {
namespace {

using namespace std::chrono_literals;

class TransactionStart : public StartTest {
 protected:
  /// The reason; nothing when the connection has ended in its place.
  std::optional<wire::ReasonCode> say(FakeClient& client, std::uint16_t id, const std::string& topic,
                                      std::string_view payload = {}) {
    wire::Publish packet;
    packet.topic = topic;
    packet.payload = as_bytes(payload);
    publish(client, id, packet, wire::QoS::AtLeastOnce, 0);
    broker().settle();
    for (const Arrived& one : client.receive())
      if (one.type == wire::PacketType::Puback) return one.reason;
    return std::nullopt;
  }
  std::uint64_t open() { return broker().transactions().open(); }
  static constexpr auto kSuccess = wire::ReasonCode::Success;
  static constexpr auto kRefused = wire::ReasonCode::ImplementationSpecificError;
};

TEST_F(TransactionStart, AnOpenOneIsWholeAndStaysOpen) {
  FakeClient reader = login("reader");
  subscribe(reader);
  FakeClient sender = login("sender");
  EXPECT_EQ(say(sender, 1, "$tx/1/prepare/a", "x"), kSuccess);
  EXPECT_EQ(say(sender, 2, "$tx/1/prepare/a", "y"), kSuccess);
  crash(1h);
  EXPECT_EQ(open(), 1U);
  FakeClient back = call("reader");
  EXPECT_TRUE(take(back).empty());
  FakeClient again = login("sender");
  EXPECT_EQ(say(again, 3, "$tx/1/prepare/a", "z"), kSuccess);
  EXPECT_EQ(say(again, 4, "$tx/1/commit"), kSuccess);
  EXPECT_EQ(take(back), (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(open(), 0U);
}

TEST_F(TransactionStart, HowItEndedIsRemembered) {
  FakeClient reader = login("reader");
  subscribe(reader);
  reader.peer().drop(0);
  FakeClient sender = login("sender");
  say(sender, 1, "$tx/1/prepare/a", "x");
  say(sender, 2, "$tx/2/prepare/a", "y");
  EXPECT_EQ(say(sender, 3, "$tx/1/commit"), kSuccess);
  EXPECT_EQ(say(sender, 4, "$tx/2/rollback"), kSuccess);
  crash(30min);
  EXPECT_EQ(open(), 0U);
  FakeClient again = login("sender");
  EXPECT_EQ(say(again, 5, "$tx/1/commit"), kSuccess);
  EXPECT_EQ(say(again, 6, "$tx/1/rollback"), kRefused);
  EXPECT_EQ(say(again, 7, "$tx/2/rollback"), kSuccess);
  EXPECT_EQ(say(again, 8, "$tx/2/commit"), kRefused);
  FakeClient back = call("reader");
  EXPECT_EQ(take(back), std::vector<std::string>{"x"}) << "once";
  broker().pass(31min, 1min);
  EXPECT_EQ(say(again, 9, "$tx/1/commit"), kRefused) << "it is forgotten";
  EXPECT_EQ(say(again, 10, "$tx/1/prepare/a", "z"), kSuccess);
  crash();
  EXPECT_EQ(open(), 1U);
}

TEST_F(TransactionStart, ACommitThatFailedAndIsOnTheDiskAllTheSameIsOne) {
  FakeClient reader = login("reader");
  subscribe(reader);
  reader.peer().drop(0);
  broker().settle();
  FakeClient sender = login("sender");
  say(sender, 1, "$tx/1/prepare/a", "x");
  say(sender, 2, "$tx/1/prepare/a", "y");
  hide_next_commit();
  EXPECT_EQ(say(sender, 3, "$tx/1/commit"), std::nullopt) << "nobody knows";
  crash();
  FakeClient again = login("sender");
  EXPECT_EQ(say(again, 3, "$tx/1/commit"), kSuccess);
  FakeClient back = call("reader");
  EXPECT_EQ(take(back), (std::vector<std::string>{"x", "y"}));
}

TEST_F(TransactionStart, TheTimeInWhichTheBrokerWasAwayEndsNothing) {
  FakeClient sender = login("sender");
  say(sender, 1, "$tx/1/prepare/a", "x");
  broker().pass(7min, 1s);
  EXPECT_EQ(open(), 1U);
  crash(24h);
  broker().pass(7min, 1s);
  EXPECT_EQ(open(), 1U);
  broker().pass(1min, 1s);
  EXPECT_EQ(open(), 0U);
  crash();
  EXPECT_EQ(open(), 0U);
}

/// A level may have been taken out of the configuration.
TEST_F(TransactionStart, WhatWasToBeDelayedByALevelThatIsNotThereIsNotPublishedAtOnce) {
  FakeClient reader = login("reader");
  subscribe(reader);
  wire::PropertyWriter properties;
  properties.add_user("delay-level", "99");
  queue::Message::Fields fields;
  fields.topic = "a";
  fields.forwarded_properties = properties.properties().raw();
  store::WriteBatch batch;
  queue::append_prepared(batch,
                         {"1", "g", "sender", broker().clock().wall(), queue::Message::create(fields)});
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  crash();
  FakeClient sender = login("sender");
  EXPECT_EQ(say(sender, 1, "$tx/1/commit"), kRefused);
  FakeClient back = call("reader");
  EXPECT_TRUE(take(back).empty());
  EXPECT_EQ(say(sender, 2, "$tx/1/rollback"), kSuccess);
}

TEST_F(TransactionStart, WhatMayLackAMessageMayLackItAtTheNextStartToo) {
  FakeClient sender = login("sender");
  EXPECT_EQ(say(sender, 1, "$tx/1/prepare/a", "x"), kSuccess);
  store::WriteBatch batch;
  batch.append(queue::kTransactionStream, as_bytes(std::string_view("\x01\x09 of no kind")));
  broker().committer().submit(std::move(batch), nullptr);
  broker().settle();
  for (int round = 0; round < 2; ++round) {
    crash();
    broker().pass(1s);
    FakeClient again = login("sender");
    EXPECT_EQ(say(again, 2, "$tx/1/commit"), kRefused) << round;
  }
  FakeClient again = call("sender");
  broker().settle();
  EXPECT_EQ(say(again, 3, "$tx/1/rollback"), kSuccess);
  EXPECT_EQ(say(again, 4, "$tx/2/prepare/a", "y"), kSuccess);
  broker().pass(1s);
  crash();
  FakeClient last = login("sender");
  EXPECT_EQ(say(last, 5, "$tx/2/commit"), kSuccess) << "it is gone";
}

}  // namespace
}  // namespace hermod::test
