#include "tests/support/broker_test.h"

namespace hermod::integration {

using PublishProperties = BrokerTest;

namespace {

Properties every_property() {
  Properties properties;
  properties.add(property::kPayloadFormatIndicator, 1)
      .add(property::kContentType, "application/json; charset=utf-8")
      .add(property::kResponseTopic, "answers/here")
      .add(property::kCorrelationData, std::string("\x00\x01\xFF\x80 data", 9));
  for (int i = 0; i < 20; ++i) properties.user("name " + std::to_string(i % 3), std::to_string(i));
  properties.user("", "empty name").user("empty value", "").user("g\xC3\xBC", "\xE2\x82\xAC");
  return properties;
}

}  // namespace

// [MQTT-3.3.2-4], [MQTT-3.3.2-15] to [MQTT-3.3.2-20]: unaltered, User Properties in their order.
TEST_F(PublishProperties, ArriveUnchangedAtEveryQos) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("properties/topic", 2);
  MqttClient publisher = client("publisher");
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    publisher.publish(
        {.topic = "properties/topic", .payload = "text", .qos = qos, .properties = every_property()});
    const Message message = subscriber.receive();
    EXPECT_EQ(message.properties.number(property::kPayloadFormatIndicator), 1U);
    for (const std::uint8_t id :
         {property::kContentType, property::kResponseTopic, property::kCorrelationData}) {
      EXPECT_EQ(message.properties.text(id), every_property().text(id)) << int{id};
    }
    EXPECT_EQ(message.properties.users(), every_property().users());
    EXPECT_EQ(message.properties.all().size(), every_property().all().size());
  }
}

TEST_F(PublishProperties, SurviveTheQueueOfAnOfflineSession) {
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("properties/topic", 1);
    sleeper.disconnect();
  }
  client("publisher")
      .publish({.topic = "properties/topic", .payload = "text", .qos = 1, .properties = every_property()});
  const Message message = durable_client("sleeper").receive();
  EXPECT_EQ(message.properties.text(property::kCorrelationData),
            every_property().text(property::kCorrelationData));
  EXPECT_EQ(message.properties.users(), every_property().users());
}

TEST_F(PublishProperties, AreLeftOutForVersionThree) {
  MqttClient old_device = client("old", Version::V311);
  old_device.subscribe("properties/topic", 1);
  client("publisher")
      .publish({.topic = "properties/topic", .payload = "text", .qos = 1, .properties = every_property()});
  EXPECT_EQ(old_device.receive().payload, "text");
}

TEST_F(PublishProperties, NoneAreInventedForMessagesOfVersionThree) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("properties/topic", 1);
  client("old", Version::V311).publish("properties/topic", "text", 1);
  EXPECT_TRUE(subscriber.receive().properties.all().empty());
}

TEST_F(PublishProperties, RequestAndResponseFindEachOther) {
  MqttClient responder = client("responder");
  responder.subscribe("service/add", 1);
  MqttClient requester = client("requester");
  requester.subscribe("answers/requester", 1);
  PublishOptions request{.topic = "service/add", .payload = "1+2", .qos = 1};
  request.properties.add(property::kResponseTopic, "answers/requester")
      .add(property::kCorrelationData, "no 7");
  requester.publish(request);

  const Message asked = responder.receive();
  PublishOptions answer{.topic = *asked.properties.text(property::kResponseTopic), .payload = "3", .qos = 1};
  answer.properties.add(property::kCorrelationData, *asked.properties.text(property::kCorrelationData));
  responder.publish(answer);
  const Message answered = requester.receive();
  EXPECT_EQ(answered.payload, "3");
  EXPECT_EQ(answered.properties.text(property::kCorrelationData), "no 7");
}

// [MQTT-3.3.2-14]
TEST_F(PublishProperties, ResponseTopicWithWildcardIsRefused) {
  MqttClient publisher = client("publisher");
  PublishOptions request{.topic = "service/add", .payload = "x"};
  request.properties.add(property::kResponseTopic, "answers/#");
  publisher.send_publish(request);
  publisher.expect_ended({reason::kProtocolError, reason::kTopicNameInvalid, reason::kMalformedPacket});
}

}  // namespace hermod::integration
