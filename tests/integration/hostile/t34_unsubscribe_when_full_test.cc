#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T34_UnsubscribeIsAnsweredWhileTheWindowIsFull) {
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kReceiveMaximum, 1);
  MqttClient subscriber = connect(options);
  subscriber.subscribe("full/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 500; ++i) publisher.publish("full/topic", std::string(1000, 'x'), 1);
  const Message held = subscriber.receive_unacknowledged();
  EXPECT_EQ(subscriber.unsubscribe({"full/topic"}).reasons.at(0), 0);
  EXPECT_EQ(subscriber.subscribe("other/topic", 0).reasons.at(0), 0);
  subscriber.ping();
  subscriber.acknowledge(held);
}

}  // namespace hermod::integration
