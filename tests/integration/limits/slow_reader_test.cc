#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

class SlowReader : public BrokerTest {
 protected:
  static constexpr int kPublishers = 10;

  /// Ten clients that publish without a pause until told to stop.
  void publish_flat_out(std::uint8_t qos, Millis duration) {
    std::vector<std::thread> publishers;
    std::atomic<bool> stop = false;
    for (int i = 0; i < kPublishers; ++i) {
      publishers.emplace_back([this, i, qos, &stop] {
        try {
          MqttClient publisher = client("publisher-" + std::to_string(i));
          std::string burst;
          for (int n = 0; n < 20; ++n) {
            burst += publish_bytes(Version::V5, {.topic = "flood/topic",
                                                 .payload = std::string(4096, 'x'),
                                                 .qos = qos,
                                                 .packet_id = static_cast<std::uint16_t>(n + 1)});
          }
          while (!stop) {
            if (!publisher.raw().try_send(burst, 100ms)) continue;
            for (int n = 0; qos == 1 && n < 20 && !stop; ++n) publisher.raw().poll(kPatience);
          }
        } catch (const Unexpected&) {
          // The broker may throttle or refuse publishers; the subject here is its memory.
        }
      });
    }
    const auto end = Clock::now() + duration;
    while (Clock::now() < end) {
      most_ = std::max(most_, broker().process().resident_bytes());
      std::this_thread::sleep_for(20ms);
    }
    stop = true;
    for (std::thread& publisher : publishers) publisher.join();
  }

  std::size_t most_ = 0;
};

TEST_F(SlowReader, QosZeroIsDroppedAndMemoryStaysBounded) {
  HERMOD_NEEDS_OWN_BROKER();
  broker();
  RawClient slow(port(), 4096);
  slow.send(connect_bytes({.client_id = "slow", .keep_alive = 0}));
  slow.next();
  slow.send(subscribe_bytes(Version::V5, 1, {{"flood/#", 0}}));
  slow.next();
  MqttClient quick = client("quick");
  quick.subscribe("quick/topic", 1);

  const std::size_t before = broker().process().resident_bytes();
  publish_flat_out(0, 3s);
  if (!kSanitized) {
    EXPECT_LT(most_ - before, 128U << 20);
  }
  client("prober").publish("quick/topic", "in time", 1);
  EXPECT_EQ(quick.receive().payload, "in time");
}

TEST_F(SlowReader, QosOneWaitsOnDiskAndMemoryStaysBounded) {
  HERMOD_NEEDS_OWN_BROKER();
  broker();
  RawClient slow(port(), 4096);
  ConnectOptions options = durable("slow");
  options.keep_alive = 0;
  slow.send(connect_bytes(options));
  slow.next();
  slow.send(subscribe_bytes(Version::V5, 1, {{"flood/#", 1}}));
  slow.next();
  MqttClient quick = client("quick");
  quick.subscribe("quick/topic", 1);

  const std::size_t before = broker().process().resident_bytes();
  publish_flat_out(1, 3s);
  if (!kSanitized) {
    EXPECT_LT(most_ - before, 256U << 20);
  }
  client("prober").publish("quick/topic", "in time", 1);
  EXPECT_EQ(quick.receive().payload, "in time");
}

// A reader that stops for a while loses nothing at QoS 1.
TEST_F(SlowReader, ReaderThatCatchesUpGetsEverythingInOrder) {
  constexpr int kMessages = 3000;
  RawClient raw(port(), 4096);
  MqttClient slow(std::move(raw), durable("slow"));
  slow.subscribe("flood/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < kMessages; ++i) {
    std::string payload = std::to_string(i);
    payload.resize(1000, ' ');
    publisher.publish("flood/topic", payload, 1);
  }
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(std::stoi(slow.receive().payload), i);
}

}  // namespace hermod::integration
