// What a session that is behind reads of its queue at once.

#include "queue/share.h"
#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {
namespace {

class PagePath : public QueuePathTest {
 protected:
  /// What the session asks for when it comes back.
  queue::Amount asked_by(const std::string& client_id) {
    FakeClient back = call({.client_id = client_id, .durable = true});
    commit_without_pages();
    EXPECT_EQ(broker().pages().asked(), 1U);
    const queue::Amount most = broker().pages().asked_last().most;
    settle();
    clients_.push_back(std::move(back));
    return most;
  }
  /// Durable sessions on "a" that are away.
  void make_sessions(int count) {
    for (int i = 0; i < count; ++i) {
      FakeClient client = login({.client_id = "s" + std::to_string(i), .durable = true});
      subscribe(client, "a", kQoS1);
      client.peer().drop(0);
      settle();
    }
  }

  std::vector<FakeClient> clients_;
};

TEST_F(PagePath, WhoIsBehindReadsLessAtOnceWhereManyAreConnected) {
  options_.session.queue.page_bytes_together = 400'000;
  options_.session.queue.page_bytes = 100'000;
  options_.session.queue.page_messages = 500;
  make_sessions(9);
  FakeClient publisher = login("pub");
  for (std::uint16_t i = 1; i <= 30; ++i) publish(publisher, {"a", std::to_string(i), kQoS1, i});
  settle();
  publisher.disconnect();
  settle();
  EXPECT_EQ(asked_by("s0"), (queue::Amount{500, 100'000}));
  for (int i = 1; i < 7; ++i) asked_by("s" + std::to_string(i));
  EXPECT_LT(asked_by("s7").bytes, 60'000U);
  for (FakeClient& client : clients_) EXPECT_THAT(heard(client), ::testing::SizeIs(31));
}

TEST(PageLimit, IsAShareOfWhatAllMayReadAndAtLeastSomeKiB) {
  const queue::Options options;
  const queue::Amount page{options.page_messages, options.page_bytes};
  EXPECT_EQ(queue::page_limit(options, 0), page);
  EXPECT_EQ(queue::page_limit(options, options.page_bytes_together / options.page_bytes), page);
  EXPECT_EQ(queue::page_limit(options, 512).bytes, options.page_bytes / 2);
  EXPECT_EQ(queue::page_limit(options, 1'000'000), (queue::Amount{64, 16 << 10}));
}

}  // namespace
}  // namespace hermod::broker::testing
