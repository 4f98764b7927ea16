#include <map>
#include <set>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using RepeatedRestart = BrokerTest;

// Each round publishes, kills and restarts; whatever was acknowledged must arrive exactly once at the end.
TEST_F(RepeatedRestart, NothingAcknowledgedIsLostOrDoubled) {
  HERMOD_NEEDS_OWN_BROKER();
  constexpr int kRounds = 5;
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("ledger/topic", 2);
    sleeper.disconnect();
  }
  std::vector<std::string> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    {
      MqttClient publisher = client("publisher");
      for (int i = 0; i < 30; ++i) {
        const std::string payload = std::to_string(round) + "." + std::to_string(i);
        publisher.publish("ledger/topic", payload, static_cast<std::uint8_t>(1 + i % 2));
        acknowledged.push_back(payload);
      }
    }
    broker().kill();
    broker().start();
  }
  MqttClient sleeper = durable_client("sleeper");
  EXPECT_EQ(sleeper.receive_payloads(acknowledged.size()), acknowledged);
  sleeper.expect_quiet(50ms);
}

// Publishing goes on while the broker dies: only messages without an acknowledgement may be missing.
TEST_F(RepeatedRestart, KillInTheMiddleOfABurst) {
  HERMOD_NEEDS_OWN_BROKER();
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("ledger/topic", 1);
    sleeper.disconnect();
  }
  std::vector<int> acknowledged;
  int next = 0;
  for (int round = 0; round < 3; ++round) {
    MqttClient publisher = client("publisher");
    const auto until = Clock::now() + 150ms;
    std::map<std::uint16_t, int> open;
    while (Clock::now() < until) {
      while (open.size() < 40) {
        const std::uint16_t id =
            publisher.send_publish({.topic = "ledger/topic", .payload = std::to_string(next), .qos = 1});
        open[id] = next++;
      }
      const Ack ack = parse_ack(Version::V5, Type::Puback, publisher.await(Type::Puback));
      ASSERT_LT(ack.reason, 0x80);
      acknowledged.push_back(open.at(ack.packet_id));
      open.erase(ack.packet_id);
    }
    broker().kill();
    // What the broker had answered before it died still counts.
    while (const auto packet = publisher.raw().poll(100ms)) {
      if (packet->type == Type::Puback) {
        acknowledged.push_back(open.at(parse_ack(Version::V5, Type::Puback, *packet).packet_id));
      }
    }
    broker().start();
  }
  MqttClient sleeper = durable_client("sleeper");
  std::set<int> arrived;
  const int last = acknowledged.back();
  for (int number = -1; number < last;) {
    const int previous = number;
    number = std::stoi(sleeper.receive().payload);
    ASSERT_GT(number, previous) << "order, or a second delivery";
    arrived.insert(number);
  }
  for (const int number : acknowledged)
    EXPECT_TRUE(arrived.contains(number)) << number << " was acknowledged";
}

}  // namespace hermod::integration
