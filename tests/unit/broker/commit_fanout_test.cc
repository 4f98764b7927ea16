// What the committer's end of a commit tells the shards.

#include <functional>

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class CommitFanoutPath : public PathTest {
 protected:
  FakeClient durable_subscriber(const std::string& client_id = "sub") {
    FakeClient client = login({.client_id = client_id, .durable = true});
    subscribe(client, "a", kQoS1);
    return client;
  }
};

TEST_F(CommitFanoutPath, AQueueGoesOnBehindASequenceThatFailed) {
  FakeClient subscriber = durable_subscriber();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  fail_next_commit();
  settle();
  repair_store();
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=2 q1 #3")) << "a sequence is never given again";
}

TEST_F(CommitFanoutPath, ABatchThatAReadOnlyStoreRefusedTookNoSequence) {
  FakeClient subscriber = durable_subscriber();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  fail_next_commit();
  settle();
  publish(publisher, {"a", "2", kQoS1, 8});
  settle();
  repair_store();
  publish(publisher, {"a", "3", kQoS1, 9});
  settle();
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=3 q1 #3"));
}

TEST_F(CommitFanoutPath, AFailureGivesBackTheRoomInEveryQueue) {
  options_.session.queue.max_messages = 1;
  FakeClient durable = durable_subscriber();
  FakeClient transient = login("transient");
  subscribe(transient, "#", kQoS1);
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle_without_commit();
  EXPECT_EQ(queued("sub"), 1);
  EXPECT_EQ(queued("transient"), 1);
  fail_next_commit();
  settle();
  EXPECT_EQ(queued("sub"), 0);
  EXPECT_EQ(queued("transient"), 0);
  EXPECT_THAT(heard(transient), IsEmpty());
}

TEST_F(CommitFanoutPath, AReceiverThatEndedMeanwhileIsLeftOutAndCounted) {
  FakeClient transient = login("transient");
  subscribe(transient, "a", kQoS1);
  FakeClient durable = durable_subscriber();
  FakeClient publisher = login("pub");
  publish(publisher, {"a", "1", kQoS1, 7});
  settle_without_commit();
  transient.peer().drop(0);
  settle();
  EXPECT_THAT(heard(publisher), ElementsAre("PUBACK #7"));
  EXPECT_THAT(heard(durable), ElementsAre("PUBLISH a=1 q1 #2"));
  EXPECT_EQ(counted(Counter::DroppedSessionEnded), 1);
}

TEST_F(CommitFanoutPath, TheMessageCommittedLastIsRetainedAndDeliveredLast) {
  options_.threads = 2;
  FakeClient watcher = login({.client_id = "watcher", .shard = 0});
  subscribe(watcher, "a", kQoS1);
  FakeClient one = login({.client_id = "one", .shard = 0});
  FakeClient two = login({.client_id = "two", .shard = 1});
  publish(one, {.topic = "a", .payload = "1", .qos = kQoS1, .id = 7, .retain = true});
  publish(two, {.topic = "a", .payload = "2", .qos = kQoS1, .id = 7, .retain = true});
  two.peer().transport()->on_ready();
  broker().step(1);
  one.peer().transport()->on_ready();
  broker().step(0);
  settle();
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH a=2 q1 #2", "PUBLISH a=1 q1 #3"));
  EXPECT_EQ(as_text(broker().retained().find("a")->payload()), "1");
}

TEST_F(CommitFanoutPath, ExpiredRetainedMessagesLeaveAsNewOnesCome) {
  FakeClient publisher = login("pub");
  for (int i = 0; i < 10; ++i)
    publish(publisher, {.topic = "old/" + std::to_string(i), .payload = "x", .retain = true, .expiry = 1});
  settle();
  ASSERT_EQ(broker().retained().count(), 10);
  broker().pass(std::chrono::seconds{2});
  for (int i = 0; i < 3; ++i) {
    publish(publisher, {.topic = "new/" + std::to_string(i), .payload = "x", .retain = true});
    settle();
  }
  EXPECT_EQ(broker().retained().count(), 3);
  EXPECT_EQ(counted(Counter::DroppedExpired), 10);
}

/// Looks at the broker while a group is being written: sequenced, not durable.
class WatchedJournal final : public store::Journal {
 public:
  std::function<void()> on_append;

  Status append(GroupNo number, std::span<const Bytes> group, Sync sync) override {
    if (on_append) on_append();
    return journal_.append(number, group, sync);
  }
  Status sync() override { return journal_.sync(); }
  GroupNo synced() const override { return journal_.synced(); }
  Status replay(GroupNo from, const Visit& visit) override { return journal_.replay(from, visit); }
  Status trim(GroupNo before) override { return journal_.trim(before); }

 private:
  store::MemoryJournal journal_;
};

class SequencedPath : public PathTest {
 protected:
  ~SequencedPath() override { end_broker(); }
  store::Journal& journal() override { return watched_; }
  WatchedJournal watched_;
};

TEST_F(SequencedPath, NobodyIsToldOfAGroupThatIsOnlySequenced) {
  options_.threads = 2;
  FakeClient subscriber = login({.client_id = "sub", .durable = true, .shard = 1});
  subscribe(subscriber, "a", kQoS2);
  FakeClient publisher = login({.client_id = "pub", .durable = true, .shard = 0});
  publish(publisher, {.topic = "a", .payload = "1", .qos = kQoS2, .id = 7, .retain = true});
  settle_without_commit();
  std::size_t looked = 0;
  watched_.on_append = [&] {
    ++looked;
    EXPECT_EQ(broker().mailbox(0).size(), 0);
    EXPECT_EQ(broker().mailbox(1).size(), 0);
    EXPECT_FALSE(broker().retained().find("a"));
  };
  settle();
  watched_.on_append = {};
  EXPECT_EQ(looked, 1U);
  EXPECT_THAT(heard(publisher), ElementsAre("PUBREC #7"));
  EXPECT_THAT(heard(subscriber), ElementsAre("PUBLISH a=1 q2 #2"));
}

}  // namespace
}  // namespace hermod::broker::testing
