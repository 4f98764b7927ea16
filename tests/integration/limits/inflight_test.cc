#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

class InflightLimit : public VersionedBrokerTest {
 protected:
  void SetUp() override {
    if (is_foreign_broker()) GTEST_SKIP() << "needs a setting";
    start_with({{setting::kMaxInflight, "3"}});
  }
};

TEST_P(InflightLimit, OnlySoManyMessagesAreUnderWay) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("window/topic", 2);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 8; ++i)
    publisher.publish("window/topic", std::to_string(i), static_cast<std::uint8_t>(1 + i % 2));
  std::vector<Message> open;
  for (int i = 0; i < 3; ++i) open.push_back(subscriber.receive_unacknowledged());
  subscriber.expect_quiet(100ms);
  for (int i = 3; i < 8; ++i) {
    subscriber.acknowledge(open.front());
    open.erase(open.begin());
    open.push_back(subscriber.receive_unacknowledged());
    EXPECT_EQ(open.back().payload, std::to_string(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Main, InflightLimit, main_versions());

using InflightLimitOf5 = BrokerTest;

TEST_F(InflightLimitOf5, SmallerReceiveMaximumOfTheClientWins) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxInflight, "3"}});
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kReceiveMaximum, 1);
  MqttClient subscriber = connect(options);
  subscriber.subscribe("window/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 3; ++i) publisher.publish("window/topic", std::to_string(i), 1);
  const Message first = subscriber.receive_unacknowledged();
  subscriber.expect_quiet(100ms);
  subscriber.acknowledge(first);
  EXPECT_EQ(subscriber.receive().payload, "1");
}

}  // namespace hermod::integration
