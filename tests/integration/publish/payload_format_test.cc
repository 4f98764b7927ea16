#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

namespace {

PublishOptions text_of(const std::string& payload, std::uint8_t qos) {
  PublishOptions publish{.topic = "format/topic", .payload = payload, .qos = qos};
  publish.properties.add(property::kPayloadFormatIndicator, 1);
  return publish;
}

constexpr const char* kNotUtf8 = "caf\xE9";

ConnectOptions with_will(const std::string& payload) {
  Will will{.topic = "format/topic", .payload = payload};
  will.properties.add(property::kPayloadFormatIndicator, 1);
  return {.client_id = "mortal", .will = will};
}

}  // namespace

using PayloadFormat = BrokerTest;

TEST_F(PayloadFormat, IsPassedOnAndNotCheckedByDefault) {
  MqttClient both = client("both");
  both.subscribe("format/topic", 1);
  both.publish(text_of(kNotUtf8, 1));
  const Message message = both.receive();
  EXPECT_EQ(message.payload, kNotUtf8);
  EXPECT_EQ(message.properties.number(property::kPayloadFormatIndicator), 1U);
}

TEST_F(PayloadFormat, OtherValuesThanZeroAndOneAreRefused) {
  MqttClient publisher = client("publisher");
  PublishOptions publish{.topic = "format/topic", .payload = "x"};
  publish.properties.add(property::kPayloadFormatIndicator, 2);
  publisher.send_publish(publish);
  publisher.expect_ended({reason::kProtocolError, reason::kMalformedPacket});
}

TEST_F(PayloadFormat, IsCheckedWhenAskedFor) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kValidatePayloadFormat, "true"}});
  MqttClient both = client("both");
  both.subscribe("format/topic", 2);
  EXPECT_EQ(both.publish(text_of(kNotUtf8, 1)).reason, reason::kPayloadFormatInvalid);
  EXPECT_EQ(both.publish(text_of(kNotUtf8, 2)).reason, reason::kPayloadFormatInvalid);
  EXPECT_EQ(both.publish(text_of("caf\xC3\xA9", 1)).reason, 0);
  EXPECT_EQ(both.receive().payload, "caf\xC3\xA9");
  both.publish("format/topic", kNotUtf8, 1);
  EXPECT_EQ(both.receive().payload, kNotUtf8) << "without the indicator a payload is bytes";
}

TEST_F(PayloadFormat, OfAWillIsNotCheckedByDefault) {
  MqttClient observer = client("observer");
  observer.subscribe("format/topic");
  connect(with_will(kNotUtf8)).drop();
  EXPECT_EQ(observer.receive().payload, kNotUtf8);
}

// 3.2.2.2: 0x99 is what CONNACK says about a will's payload.
TEST_F(PayloadFormat, OfAWillIsCheckedAtConnectWhenAskedFor) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kValidatePayloadFormat, "true"}});
  EXPECT_EQ(connack_of(with_will(kNotUtf8)).reason, reason::kPayloadFormatInvalid);
  MqttClient observer = client("observer");
  observer.subscribe("format/topic");
  connect(with_will("caf\xC3\xA9")).drop();
  EXPECT_EQ(observer.receive().payload, "caf\xC3\xA9");
}

}  // namespace hermod::integration
