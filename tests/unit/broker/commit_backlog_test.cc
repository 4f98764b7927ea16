// What is with the committer and not finished is bounded, whatever of it goes to the disk.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class CommitBacklog : public PathTest {
 protected:
  CommitBacklog() { options_.store.max_bytes_in_flight = 10'000; }
  static bool is_read(FakeClient& client) { return !client.peer().transport()->is_paused(); }
};

TEST_F(CommitBacklog, AMessageWithoutABatchCounts) {
  FakeClient publisher = login({.client_id = "pub", .durable = true});
  // Behind the first one, which has an identifier to store, the others only wait their turn.
  publish(publisher, {"a", "1", kQoS2, 1});
  for (const std::uint16_t id : Ids{2, 3, 4, 5, 6})
    publish(publisher, {"a", std::string(4000, 'x'), kQoS1, id});
  settle_without_commit();
  EXPECT_FALSE(is_read(publisher));
  EXPECT_EQ(counted(Counter::PublishReceivedQoS1), 3) << "the third one passes the limit";
  settle();
  EXPECT_TRUE(is_read(publisher));
  EXPECT_EQ(heard(publisher).size(), 6U);
}

TEST_F(CommitBacklog, AMessageThatIsInItsBatchCountsOnce) {
  FakeClient durable = login({.client_id = "durable", .durable = true});
  subscribe(durable, "a", kQoS1);
  FakeClient publisher = login("pub");
  for (const std::uint16_t id : Ids{1, 2}) publish(publisher, {"a", std::string(4000, 'x'), kQoS1, id});
  settle_without_commit();
  EXPECT_TRUE(is_read(publisher));
  settle();
  EXPECT_EQ(heard(publisher).size(), 2U);
}

}  // namespace
}  // namespace hermod::broker::testing
