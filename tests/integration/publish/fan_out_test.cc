#include <map>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using FanOut = VersionedBrokerTest;

TEST_P(FanOut, EverySubscriberGetsEveryMessageInOrder) {
  constexpr int kSubscribers = 50;
  constexpr int kMessages = 20;
  std::vector<MqttClient> subscribers;
  subscribers.reserve(kSubscribers);
  for (int i = 0; i < kSubscribers; ++i) {
    subscribers.push_back(client("subscriber-" + std::to_string(i), GetParam()));
    subscribers.back().subscribe(i % 2 == 0 ? "fan/out" : "fan/#", static_cast<std::uint8_t>(i % 3));
  }
  MqttClient publisher = client("publisher", GetParam());
  std::vector<std::string> sent;
  for (int i = 0; i < kMessages; ++i) {
    sent.push_back(std::to_string(i));
    publisher.publish("fan/out", sent.back(), 2);
  }
  for (MqttClient& subscriber : subscribers) EXPECT_EQ(subscriber.receive_payloads(kMessages), sent);
}

TEST_P(FanOut, ManyPublishersReachOneSubscriber) {
  constexpr int kPublishers = 20;
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("fan/in/+", 1);
  std::vector<MqttClient> publishers;
  publishers.reserve(kPublishers);
  for (int i = 0; i < kPublishers; ++i)
    publishers.push_back(client("publisher-" + std::to_string(i), GetParam()));
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kPublishers; ++i) {
      publishers[static_cast<std::size_t>(i)].publish("fan/in/" + std::to_string(i), std::to_string(round),
                                                      1);
    }
  }
  std::map<std::string, int> next;
  for (int i = 0; i < 10 * kPublishers; ++i) {
    const Message message = subscriber.receive();
    EXPECT_EQ(message.payload, std::to_string(next[message.topic]++)) << message.topic;
  }
  EXPECT_EQ(next.size(), static_cast<std::size_t>(kPublishers));
}

INSTANTIATE_TEST_SUITE_P(Main, FanOut, main_versions());

}  // namespace hermod::integration
