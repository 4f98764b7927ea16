#include "tests/support/broker_test.h"

namespace hermod::integration {

using DeepTopics = VersionedBrokerTest;

namespace {

std::string levels(int count, const std::string& level) {
  std::string topic = level;
  for (int i = 1; i < count; ++i) topic += "/" + level;
  return topic;
}

}  // namespace

TEST_P(DeepTopics, TwoHundredLevelsWork) {
  MqttClient both = client("both", GetParam());
  const std::string deepest = levels(200, "x");
  for (const std::string& filter :
       {deepest, levels(200, "+"), levels(199, "x") + "/+", levels(199, "+") + "/#"}) {
    both.subscribe(filter, 1);
    both.publish(deepest, "deep", 1);
    EXPECT_EQ(both.receive().topic, deepest);
    both.unsubscribe({filter});
  }
}

TEST_P(DeepTopics, MoreLevelsAreRefusedAndServiceGoesOn) {
  const std::string too_deep = levels(30000, "");
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.raw().send(subscribe_bytes(GetParam(), 1, {{too_deep, 0}}));
  const auto packet = subscriber.raw().poll(kPatience);
  if (packet && packet->type == Type::Suback) {
    EXPECT_GE(parse_ack(GetParam(), Type::Suback, *packet).reasons.at(0), 0x80);
  } else {
    EXPECT_TRUE(subscriber.raw().drain_until_closed());
  }
  expect_service();
}

TEST_P(DeepTopics, ManyWildcardsDoNotMultiplyTheWork) {
  MqttClient both = client("both", GetParam());
  std::vector<Subscription> subscriptions;
  for (unsigned mask = 0; mask < 256; ++mask) {
    std::string filter;
    for (unsigned level = 0; level < 8; ++level) filter += (mask >> level & 1U) != 0 ? "+/" : "x/";
    subscriptions.push_back({filter + "#", 0});
  }
  both.subscribe_all(subscriptions);
  const auto start = Clock::now();
  both.publish(levels(100, "x"), "once", 0);
  EXPECT_EQ(both.receive().payload, "once");
  both.publish("unrelated", "x", 1);
  both.expect_quiet(50ms);
  EXPECT_LT(since(start), scaled(1s));
}

INSTANTIATE_TEST_SUITE_P(Main, DeepTopics, main_versions());

}  // namespace hermod::integration
