#include "tests/support/broker_test.h"

namespace hermod::integration {

class RetainHandling : public BrokerTest {
 protected:
  void SetUp() override {
    client("publisher").publish({.topic = "handling/topic", .payload = "kept", .qos = 1, .retain = true});
  }
};

// [MQTT-3.3.1-9]
TEST_F(RetainHandling, ZeroSendsAtEverySubscribe) {
  MqttClient reader = client("reader");
  for (int i = 0; i < 3; ++i) {
    reader.subscribe("handling/topic", 1);
    EXPECT_EQ(reader.receive().payload, "kept");
  }
}

// [MQTT-3.3.1-10]
TEST_F(RetainHandling, OneSendsOnlyForANewSubscription) {
  MqttClient reader = client("reader");
  reader.subscribe("handling/topic", 1, kRetainOnlyIfNew);
  EXPECT_EQ(reader.receive().payload, "kept");
  reader.subscribe("handling/topic", 1, kRetainOnlyIfNew);
  reader.subscribe("handling/topic", 0, kRetainOnlyIfNew);
  reader.expect_quiet(100ms);
  reader.unsubscribe({"handling/topic"});
  reader.subscribe("handling/topic", 1, kRetainOnlyIfNew);
  EXPECT_EQ(reader.receive().payload, "kept");
}

TEST_F(RetainHandling, OneKnowsSubscriptionsOfAnEarlierConnection) {
  {
    MqttClient reader = durable_client("reader");
    reader.subscribe("handling/topic", 1, kRetainOnlyIfNew);
    EXPECT_EQ(reader.receive().payload, "kept");
    reader.disconnect();
  }
  MqttClient again = durable_client("reader");
  again.subscribe("handling/topic", 1, kRetainOnlyIfNew);
  again.expect_quiet(100ms);
}

// [MQTT-3.3.1-11]
TEST_F(RetainHandling, TwoSendsNever) {
  MqttClient reader = client("reader");
  reader.subscribe("handling/topic", 1, kRetainNever);
  reader.expect_quiet(100ms);
  client("publisher").publish({.topic = "handling/topic", .payload = "live", .qos = 1, .retain = true});
  EXPECT_EQ(reader.receive().payload, "live");
}

TEST_F(RetainHandling, EachFilterOfAPacketHasItsOwn) {
  client("publisher").publish({.topic = "handling/other", .payload = "other", .qos = 1, .retain = true});
  MqttClient reader = client("reader");
  reader.subscribe_all({{"handling/topic", 1, kRetainNever}, {"handling/other", 1, 0}});
  EXPECT_EQ(reader.receive().payload, "other");
  reader.expect_quiet(50ms);
}

}  // namespace hermod::integration
