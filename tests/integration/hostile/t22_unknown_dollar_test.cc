#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T22_PublishToAnUnknownDollarNameIsANormalRefusal) {
  MqttClient publisher = client("publisher");
  for (const char* topic : {"$x", "$SYSTEM", "$sys/broker/version", "$dead/x", "$expired/x", "$dropped/x",
                            "$events/client/connected", "$share/group/topic"}) {
    const Ack ack = publisher.publish({.topic = topic, .payload = "x", .qos = 1, .retain = true});
    EXPECT_GE(ack.reason, 0x80) << topic;
  }
  for (int i = 0; i < 1000; ++i) {
    publisher.publish({.topic = "$x/" + std::to_string(i), .payload = "x", .retain = true});
  }
  publisher.ping();
}

}  // namespace hermod::integration
