#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

class SubscriptionLimit : public VersionedBrokerTest {
 protected:
  void SetUp() override {
    if (is_foreign_broker()) GTEST_SKIP() << "needs a setting";
    start_with({{setting::kMaxSubscriptionsPerSession, "10"}});
  }
  static std::uint8_t refusal() { return is_v5() ? reason::kQuotaExceeded : 0x80; }
};

TEST_P(SubscriptionLimit, OneTooManyIsRefusedByItsReason) {
  MqttClient subscriber = client("subscriber", GetParam());
  for (int i = 0; i < 10; ++i) subscriber.subscribe("limit/" + std::to_string(i), 1);
  EXPECT_EQ(subscriber.subscribe_all({{"limit/10", 1}}).reasons.at(0), refusal());
  // Known filters may change, and the others still work.
  EXPECT_EQ(subscriber.subscribe("limit/0", 2).reasons.at(0), 2);
  subscriber.publish("limit/10", "refused", 1);
  subscriber.publish("limit/9", "granted", 1);
  EXPECT_EQ(subscriber.receive().payload, "granted");
  subscriber.unsubscribe({"limit/0"});
  EXPECT_EQ(subscriber.subscribe("limit/10", 1).reasons.at(0), 1);
}

TEST_P(SubscriptionLimit, OnePacketIsAnsweredFilterByFilter) {
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < 12; ++i) subscriptions.push_back({"limit/" + std::to_string(i), 1});
  MqttClient subscriber = client("subscriber", GetParam());
  const Ack ack = subscriber.subscribe_all(subscriptions);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(ack.reasons[i], i < 10 ? 1 : refusal());
}

INSTANTIATE_TEST_SUITE_P(Main, SubscriptionLimit, main_versions());

}  // namespace hermod::integration
