#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using SessionEnd = BrokerTest;

TEST_F(SessionEnd, EndedSessionLeavesNoSubscriptions) {
  ConnectOptions options{.client_id = "ending", .clean = false};
  options.properties.add(property::kSessionExpiryInterval, 1);
  {
    MqttClient ending = connect(options);
    ending.subscribe("ending/topic", 1);
    ending.disconnect();
  }
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("ending/topic", "waits", 1).reason, 0);
  const auto deadline = Clock::now() + scaled(5s);
  std::uint8_t told = 0;
  while (told != reason::kNoMatchingSubscribers && Clock::now() < deadline) {
    std::this_thread::sleep_for(100ms);
    told = publisher.publish("ending/topic", "who listens?", 1).reason;
  }
  EXPECT_EQ(told, reason::kNoMatchingSubscribers);
}

TEST_F(SessionEnd, EndedSessionLeavesNoMessages) {
  ConnectOptions options{.client_id = "ending", .clean = false};
  options.properties.add(property::kSessionExpiryInterval, 1);
  {
    MqttClient ending = connect(options);
    ending.subscribe("ending/topic", 1);
    ending.disconnect();
  }
  client("publisher").publish("ending/topic", "old", 1);
  std::this_thread::sleep_for(2500ms);
  MqttClient again = durable_client("ending");
  EXPECT_FALSE(again.connack().session_present);
  again.expect_quiet(100ms);
  again.subscribe("ending/topic", 1);
  client("publisher").publish("ending/topic", "new", 1);
  EXPECT_EQ(again.receive().payload, "new");
}

}  // namespace hermod::integration
