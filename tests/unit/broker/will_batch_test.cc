// A will and the record of its session change together, so that a crash neither loses the will nor repeats
// it.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class WillBatch : public PathTest {
 protected:
  FakeClient mortal(const Testament& will, std::optional<std::uint32_t> expiry = {}) {
    FakeClient client = login({.client_id = "c", .durable = true, .expiry = expiry, .will = will});
    written();
    return client;
  }
};

TEST_F(WillBatch, AWillThatNobodyStoresLeavesTheRecordAllTheSame) {
  FakeClient watcher = login("watcher");
  subscribe(watcher, "w", kQoS1);
  mortal({.topic = "w", .qos = kQoS1}).peer().drop(0);
  settle_without_commit();
  EXPECT_THAT(heard(watcher), IsEmpty()) << "after a crash now it would come again";
  settle();
  EXPECT_THAT(written(), ElementsAre("put Sessions"));
  EXPECT_THAT(heard(watcher), ElementsAre("PUBLISH w=will q1 #2"));
}

TEST_F(WillBatch, AWillThatEndsWithItsSessionLeavesTheRecordFirst) {
  FakeClient watcher = login({.client_id = "watcher", .durable = true});
  subscribe(watcher, "w", kQoS1);
  mortal({.topic = "w", .qos = kQoS1, .delay = 100}, 3).peer().drop(0);
  settle();
  written();
  broker().pass(std::chrono::milliseconds{3100});
  const auto batches = written();
  ASSERT_EQ(batches.size(), 2);
  EXPECT_EQ(batches[0], "put Sessions, append");
  EXPECT_THAT(batches[1], ::testing::StartsWith("erase Sessions"));
}

}  // namespace
}  // namespace hermod::broker::testing
