#include "tests/support/broker_test.h"

namespace hermod::integration {

using RequestInformation = BrokerTest;

// [MQTT-3.1.2-29]: without it, only PUBLISH, CONNACK and DISCONNECT carry a Reason String or User Property.
TEST_F(RequestInformation, NoProblemInformationWhenItIsNotWanted) {
  ConnectOptions options{.client_id = "laconic"};
  options.properties.add(property::kRequestProblemInformation, 0);
  MqttClient laconic = connect(options);
  const Ack refused = laconic.publish("$unknown/name", "x", 1);
  EXPECT_EQ(refused.reason, reason::kTopicNameInvalid);
  EXPECT_TRUE(refused.properties.all().empty());
  const Ack none = laconic.unsubscribe({"never/subscribed"});
  EXPECT_EQ(none.reasons.at(0), reason::kNoSubscriptionExisted);
  EXPECT_TRUE(none.properties.all().empty());
}

// [MQTT-3.1.2-28]
TEST_F(RequestInformation, NoResponseInformationWhenItIsNotAskedFor) {
  EXPECT_FALSE(connack_of({.client_id = "silent"}).properties.has(property::kResponseInformation));
}

TEST_F(RequestInformation, AskingForResponseInformationIsAccepted) {
  ConnectOptions options{.client_id = "asking"};
  options.properties.add(property::kRequestResponseInformation, 1);
  EXPECT_EQ(connack_of(options).reason, 0);
}

TEST_F(RequestInformation, ResponseInformationIsTheAnswerToWhoAsks) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{"mqtt.response_information", "responses/"}});
  ConnectOptions options{.client_id = "asking"};
  options.properties.add(property::kRequestResponseInformation, 1);
  EXPECT_EQ(connack_of(options).properties.text(property::kResponseInformation), "responses/");
  options.properties = Properties().add(property::kRequestResponseInformation, 0);
  EXPECT_FALSE(connack_of(options).properties.has(property::kResponseInformation));
  EXPECT_FALSE(connack_of({.client_id = "silent"}).properties.has(property::kResponseInformation));
}

TEST_F(RequestInformation, OtherValuesThanZeroAndOneAreProtocolErrors) {
  for (const std::uint8_t id :
       {property::kRequestProblemInformation, property::kRequestResponseInformation}) {
    ConnectOptions options{.client_id = "two"};
    options.properties.add(id, 2);
    RawClient raw(port());
    raw.send(connect_bytes(options));
    if (const auto answer = raw.poll(kPatience)) {
      const Connack connack = parse_connack(Version::V5, *answer);
      EXPECT_TRUE(connack.reason == reason::kProtocolError || connack.reason == reason::kMalformedPacket)
          << int{connack.reason};
    }
    EXPECT_TRUE(raw.drain_until_closed());
  }
}

}  // namespace hermod::integration
