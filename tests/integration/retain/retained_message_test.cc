#include <set>

#include "tests/support/broker_test.h"

namespace hermod::integration {

class RetainedMessage : public VersionedBrokerTest {
 protected:
  void retain(const std::string& topic, const std::string& payload, std::uint8_t qos = 1) {
    MqttClient publisher = client("publisher", GetParam());
    publisher.publish({.topic = topic, .payload = payload, .qos = qos, .retain = true});
    publisher.disconnect();
  }
  MqttClient reader(const std::string& filter, std::uint8_t qos = 2) {
    MqttClient reading = client("reader", GetParam());
    reading.subscribe(filter, qos);
    return reading;
  }
};

// [MQTT-3.3.1-5], [MQTT-3.3.1-9]
TEST_P(RetainedMessage, NewSubscriberGetsItWithTheFlag) {
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    retain("kept/topic", "kept " + std::to_string(qos), qos);
    MqttClient reading = reader("kept/topic");
    const Message message = reading.receive();
    EXPECT_EQ(message.payload, "kept " + std::to_string(qos));
    EXPECT_EQ(message.qos, qos);
    EXPECT_TRUE(message.retain);
    EXPECT_FALSE(message.dup);
    reading.expect_quiet(20ms);
    reading.disconnect();
  }
}

TEST_P(RetainedMessage, GrantedQosLimitsIt) {
  retain("kept/topic", "kept", 2);
  EXPECT_EQ(reader("kept/topic", 1).receive().qos, 1);
  EXPECT_EQ(reader("kept/topic", 0).receive().qos, 0);
}

TEST_P(RetainedMessage, LaterOneReplacesIt) {
  for (const char* payload : {"1", "2", "3"}) retain("kept/topic", payload);
  MqttClient reading = reader("kept/topic");
  EXPECT_EQ(reading.receive().payload, "3");
  reading.expect_quiet(50ms);
}

// [MQTT-3.3.1-6], [MQTT-3.3.1-7]
TEST_P(RetainedMessage, EmptyPayloadRemovesItAndIsPassedOn) {
  MqttClient online = client("online", GetParam());
  online.subscribe("kept/topic", 1);
  retain("kept/topic", "kept");
  EXPECT_EQ(online.receive().payload, "kept");
  retain("kept/topic", "");
  const Message cleared = online.receive();
  EXPECT_EQ(cleared.payload, "");
  EXPECT_FALSE(cleared.retain);
  reader("kept/topic").expect_quiet();
}

// [MQTT-3.3.1-8]
TEST_P(RetainedMessage, MessageWithoutTheFlagDoesNotTouchIt) {
  retain("kept/topic", "kept");
  client("publisher", GetParam()).publish("kept/topic", "fleeting", 1);
  client("publisher", GetParam()).publish("kept/topic", "", 1);
  EXPECT_EQ(reader("kept/topic").receive().payload, "kept");
}

TEST_P(RetainedMessage, OnlineSubscriberGetsItWithoutTheFlag) {
  MqttClient online = client("online", GetParam());
  online.subscribe("kept/topic", 1);
  retain("kept/topic", "live");
  EXPECT_FALSE(online.receive().retain);
}

TEST_P(RetainedMessage, WildcardsFindAllThatMatch) {
  for (const char* topic : {"kept/a", "kept/b", "kept/b/c", "kept", "other", "kept/", "/kept"})
    retain(topic, topic);
  const std::vector<std::pair<const char*, std::set<std::string>>> cases{
      {"kept/+", {"kept/a", "kept/b", "kept/"}},
      {"kept/#", {"kept", "kept/a", "kept/b", "kept/b/c", "kept/"}},
      {"#", {"kept/a", "kept/b", "kept/b/c", "kept", "other", "kept/", "/kept"}},
      {"+/b/#", {"kept/b", "kept/b/c"}},
      {"+/kept", {"/kept"}},
      {"+", {"kept", "other"}},
  };
  for (const auto& [filter, topics] : cases) {
    MqttClient reading = reader(filter);
    std::set<std::string> found;
    for (std::size_t i = 0; i < topics.size(); ++i) {
      const Message message = reading.receive();
      EXPECT_EQ(message.payload, message.topic);
      found.insert(message.topic);
    }
    EXPECT_EQ(found, topics) << filter;
    reading.expect_quiet(30ms);
    reading.disconnect();
  }
}

// 3.3.1.3: subscribing again sends it again.
TEST_P(RetainedMessage, ComesAgainWithEverySubscribe) {
  retain("kept/topic", "kept");
  MqttClient reading = reader("kept/topic");
  reading.receive();
  for (int i = 0; i < 3; ++i) {
    reading.subscribe("kept/topic", 1);
    EXPECT_EQ(reading.receive().payload, "kept");
  }
}

TEST_P(RetainedMessage, ReconnectAloneDoesNotSendIt) {
  retain("kept/topic", "kept");
  {
    MqttClient reading = durable_client("lasting", GetParam());
    reading.subscribe("kept/topic", 1);
    reading.receive();
    reading.disconnect();
  }
  MqttClient again = durable_client("lasting", GetParam());
  ASSERT_TRUE(again.connack().session_present);
  again.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(Main, RetainedMessage, main_versions());

}  // namespace hermod::integration
