#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T15_InvalidWillPropertiesDoNotLeak) {
  Will will{.topic = "will/topic", .payload = std::string(2000, 'x'), .qos = 1};
  will.properties.add(property::kContentType, std::string(2000, 'c'))
      .user(std::string(2000, 'n'), std::string(2000, 'v'))
      .add(property::kTopicAlias, 1);
  const std::string connect =
      connect_bytes({.client_id = "mortal", .will = will, .username = std::string(2000, 'u')});
  expect_no_growth(1000, [&] {
    RawClient raw(port());
    raw.try_send(connect);
    EXPECT_TRUE(raw.drain_until_closed());
  });
}

TEST_F(Hostile, T15_EveryInvalidWillIsRefused) {
  const auto refused = {reason::kMalformedPacket, reason::kProtocolError};
  for (const Properties& properties :
       {Properties().add(property::kTopicAlias, 1), Properties().add(property::kSessionExpiryInterval, 1),
        Properties().add(property::kReceiveMaximum, 1), Properties().add(property::kReasonString, "r"),
        Properties().add(property::kSubscriptionIdentifier, 1),
        Properties().add(property::kPayloadFormatIndicator, 2),
        Properties().add(property::kWillDelayInterval, 1).add(property::kWillDelayInterval, 1),
        Properties().add(property::kResponseTopic, "a/#")}) {
    const Will will{.topic = "will/topic", .payload = "gone", .properties = properties};
    expect_connect_refused(Version::V5, connect_bytes({.client_id = "mortal", .will = will}), refused);
  }
}

}  // namespace hermod::integration
