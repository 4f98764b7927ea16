// A message for a named queue goes to its consumer when it has its sequence, its publisher's answer waits.

#include <functional>

#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

/// Looks at the broker while a group is being written, and may fail it.
class GroupJournal final : public store::Journal {
 public:
  explicit GroupJournal(store::Journal& journal) : journal_(journal) {}
  std::function<Status()> on_append;

  Status append(GroupNo number, std::span<const Bytes> group, Sync sync) override {
    if (on_append)
      if (Status status = on_append(); !status) return status;
    return journal_.append(number, group, sync);
  }
  Status sync() override { return journal_.sync(); }
  GroupNo synced() const override { return journal_.synced(); }
  Status replay(GroupNo from, const Visit& visit) override { return journal_.replay(from, visit); }
  Status trim(GroupNo before) override { return journal_.trim(before); }

 private:
  store::Journal& journal_;
};

class EarlyQueue : public QueuePathTest {
 protected:
  ~EarlyQueue() override { end_broker(); }
  store::Journal& journal() override { return watched_; }
  /// Sequences of the queue are reserved, and nothing is in it.
  FakeClient warm(FakeClient& publisher, QoS qos = kQoS1) {
    FakeClient taker = consumer("taker", "orders", qos);
    publish(publisher, {"shop/a", "0", kQoS1, 1});
    settle();
    const auto first = messages(taker);
    EXPECT_EQ(first.size(), 1U);
    taker.ack(PacketType::Puback, {first.at(0).id.v});
    settle();
    heard(publisher);
    return taker;
  }
  /// What the consumer has while the next group that is written is not durable.
  std::vector<std::string> heard_early(FakeClient& taker) {
    std::vector<std::string> early;
    watched_.on_append = [&]() -> Status {
      broker().step(0);
      for (std::string& one : payloads(taker)) early.push_back(std::move(one));
      return {};
    };
    settle();
    watched_.on_append = {};
    return early;
  }
  GroupJournal watched_{journal_};
};

TEST_F(EarlyQueue, AConsumerHasItBeforeItIsWritten) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  FakeClient taker = warm(publisher);
  publish(publisher, {"shop/a", "1", kQoS1, 2});
  EXPECT_EQ(heard_early(taker), std::vector<std::string>{"1"});
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #2"));
  EXPECT_THAT(payloads(taker), IsEmpty()) << "once";
  EXPECT_EQ(counted(Counter::QueueStored), 2);
}

TEST_F(EarlyQueue, ExactlyOnceWaitsForTheDisk) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  FakeClient taker = warm(publisher);
  publish(publisher, {"shop/a", "1", kQoS2, 2});
  EXPECT_THAT(heard_early(taker), IsEmpty());
  EXPECT_EQ(payloads(taker), std::vector<std::string>{"1"});
}

TEST_F(EarlyQueue, WhatNobodySendsAgainWaitsForTheDisk) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  FakeClient taker = warm(publisher);
  publish(publisher, {"shop/a", "1", kQoS0});
  EXPECT_THAT(heard_early(taker), IsEmpty());
  EXPECT_EQ(payloads(taker), std::vector<std::string>{"1"});
}

TEST_F(EarlyQueue, WhoseLastValueCountsWaitsForTheDisk) {
  configure("orders", "shop/#").last_value = true;
  FakeClient publisher = login("pub");
  FakeClient taker = warm(publisher);
  publish(publisher, {"shop/a", "1", kQoS1, 2});
  EXPECT_THAT(heard_early(taker), IsEmpty());
  EXPECT_EQ(payloads(taker), std::vector<std::string>{"1"});
}

TEST_F(EarlyQueue, WhenItsGroupFailsThePublisherIsRefusedAndTheQueueIsEmpty) {
  configure("orders", "shop/#");
  FakeClient publisher = login("pub");
  FakeClient taker = warm(publisher);
  publish(publisher, {"shop/a", "1", kQoS1, 2});
  std::vector<test::Arrived> early;
  watched_.on_append = [&]() -> Status {
    broker().step(0);
    early = messages(taker);
    return failure(Errc::NoSpace, "test");
  };
  settle();
  watched_.on_append = {};
  ASSERT_EQ(early.size(), 1U);
  EXPECT_THAT(heard(publisher), ElementsAre(::testing::StartsWith("PUBACK #2 0x"))) << "a refusal";
  repair_store();
  taker.ack(PacketType::Puback, {early.at(0).id.v});
  settle();
  EXPECT_EQ(broker().queues().find("orders")->room->held().messages, 0U);
  publish(publisher, {"shop/a", "1", kQoS1, 3});
  settle();
  EXPECT_EQ(payloads(taker), std::vector<std::string>{"1"}) << "its publisher has sent it again";
}

}  // namespace
}  // namespace hermod::broker::testing
