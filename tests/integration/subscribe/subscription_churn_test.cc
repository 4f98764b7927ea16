#include "tests/support/broker_test.h"

namespace hermod::integration {

using SubscriptionChurn = VersionedBrokerTest;

TEST_P(SubscriptionChurn, TreeStaysRightUnderManyChanges) {
  MqttClient both = client("both", GetParam());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      both.subscribe("churn/" + std::to_string(i % 10) + "/" + std::to_string(i), 1);
    }
    for (int i = 0; i < 100; i += 2) {
      both.unsubscribe({"churn/" + std::to_string(i % 10) + "/" + std::to_string(i)});
    }
    for (int i = 0; i < 100; ++i) {
      both.publish("churn/" + std::to_string(i % 10) + "/" + std::to_string(i), std::to_string(i), 0);
    }
    for (int i = 1; i < 100; i += 2) EXPECT_EQ(both.receive().payload, std::to_string(i));
    both.ping();
    both.expect_quiet(20ms);
  }
}

// Every subscription of a client that leaves must leave with it.
TEST_P(SubscriptionChurn, SubscriptionsOfCleanSessionsEndWithThem) {
  for (int i = 0; i < 20; ++i) {
    MqttClient passing = client("passing-" + std::to_string(i), GetParam());
    passing.subscribe_all({{"churn/#", 2}, {"churn/+", 1}, {"churn/topic", 0}});
    passing.disconnect();
  }
  EXPECT_EQ(client("publisher").publish("churn/topic", "x", 1).reason, reason::kNoMatchingSubscribers);
}

INSTANTIATE_TEST_SUITE_P(Main, SubscriptionChurn, main_versions());

}  // namespace hermod::integration
