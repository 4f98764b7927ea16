#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

Properties twice(std::uint8_t id, std::uint64_t number) {
  return Properties().add(id, number).add(id, number);
}
Properties twice(std::uint8_t id, std::string_view text) {
  return Properties().add(id, text).add(id, text);
}

}  // namespace

TEST_F(Hostile, T12_RepeatedPropertyInConnectIsRefused) {
  for (const Properties& properties :
       {twice(property::kSessionExpiryInterval, 1), twice(property::kReceiveMaximum, 1),
        twice(property::kMaximumPacketSize, 1000), twice(property::kTopicAliasMaximum, 1),
        twice(property::kRequestResponseInformation, 1), twice(property::kRequestProblemInformation, 1),
        twice(property::kAuthenticationMethod, "a"),
        Properties().add(property::kReceiveMaximum, 1).add(property::kReceiveMaximum, 2),
        Properties()
            .add(property::kAuthenticationMethod, "a")
            .add(property::kAuthenticationData, "b")
            .add(property::kAuthenticationData, "b")}) {
    expect_connect_refused(Version::V5, connect_bytes({.client_id = "twice", .properties = properties}),
                           {reason::kProtocolError});
  }
}

TEST_F(Hostile, T12_RepeatedPropertyInAWillIsRefused) {
  for (const Properties& properties :
       {twice(property::kWillDelayInterval, 1), twice(property::kMessageExpiryInterval, 1),
        twice(property::kPayloadFormatIndicator, 1), twice(property::kContentType, "a"),
        twice(property::kResponseTopic, "a"), twice(property::kCorrelationData, "a")}) {
    const Will will{.topic = "will/topic", .payload = "gone", .properties = properties};
    expect_connect_refused(Version::V5, connect_bytes({.client_id = "twice", .will = will}),
                           {reason::kProtocolError});
  }
}

TEST_F(Hostile, T12_RepeatedPropertyInPublishIsAProtocolError) {
  for (const Properties& properties :
       {twice(property::kPayloadFormatIndicator, 1), twice(property::kMessageExpiryInterval, 1),
        twice(property::kTopicAlias, 1), twice(property::kContentType, "a"),
        twice(property::kResponseTopic, "a"), twice(property::kCorrelationData, "a")}) {
    expect_ended(Version::V5,
                 publish_bytes(Version::V5, {.topic = "t", .payload = "x", .properties = properties}),
                 {reason::kProtocolError});
  }
}

// The one property that may come more than once.
TEST_F(Hostile, T12_RepeatedUserPropertyIsFine) {
  MqttClient both = client("both");
  both.subscribe("t", 1);
  both.publish(
      {.topic = "t", .payload = "x", .qos = 1, .properties = Properties().user("k", "v").user("k", "v")});
  EXPECT_EQ(both.receive().properties.users().size(), 2U);
}

TEST_F(Hostile, T12_RepeatedPropertyElsewhereIsAProtocolError) {
  expect_ended(Version::V5, disconnect_bytes(Version::V5, 0, twice(property::kReasonString, "a")),
               {reason::kProtocolError});
  expect_ended(Version::V5, disconnect_bytes(Version::V5, 0, twice(property::kSessionExpiryInterval, 0)),
               {reason::kProtocolError});
  for (const Type type : {Type::Puback, Type::Pubrec, Type::Pubrel, Type::Pubcomp}) {
    expect_ended(Version::V5, ack_bytes(type, 1, 0, twice(property::kReasonString, "a")),
                 {reason::kProtocolError});
  }
  expect_ended(Version::V5,
               subscribe_bytes(Version::V5, 1, {{"t", 0}}, twice(property::kSubscriptionIdentifier, 1)),
               {reason::kProtocolError});
}

}  // namespace hermod::integration
