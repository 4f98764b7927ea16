#include <atomic>
#include <thread>

#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

// Many threads fight for one client identifier while they change its subscriptions.
TEST_F(Hostile, T38_ReconnectStormLeavesOneOwner) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kTakeoversPerMinute, "1000000"}});
  constexpr int kThreads = 8;
  constexpr int kReconnects = 2000 / kThreads;
  std::atomic<int> connected = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kReconnects; ++i) {
        try {
          const Version version = i % 2 == 0 ? Version::V5 : Version::V311;
          ConnectOptions options = durable("contested", version);
          options.clean = i % 7 == 0;
          MqttClient fighter(port(), options);
          ++connected;
          const std::string filter = "storm/" + std::to_string((t + i) % 5);
          std::string burst = subscribe_bytes(version, 1, {{filter, 1}, {"$share/g/storm/#", 2}});
          burst += publish_bytes(version, {.topic = filter, .payload = "x", .qos = 2, .packet_id = 2});
          burst += unsubscribe_bytes(version, 3, {filter});
          fighter.raw().try_send(burst, 1s);
          if (i % 3 == 0) fighter.raw().poll(20ms);
          if (i % 5 == 0) fighter.raw().reset();
        } catch (const Unexpected&) {
          // Taken over in the middle of the handshake: that is the point.
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(connected, kThreads * kReconnects / 4);

  MqttClient last = client("contested");
  last.subscribe("storm/end", 1);
  last.publish("storm/end", "one owner", 1);
  EXPECT_EQ(last.receive().payload, "one owner");
}

TEST_F(Hostile, T38_ReconnectsDoNotLeak) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kTakeoversPerMinute, "1000000"}});
  expect_no_growth(600, [&] {
    MqttClient again = durable_client("returning");
    again.subscribe("storm/" + std::string(500, 'x'), 1);
    again.publish("storm/topic", std::string(500, 'y'), 1);
    again.unsubscribe({"storm/" + std::string(500, 'x')});
    again.raw().reset();
  });
}

}  // namespace hermod::integration
