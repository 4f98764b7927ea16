#include "tests/support/broker_test.h"

namespace hermod::integration {

using RetainAsPublished = BrokerTest;

// [MQTT-3.3.1-12], [MQTT-3.3.1-13]
TEST_F(RetainAsPublished, FlagIsKeptOnlyWhenAskedFor) {
  MqttClient plain = client("plain");
  plain.subscribe("flag/topic", 1);
  MqttClient keeping = client("keeping");
  keeping.subscribe("flag/topic", 1, kRetainAsPublished);
  MqttClient publisher = client("publisher");
  publisher.publish({.topic = "flag/topic", .payload = "retained", .qos = 1, .retain = true});
  publisher.publish({.topic = "flag/topic", .payload = "fleeting", .qos = 1});
  EXPECT_FALSE(plain.receive().retain);
  EXPECT_FALSE(plain.receive().retain);
  EXPECT_TRUE(keeping.receive().retain);
  EXPECT_FALSE(keeping.receive().retain);
}

// 3.3.1.3: what is sent because of a new subscription always has the flag.
TEST_F(RetainAsPublished, RetainedMessageAtSubscribeAlwaysHasTheFlag) {
  client("publisher").publish({.topic = "flag/topic", .payload = "retained", .qos = 1, .retain = true});
  MqttClient plain = client("plain");
  plain.subscribe("flag/topic", 1);
  EXPECT_TRUE(plain.receive().retain);
  MqttClient keeping = client("keeping");
  keeping.subscribe("flag/topic", 1, kRetainAsPublished);
  EXPECT_TRUE(keeping.receive().retain);
}

TEST_F(RetainAsPublished, FlagSurvivesTheQueueOfAnOfflineSession) {
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe_all({{"flag/kept", 1, kRetainAsPublished}, {"flag/plain", 1}});
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  publisher.publish({.topic = "flag/kept", .payload = "1", .qos = 1, .retain = true});
  publisher.publish({.topic = "flag/plain", .payload = "2", .qos = 1, .retain = true});
  MqttClient sleeper = durable_client("sleeper");
  EXPECT_TRUE(sleeper.receive().retain);
  EXPECT_FALSE(sleeper.receive().retain);
}

}  // namespace hermod::integration
