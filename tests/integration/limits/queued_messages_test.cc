#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

class QueuedMessagesLimit : public VersionedBrokerTest {
 protected:
  void SetUp() override {
    if (is_foreign_broker()) GTEST_SKIP() << "needs a setting";
    start_with({{setting::kMaxQueuedMessages, "10"}});
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("queue/topic", 2);
    sleeper.disconnect();
    MqttClient filling = client("filling");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(filling.publish("queue/topic", std::to_string(i), 1).reason, 0);
  }
};

// Promise 3 of the queue core: a refusal is never a success.
TEST_P(QueuedMessagesLimit, PublisherOfAMessageTooManyIsTold) {
  for (std::uint8_t qos = 1; qos <= 2; ++qos) {
    MqttClient publisher = client("publisher", GetParam());
    if (is_v5()) {
      EXPECT_EQ(publisher.publish("queue/topic", "too much", qos).reason, reason::kQuotaExceeded);
      publisher.ping();
    } else {
      publisher.send_publish({.topic = "queue/topic", .payload = "too much", .qos = qos});
      publisher.expect_ended({});
    }
  }
  MqttClient sleeper = durable_client("sleeper");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sleeper.receive().payload, std::to_string(i));
  sleeper.expect_quiet(50ms);
}

// Refused means refused: nobody got it, so that the publisher may simply try again.
TEST_P(QueuedMessagesLimit, RefusedMessageReachesNobody) {
  MqttClient other = client("other", GetParam());
  other.subscribe("queue/#", 1);
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.publish("queue/topic", "too much", 1).reason, reason::kQuotaExceeded);
  publisher.publish("queue/elsewhere", "passes", 1);
  EXPECT_EQ(other.receive().payload, "passes");
}

TEST_P(QueuedMessagesLimit, RefusedQosTwoMessageMayBeSentAgainWithItsIdentifier) {
  MqttClient publisher = client("publisher");
  publisher.send_publish({.topic = "queue/topic", .payload = "retried", .qos = 2, .packet_id = 77});
  EXPECT_EQ(publisher.await_ack(Type::Pubrec, 77).reason, reason::kQuotaExceeded);
  MqttClient sleeper = durable_client("sleeper", GetParam());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sleeper.receive().payload, std::to_string(i));
  sleeper.ping();  // behind it the broker has read every acknowledgement
  EXPECT_EQ(
      publisher.publish({.topic = "queue/topic", .payload = "retried", .qos = 2, .packet_id = 77}).reason, 0);
  EXPECT_EQ(sleeper.receive().payload, "retried");
}

TEST_P(QueuedMessagesLimit, QosZeroIsNotCounted) {
  MqttClient publisher = client("publisher", GetParam());
  for (int i = 0; i < 20; ++i) publisher.publish("queue/topic", "x", 0);
  publisher.ping();
}

INSTANTIATE_TEST_SUITE_P(Main, QueuedMessagesLimit, main_versions());

}  // namespace hermod::integration
