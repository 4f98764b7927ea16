// Delayed messages of a real broker: when they come, what a restart and a kill leave of them, and what is
// refused.

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using SteadyClock = std::chrono::steady_clock;

class Delayed : public VersionedBrokerTest {
 protected:
  static std::string in(int seconds, const std::string& topic) {
    return "$delayed/" + std::to_string(seconds) + "/" + topic;
  }
  void crash() {
    broker().kill();
    broker().start();
  }
  static std::int64_t unix_time() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

TEST_P(Delayed, AMessageComesWhenItsTimeHasCome) {
  HERMOD_NEEDS_OWN_BROKER();
  MqttClient reader = client("reader", GetParam());
  reader.subscribe("shop/#", 1);
  MqttClient sender = client("sender", GetParam());
  for (const std::uint8_t qos : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    const auto sent = SteadyClock::now();
    sender.publish(in(1, "shop/a"), "later", qos);
    sender.publish("shop/b", "now", qos);
    EXPECT_EQ(reader.receive().payload, "now");
    const Message message = reader.receive();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - sent);
    EXPECT_EQ(message.topic, "shop/a");
    EXPECT_EQ(message.payload, "later");
    EXPECT_GE(took, std::chrono::milliseconds(995));
    EXPECT_LE(took, std::chrono::milliseconds(1500)) << "100 ms, and what a busy machine adds";
  }
}

TEST_P(Delayed, ATimeOfDayIsOneToo) {
  HERMOD_NEEDS_OWN_BROKER();
  MqttClient reader = client("reader", GetParam());
  reader.subscribe("shop/#", 1);
  MqttClient sender = client("sender", GetParam());
  sender.publish("$delayed/" + std::to_string(unix_time() + 2) + "/shop/a", "at", 1);
  sender.publish("$delayed/" + std::to_string(unix_time() - 100) + "/shop/a", "long ago", 1);
  EXPECT_EQ(reader.receive().payload, "long ago");
  EXPECT_EQ(reader.receive().payload, "at");
}

TEST_P(Delayed, AfterAKillWhatIsOverdueComesInItsOrderAndNothingTwice) {
  HERMOD_NEEDS_OWN_BROKER();
  {
    MqttClient reader = durable_client("reader", GetParam());
    reader.subscribe("shop/#", 2);
  }
  std::vector<std::string> wanted;
  {
    MqttClient sender = client("sender", GetParam());
    for (int i = 30; i > 0; --i)
      sender.publish(in(i % 3 == 0 ? 1 : 2, "shop/a"), std::to_string(i),
                     i % 2 == 0 ? std::uint8_t{1} : std::uint8_t{2});
    for (const int left : {0, 1})
      for (int i = 30; i > 0; --i)
        if ((i % 3 == 0) == (left == 0)) wanted.push_back(std::to_string(i));
  }
  broker().kill();
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  broker().start();
  MqttClient back = durable_client("reader", GetParam());
  EXPECT_EQ(back.receive_payloads(wanted.size()), wanted);
  back.expect_quiet();
  back.disconnect();
  crash();
  MqttClient again = durable_client("reader", GetParam());
  again.expect_quiet();
}

TEST_P(Delayed, KilledWhileAStormLeavesItLosesNothingAndRepeatsNothing) {
  HERMOD_NEEDS_OWN_BROKER();
  constexpr std::size_t kMessages = 600;
  {
    MqttClient reader = durable_client("reader", GetParam());
    reader.subscribe("shop/#", 2);
  }
  std::vector<std::string> wanted;
  const std::string due = std::to_string(unix_time() + 6);
  {
    MqttClient sender = client("sender", GetParam());
    for (std::size_t i = 0; i < kMessages; ++i) {
      wanted.push_back(std::to_string(i));
      sender.publish("$delayed/" + due + "/shop/a", wanted.back(), 1);
    }
  }
  const auto due_at = std::chrono::system_clock::time_point(std::chrono::seconds(std::stoll(due)));
  for (const int after : {2, 6, 12}) {
    std::this_thread::sleep_until(due_at + std::chrono::milliseconds(after));
    crash();
  }
  MqttClient back = durable_client("reader", GetParam());
  std::vector<std::string> got;
  while (got.size() < kMessages) got.push_back(back.receive().payload);
  back.expect_quiet();
  std::sort(got.begin(), got.end());
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(got, wanted);
}

TEST_P(Delayed, ItIsRetainedAndStoredByQueuesWhenItIsDue) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"queues.orders.bind", "shop/#"}});
  MqttClient sender = client("sender", GetParam());
  sender.publish({.topic = in(1, "shop/a"), .payload = "1", .qos = 1, .retain = true});
  MqttClient early = client("early", GetParam());
  early.subscribe("shop/a", 1);
  early.expect_quiet(Millis(300));
  MqttClient worker = client("worker", GetParam());
  worker.subscribe("$queue/orders", 1);
  EXPECT_EQ(worker.receive().payload, "1");
  EXPECT_EQ(early.receive().payload, "1");
  MqttClient late = client("late", GetParam());
  late.subscribe("shop/a", 1);
  EXPECT_TRUE(late.receive().retain);
}

TEST_P(Delayed, WhatIsMeantForTheBrokerCannotBeDelayed) {
  HERMOD_NEEDS_OWN_BROKER();
  for (const char* topic : {"$delayed/1/$SYS/a", "$delayed/1/$queue/orders/$nack", "$delayed/1/$delayed/1/a",
                            "$delayed/-1/a", "$delayed/1e9/a", "$delayed//a", "$delayed/1/", "$delayed/1",
                            "$delayed/12345678901234567890/a", "$delayed/five/a"}) {
    MqttClient sender = client("sender", GetParam());
    if (is_v5()) {
      EXPECT_EQ(sender.publish(topic, "1", 1).reason, 0x90) << topic;
    } else {
      sender.publish(topic, "1", 0);
      sender.expect_ended({});
    }
  }
  expect_service();
}

TEST_F(BrokerTest, NoMoreDelayedMessagesWaitThanMay) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"delayed.max_pending", "2"}, {"delayed.levels", "1s 1h"}});
  MqttClient sender = client("sender");
  PublishOptions leveled{.topic = "shop/a", .payload = "1", .qos = 1};
  leveled.properties.user("delay-level", "2");
  EXPECT_EQ(sender.publish(leveled).reason, 0);
  EXPECT_EQ(sender.publish("$delayed/3600/shop/a", "2", 1).reason, 0);
  EXPECT_EQ(sender.publish("$delayed/3600/shop/a", "3", 1).reason, 0x97);
  broker().kill();
  broker().start();
  MqttClient back = client("sender");
  EXPECT_EQ(back.publish("$delayed/3600/shop/a", "3", 1).reason, 0x97);
  leveled.properties = {};
  leveled.properties.user("delay-level", "3");
  EXPECT_EQ(back.publish(leveled).reason, 0x83);
}

INSTANTIATE_TEST_SUITE_P(AllVersions, Delayed, main_versions());

}  // namespace hermod::integration
