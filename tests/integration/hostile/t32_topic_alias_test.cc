#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

std::string aliased(const std::string& topic, std::uint64_t alias, std::uint8_t qos = 0) {
  PublishOptions publish{.topic = topic, .payload = "x", .qos = qos, .packet_id = 1};
  publish.properties.add(property::kTopicAlias, alias);
  return publish_bytes(Version::V5, publish);
}

}  // namespace

TEST_F(Hostile, T32_AliasZeroAndAboveTheMaximumAreInvalid) {
  const std::uint64_t maximum =
      connack_of({.client_id = "asking"}).properties.number(property::kTopicAliasMaximum).value_or(0);
  expect_ended(Version::V5, aliased("t", 0), {reason::kTopicAliasInvalid});
  expect_ended(Version::V5, aliased("t", maximum + 1), {reason::kTopicAliasInvalid});
  expect_ended(Version::V5, aliased("t", 65535, 1), {reason::kTopicAliasInvalid});
}

// 3.3.4: an alias that may be used and was never set is a protocol error; 0x94 is for one that may not.
TEST_F(Hostile, T32_UnknownAliasIsAProtocolError) {
  expect_ended(Version::V5, aliased("", 1), {reason::kProtocolError});
  expect_ended(Version::V5, aliased("", 2, 1), {reason::kProtocolError});
}

TEST_F(Hostile, T32_AliasZeroAndAboveTheMaximumAreInvalidWithoutATopicToo) {
  const std::uint64_t maximum =
      connack_of({.client_id = "asking"}).properties.number(property::kTopicAliasMaximum).value_or(0);
  for (std::uint8_t qos = 0; qos <= 2; ++qos)
    for (const std::uint64_t alias : {std::uint64_t{0}, maximum + 1, std::uint64_t{65535}})
      expect_ended(Version::V5, aliased("", alias, qos), {reason::kTopicAliasInvalid});
}

// What comes with a refused message is still what the client believes to have said.
TEST_F(Hostile, T32_AliasOfARefusedMessageIsLearnt) {
  MqttClient publisher = client("publisher");
  publisher.raw().send(aliased("$unknown/name", 1, 1));
  EXPECT_EQ(publisher.await_ack(Type::Puback, 1).reason, reason::kTopicNameInvalid);
  publisher.raw().send(aliased("", 1, 1));
  EXPECT_EQ(publisher.await_ack(Type::Puback, 1).reason, reason::kTopicNameInvalid);
  publisher.ping();
}

// A message that is too large for its receiver must not have taught it an alias.
TEST_F(Hostile, T32_AliasOfADroppedMessageIsNotTakenAsKnown) {
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kTopicAliasMaximum, 4).add(property::kMaximumPacketSize, 100);
  MqttClient subscriber = connect(options);
  subscriber.subscribe("alias/#", 1);
  MqttClient publisher = client("publisher");
  for (std::uint8_t qos = 0; qos <= 1; ++qos) {
    publisher.publish("alias/topic" + std::to_string(qos), std::string(300, 'x'), qos);
    publisher.publish("alias/topic" + std::to_string(qos), "small", qos);
    const Message message = subscriber.receive();
    EXPECT_EQ(message.payload, "small");
    EXPECT_EQ(message.topic, "alias/topic" + std::to_string(qos));
  }
}

}  // namespace hermod::integration
