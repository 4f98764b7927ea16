#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using WillProperties = BrokerTest;

TEST_F(WillProperties, AllArriveUnchanged) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 1);
  Properties properties;
  properties.add(property::kWillDelayInterval, 0)
      .add(property::kPayloadFormatIndicator, 1)
      .add(property::kMessageExpiryInterval, 500)
      .add(property::kContentType, "text/plain")
      .add(property::kResponseTopic, "will/answers")
      .add(property::kCorrelationData, std::string("\0\1\2", 3))
      .user("b", "1")
      .user("a", "2")
      .user("b", "1");
  connect({.client_id = "mortal",
           .will = Will{.topic = "will/topic", .payload = "gone", .qos = 1, .properties = properties}})
      .drop();
  const Properties got = observer.receive().properties;
  EXPECT_FALSE(got.has(property::kWillDelayInterval));
  EXPECT_EQ(got.number(property::kPayloadFormatIndicator), 1U);
  EXPECT_NEAR(static_cast<double>(got.number(property::kMessageExpiryInterval).value_or(0)), 500, 2);
  EXPECT_EQ(got.text(property::kContentType), "text/plain");
  EXPECT_EQ(got.text(property::kResponseTopic), "will/answers");
  EXPECT_EQ(got.text(property::kCorrelationData), std::string("\0\1\2", 3));
  EXPECT_EQ(got.users(), properties.users());
}

// The message begins to age when it is published, not when the client connected.
TEST_F(WillProperties, MessageExpiryCountsFromPublication) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 1);
  Will will{.topic = "will/topic", .payload = "gone", .qos = 1};
  will.properties.add(property::kMessageExpiryInterval, 1);
  MqttClient mortal = connect({.client_id = "mortal", .will = will});
  std::this_thread::sleep_for(2100ms);
  mortal.drop();
  EXPECT_EQ(observer.receive().payload, "gone");
}

TEST_F(WillProperties, DisconnectWithWillPublishesIt) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 1);
  connect({.client_id = "mortal", .will = Will{.topic = "will/topic", .payload = "gone", .qos = 1}})
      .disconnect(reason::kDisconnectWithWill);
  EXPECT_EQ(observer.receive().payload, "gone");
}

// 3.14.4: only 0x00 takes the will away; an error told by the client does not.
TEST_F(WillProperties, DisconnectWithAnErrorPublishesIt) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 1);
  for (const std::uint8_t why :
       {reason::kUnspecifiedError, reason::kMalformedPacket, reason::kQuotaExceeded}) {
    connect({.client_id = "mortal", .will = Will{.topic = "will/topic", .payload = "gone", .qos = 1}})
        .disconnect(why);
    EXPECT_EQ(observer.receive().payload, "gone") << int{why};
  }
}

TEST_F(WillProperties, WrongOnesAreRefusedAtConnect) {
  for (const auto& [id, number] :
       {std::pair(property::kPayloadFormatIndicator, 2U), std::pair(property::kSessionExpiryInterval, 2U),
        std::pair(property::kTopicAlias, 1U)}) {
    Will will{.topic = "will/topic", .payload = "gone"};
    will.properties.add(id, number);
    RawClient raw(port());
    raw.send(connect_bytes({.client_id = "mortal", .will = will}));
    if (const auto answer = raw.poll(kPatience)) {
      EXPECT_GE(parse_connack(Version::V5, *answer).reason, 0x80) << int{id};
    }
    EXPECT_TRUE(raw.drain_until_closed()) << int{id};
  }
  expect_service();
}

}  // namespace hermod::integration
