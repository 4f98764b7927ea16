#include "tests/support/broker_test.h"

namespace hermod::integration {

using VersionChange = BrokerTest;

// A device may be upgraded: its session is the same one in the other version.
TEST_F(VersionChange, SessionOfVersionThreeIsContinuedInFiveAndBack) {
  {
    MqttClient old_device = durable_client("device", Version::V311);
    old_device.subscribe("upgrade/topic", 1);
    old_device.disconnect();
  }
  PublishOptions publish{.topic = "upgrade/topic", .payload = "1", .qos = 1};
  publish.properties.user("name", "value");
  client("publisher").publish(publish);
  {
    MqttClient new_device = durable_client("device", Version::V5);
    EXPECT_TRUE(new_device.connack().session_present);
    const Message message = new_device.receive();
    EXPECT_EQ(message.payload, "1");
    EXPECT_EQ(message.properties.users().size(), 1U);
    new_device.disconnect();
  }
  client("publisher").publish(publish);
  MqttClient old_again = durable_client("device", Version::V311);
  EXPECT_TRUE(old_again.connack().session_present);
  EXPECT_EQ(old_again.receive().payload, "1");
}

}  // namespace hermod::integration
