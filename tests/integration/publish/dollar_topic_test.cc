#include "tests/support/broker_test.h"

namespace hermod::integration {

using DollarTopic = BrokerTest;

TEST_F(DollarTopic, UnknownNamesAreRefusedInMqtt5) {
  MqttClient publisher = client("publisher");
  for (const char* topic : {"$unknown", "$unknown/name", "$", "$/x", "$Share/x"}) {
    EXPECT_EQ(publisher.publish(topic, "x", 1).reason, reason::kTopicNameInvalid) << topic;
    EXPECT_EQ(publisher.publish(topic, "x", 2).reason, reason::kTopicNameInvalid) << topic;
    publisher.publish(topic, "x", 0);
  }
  publisher.ping();
}

// 4.7.2: the broker's own tree is not for clients to write.
TEST_F(DollarTopic, ClientsCannotWriteStatistics) {
  MqttClient reader = client("reader");
  reader.subscribe("$SYS/forged/#", 1);
  MqttClient publisher = client("publisher");
  const Ack ack =
      publisher.publish({.topic = "$SYS/forged/value", .payload = "forged", .qos = 1, .retain = true});
  EXPECT_TRUE(ack.reason == reason::kTopicNameInvalid || ack.reason == reason::kNotAuthorized)
      << int{ack.reason};
  publisher.publish({.topic = "$SYS/forged/value", .payload = "forged", .retain = true});
  publisher.ping();
  reader.expect_quiet();
  MqttClient later = client("later");
  later.subscribe("$SYS/forged/#", 1);
  later.expect_quiet();
}

// Version 3 has no way to say no: a refusal is the end of the connection, never an acknowledgement.
TEST_F(DollarTopic, RefusalIsNeverAnAcknowledgementInVersionThree) {
  MqttClient reader = client("reader");
  reader.subscribe("$unknown/#", 1);
  for (std::uint8_t qos = 1; qos <= 2; ++qos) {
    MqttClient publisher = client("publisher", Version::V311);
    publisher.send_publish({.topic = "$unknown/name", .payload = "x", .qos = qos, .packet_id = 5});
    publisher.expect_ended({});
  }
  reader.expect_quiet(50ms);
}

}  // namespace hermod::integration
