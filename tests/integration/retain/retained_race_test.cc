#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support/aside.h"
#include "tests/support/broker_test.h"

namespace hermod::integration {

class RetainedRace : public BrokerTest {
 protected:
  // Before there is a second thread.
  void SetUp() override { port(); }
};

// A subscriber that comes while values are replaced gets the stored one, or a live one, and ends at the last.
TEST_F(RetainedRace, SubscriberSeesTheLastValueInTheEnd) {
  constexpr int kValues = 400;
  Aside publishing([&] {
    MqttClient publisher = client("publisher");
    for (int i = 1; i <= kValues; ++i) {
      publisher.publish({.topic = "race/topic", .payload = std::to_string(i), .qos = 1, .retain = true});
    }
  });
  for (int round = 0; round < 10; ++round) {
    MqttClient reader = client("reader-" + std::to_string(round));
    reader.subscribe("race/topic", 1);
    std::this_thread::sleep_for(5ms);
    reader.disconnect();
  }
  publishing.join();
  MqttClient last = client("last");
  last.subscribe("race/topic", 1);
  EXPECT_EQ(last.receive().payload, std::to_string(kValues));
}

// Between the retained value and the live ones there is no gap.
TEST_F(RetainedRace, NoValueIsMissedBetweenStoredAndLive) {
  std::atomic<bool> stop = false;
  Aside publishing([&] {
    MqttClient publisher = client("publisher");
    for (int i = 1; !stop; ++i) {
      publisher.publish({.topic = "race/topic", .payload = std::to_string(i), .qos = 1, .retain = true});
    }
  });
  try {
    for (int round = 0; round < 20; ++round) {
      MqttClient reader = client("reader");
      reader.subscribe("race/topic", 1);
      int previous = 0;
      for (int i = 0; i < 10; ++i) {
        const Message message = reader.receive();
        const int value = std::stoi(message.payload);
        if (previous != 0 && !message.retain) {
          EXPECT_LE(value, previous + 1) << "a value was missed";
        }
        previous = std::max(previous, value);
      }
      reader.disconnect();
    }
  } catch (const Unexpected& e) {
    ADD_FAILURE() << e.what();
  }
  stop = true;
  publishing.join();
}

}  // namespace hermod::integration
