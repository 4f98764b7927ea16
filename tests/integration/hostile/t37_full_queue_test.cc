#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

TEST_F(Hostile, T37_PublishToAFullQueueIsNotASuccess) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxQueuedMessages, "1"}});
  MqttClient sleeper = durable_client("sleeper");
  sleeper.subscribe("full/topic", 1);
  sleeper.disconnect();
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("full/topic", "first", 1).reason, 0);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(publisher.publish("full/topic", "too much", static_cast<std::uint8_t>(1 + i % 2)).reason,
              reason::kQuotaExceeded);
  }
  // MQTT 3 can only be told by the end of the connection, without an acknowledgement before.
  for (const Version version : {Version::V31, Version::V311}) {
    for (const std::uint8_t qos : std::initializer_list<std::uint8_t>{1, 2}) {
      expect_ended(
          version,
          publish_bytes(version, {.topic = "full/topic", .payload = "x", .qos = qos, .packet_id = 1}), {});
    }
  }
  MqttClient back = durable_client("sleeper");
  EXPECT_EQ(back.receive().payload, "first");
  back.expect_quiet(50ms);
}

}  // namespace hermod::integration
