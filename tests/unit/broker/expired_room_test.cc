// Expired messages take nobody's room in a queue.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class ExpiredRoom : public PathTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  ExpiredRoom() {
    options_.threads = 2;
    options_.session.queue.max_messages = 2;
  }
  /// A durable session on "a", whose client is away, with a full queue.
  void fill_queue(std::optional<std::uint32_t> first, std::optional<std::uint32_t> second) {
    FakeClient away = login({.client_id = "away", .durable = true});
    subscribe(away, "a", kQoS1);
    away.peer().drop(0);
    settle();
    send(1, first);
    send(2, second);
    ASSERT_EQ(queued("away"), 2);
  }
  /// Publishes from the shard of the parameter; what the publisher is told.
  std::vector<std::string> send(std::uint16_t id, std::optional<std::uint32_t> expiry = {}) {
    FakeClient publisher = login({.client_id = "pub", .shard = GetParam()});
    publish(publisher,
            {.topic = "a", .payload = std::to_string(id), .qos = kQoS1, .id = id, .expiry = expiry});
    settle();
    return heard(publisher);
  }
};
INSTANTIATE_TEST_SUITE_P(PublisherOnShard, ExpiredRoom, ::testing::Values(0, 1));

TEST_P(ExpiredRoom, ExpiredMessagesAtTheHeadMakeRoom) {
  fill_queue(5, 5);
  EXPECT_THAT(send(3), ElementsAre("PUBACK #3 0x97"));
  broker().pass(std::chrono::seconds{6});
  EXPECT_EQ(queued("away"), 0);
  EXPECT_EQ(counted(Counter::DroppedExpired), 2);
  EXPECT_THAT(send(4), ElementsAre("PUBACK #4"));
}

TEST_P(ExpiredRoom, TheyLeaveTheStoreToo) {
  fill_queue(5, 60);
  written();
  broker().pass(std::chrono::seconds{6});
  EXPECT_THAT(written(), ElementsAre("erase Entries"));
}

TEST_P(ExpiredRoom, WhatExpiresLaterLeavesLater) {
  fill_queue(5, 60);
  broker().pass(std::chrono::seconds{6});
  EXPECT_EQ(queued("away"), 1);
  broker().pass(std::chrono::seconds{60}, std::chrono::seconds{1});
  EXPECT_EQ(queued("away"), 0);
}

TEST_P(ExpiredRoom, DropOldestDropsWhatIsExpiredFirst) {
  options_.session.queue.overflow = queue::Overflow::DropOldest;
  fill_queue(5, {});
  broker().pass(std::chrono::seconds{6});
  EXPECT_THAT(send(3), ElementsAre("PUBACK #3"));
  EXPECT_EQ(counted(Counter::DroppedExpired), 1);
  EXPECT_EQ(counted(Counter::DroppedQueueFull), 0);
}

TEST_P(ExpiredRoom, ASessionTakesItsWatchWithItToAnotherShard) {
  fill_queue(60, 60);
  // The client comes with quota for none of them but the first, and goes again.
  FakeClient back = login({.client_id = "away", .durable = true, .receive_maximum = 1, .shard = 1});
  back.peer().drop(0);
  broker().pass(std::chrono::seconds{70}, std::chrono::seconds{1});
  EXPECT_EQ(queued("away"), 1) << "the first one was sent";
}

}  // namespace
}  // namespace hermod::broker::testing
