#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

TEST_F(Hostile, T31_MessageAboveTheClientsLimitIsDroppedForThatClientOnlyAndCounted) {
  if (!is_foreign_broker()) start_with({{setting::kSysInterval, "1s"}});
  std::vector<MqttClient> clients;
  for (int i = 0; i < 6; ++i) {
    ConnectOptions options{.client_id = "client-" + std::to_string(i)};
    if (i % 2 == 0)
      options.properties.add(property::kMaximumPacketSize, 200).add(property::kReceiveMaximum, 1);
    clients.push_back(connect(options));
    clients.back().subscribe("size/#", 2);
  }
  MqttClient publisher = client("publisher");
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    for (int round = 0; round < 10; ++round) {
      publisher.publish("size/large", std::string(1000, 'x'), qos);
      publisher.publish("size/small", std::to_string(round), qos);
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      for (int round = 0; round < 10; ++round) {
        if (i % 2 == 1) {
          EXPECT_EQ(clients[i].receive().payload.size(), 1000U);
        }
        EXPECT_EQ(clients[i].receive().payload, std::to_string(round));
      }
      clients[i].expect_quiet(10ms);
    }
  }
  if (is_foreign_broker()) return;
  MqttClient counting = client("counting");
  counting.subscribe("$SYS/broker/publish/messages/dropped");
  const std::string expected = std::to_string(3 * 10 * 3);  // each QoS, round and client with that limit
  std::string dropped;
  for (const auto deadline = Clock::now() + kPatience; dropped != expected && Clock::now() < deadline;)
    if (const auto message = counting.try_receive(100ms)) dropped = message->payload;
  EXPECT_EQ(dropped, expected);
}

}  // namespace hermod::integration
