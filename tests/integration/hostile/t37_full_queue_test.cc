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
    EXPECT_EQ(publisher.publish("full/topic", "too much", 1).reason, reason::kQuotaExceeded);
  }
  MqttClient back = durable_client("sleeper");
  EXPECT_EQ(back.receive().payload, "first");
  back.expect_quiet(50ms);
}

}  // namespace hermod::integration
