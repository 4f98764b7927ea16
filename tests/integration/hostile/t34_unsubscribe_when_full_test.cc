#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

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

TEST_F(Hostile, T34_UnsubscribeIsAnsweredWhileTheQueueIsFull) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxQueuedMessages, "20"}, {setting::kMaxInflight, "5"}});
  MqttClient publisher = client("publisher");
  for (const Version version : kMainVersions) {
    MqttClient subscriber = durable_client("subscriber", version);
    subscriber.subscribe("full/topic", 1);
    std::uint8_t given = 0;
    for (int i = 0; i < 30; ++i) given = publisher.publish("full/topic", "x", 1).reason;
    EXPECT_EQ(given, reason::kQuotaExceeded);
    subscriber.unsubscribe({"full/topic"});
    EXPECT_EQ(publisher.publish("full/topic", "x", 1).reason, reason::kNoMatchingSubscribers);
    subscriber.ping();
    subscriber.disconnect();
    client("subscriber").disconnect();
  }
}

}  // namespace hermod::integration
