#include "scenario.h"

#include <gtest/gtest.h>

namespace hermod::bench {
namespace {

TEST(QueueScenario, ItsConsumersSubscribeToTheQueueAndItsPublishersShareATopic) {
  Scenario scenario;
  scenario.shape = Shape::Queue;
  scenario.topic_per_pair = false;
  scenario.queue = "orders";
  scenario.topic = "shop";
  EXPECT_EQ(scenario.filter_of_subscriber(3), "$queue/orders");
  EXPECT_EQ(scenario.topic_of_publisher(3), "shop");
  EXPECT_EQ(scenario.receivers_per_message(), 1U);
}

TEST(QueueScenario, SlowAreTheFirstConsumersAndTheFirstKeysOfTheFirstPublisher) {
  Scenario scenario;
  scenario.keys = 10;
  EXPECT_FALSE(scenario.is_slow(0, 0, 0));
  scenario.slow_consumers = 1;
  EXPECT_TRUE(scenario.is_slow(0, 3, 7));
  EXPECT_FALSE(scenario.is_slow(1, 3, 7));
  scenario.slow_keys = 2;
  EXPECT_TRUE(scenario.is_slow(1, 0, 21));
  EXPECT_FALSE(scenario.is_slow(1, 0, 22));
  EXPECT_FALSE(scenario.is_slow(1, 1, 21)) << "another publisher's keys are others";
}

}  // namespace
}  // namespace hermod::bench
