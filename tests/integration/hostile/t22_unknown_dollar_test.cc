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
  // Nothing of it was kept, and nobody got it.
  MqttClient reader = client("reader");
  reader.subscribe_all({{"$x/#", 0}, {"$x", 0}, {"$dead/#", 0}, {"#", 0}});
  publisher.publish("t", "the only one", 0);
  EXPECT_EQ(reader.receive().payload, "the only one");
}

TEST_F(Hostile, T22_Mqtt3HasOnlyTheEndOfTheConnectionToRefuseWith) {
  for (const Version version : {Version::V31, Version::V311}) {
    for (const std::uint8_t qos : std::initializer_list<std::uint8_t>{1, 2}) {
      expect_ended(version,
                   publish_bytes(version, {.topic = "$x", .payload = "x", .qos = qos, .packet_id = 1}), {});
    }
  }
}

}  // namespace hermod::integration
