#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T39_TakeoverAppliesTheNewConnectionsLimits) {
  MqttClient first = durable_client("subscriber");
  first.subscribe("limits/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 6; ++i) publisher.publish("limits/topic", std::string(i == 3 ? 500 : 5, 'x'), 1);
  for (int i = 0; i < 4; ++i) first.receive_unacknowledged();

  ConnectOptions options = durable("subscriber");
  options.properties.add(property::kReceiveMaximum, 1).add(property::kMaximumPacketSize, 100);
  MqttClient second = connect(options);
  first.expect_ended({reason::kSessionTakenOver});
  for (int i = 0; i < 5; ++i) {
    const Message message = second.receive_unacknowledged();
    EXPECT_EQ(message.payload.size(), 5U);
    second.expect_quiet(30ms);
    second.acknowledge(message);
  }
  second.expect_quiet(50ms);
}

}  // namespace hermod::integration
