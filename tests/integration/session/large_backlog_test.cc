#include "tests/support/broker_test.h"

namespace hermod::integration {

using LargeBacklog = BrokerTest;

// More than the window in memory and more than there are packet identifiers in a small window.
TEST_F(LargeBacklog, TwentyThousandMessagesArriveCompleteAndInOrder) {
  constexpr int kMessages = 20000;
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("backlog/topic", 1);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  int acknowledged = 0;
  for (int sent = 0; sent < kMessages; ++sent) {
    publisher.send_publish({.topic = "backlog/topic", .payload = std::to_string(sent), .qos = 1});
    if (sent - acknowledged >= 90) {
      EXPECT_EQ(parse_ack(Version::V5, Type::Puback, publisher.await(Type::Puback)).reason, 0);
      ++acknowledged;
    }
  }
  for (; acknowledged < kMessages; ++acknowledged) publisher.await(Type::Puback);

  MqttClient sleeper = durable_client("sleeper");
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(sleeper.receive().payload, std::to_string(i));
  sleeper.expect_quiet(50ms);
}

}  // namespace hermod::integration
