#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T40_WillDelayEndsWithASessionThatDoesNotOutliveTheConnection) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 1);
  Will will{.topic = "will/topic", .payload = "gone", .qos = 1};
  will.properties.add(property::kWillDelayInterval, 3600);
  connect({.client_id = "mortal", .will = will}).drop();
  EXPECT_EQ(observer.receive().payload, "gone");
  // The same by a takeover with Clean Start.
  const MqttClient first = connect({.client_id = "mortal", .will = will});
  const MqttClient second = client("mortal");
  EXPECT_EQ(observer.receive().payload, "gone");
  observer.expect_quiet(50ms);
}

TEST_F(Hostile, T40_WillDelayIsNotEndedByATakeoverThatGoesOnWithTheSession) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 1);
  ConnectOptions options = durable("mortal");
  options.will = Will{.topic = "will/topic", .payload = "gone", .qos = 1};
  options.will->properties.add(property::kWillDelayInterval, 3600);
  MqttClient first = connect(options);
  MqttClient second = durable_client("mortal");
  ASSERT_TRUE(second.connack().session_present);
  first.expect_ended({reason::kSessionTakenOver});
  second.disconnect();
  observer.expect_quiet();
}

}  // namespace hermod::integration
