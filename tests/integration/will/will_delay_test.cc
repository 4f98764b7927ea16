#include "tests/support/broker_test.h"

namespace hermod::integration {

class WillDelay : public BrokerTest {
 protected:
  static ConnectOptions mortal(std::uint32_t delay, std::uint32_t session_expiry, bool clean = false) {
    ConnectOptions options{.client_id = "mortal",
                           .clean = clean,
                           .will = Will{.topic = "will/topic", .payload = "gone", .qos = 1}};
    options.will->properties.add(property::kWillDelayInterval, delay);
    options.properties.add(property::kSessionExpiryInterval, session_expiry);
    return options;
  }
  MqttClient observer() {
    MqttClient observing = client("observer");
    observing.subscribe("will/topic", 1);
    return observing;
  }
};

// 3.1.3.2.2
TEST_F(WillDelay, WillWaitsForTheInterval) {
  MqttClient observing = observer();
  connect(mortal(2, 60)).drop();
  const auto start = Clock::now();
  EXPECT_EQ(observing.receive().payload, "gone");
  EXPECT_GE(since(start), 1500ms);
}

TEST_F(WillDelay, EndOfTheSessionComesFirst) {
  MqttClient observing = observer();
  connect(mortal(3600, 1)).drop();
  const auto start = Clock::now();
  EXPECT_EQ(observing.receive().payload, "gone");
  EXPECT_GE(since(start), 500ms);
}

TEST_F(WillDelay, SessionThatEndsWithTheConnectionDoesNotWait) {
  MqttClient observing = observer();
  connect(mortal(3600, 0)).drop();
  EXPECT_EQ(observing.receive().payload, "gone");
}

// [MQTT-3.1.3-9]
TEST_F(WillDelay, ReconnectInTimeTakesItBack) {
  MqttClient observing = observer();
  connect(mortal(1, 60)).drop();
  const MqttClient again = durable_client("mortal");
  ASSERT_TRUE(again.connack().session_present);
  observing.expect_quiet(2000ms);
}

TEST_F(WillDelay, TakeoverThatContinuesTheSessionTakesItBack) {
  MqttClient observing = observer();
  const MqttClient first = connect(mortal(1, 60));
  const MqttClient second = durable_client("mortal");
  ASSERT_TRUE(second.connack().session_present);
  observing.expect_quiet(2000ms);
}

// 3.1.4: a Clean Start ends the session, and the session's end publishes the will.
TEST_F(WillDelay, CleanStartPublishesItAtOnce) {
  MqttClient observing = observer();
  connect(mortal(3600, 3600)).drop();
  const MqttClient again = client("mortal");
  EXPECT_FALSE(again.connack().session_present);
  EXPECT_EQ(observing.receive().payload, "gone");
}

TEST_F(WillDelay, NewConnectionBringsItsOwnWill) {
  MqttClient observing = observer();
  connect(mortal(2, 60)).drop();
  ConnectOptions options = mortal(0, 60);
  options.will->payload = "second";
  connect(options).drop();
  EXPECT_EQ(observing.receive().payload, "second");
  observing.expect_quiet(2500ms);
}

TEST_F(WillDelay, DisconnectWithWillWaitsToo) {
  MqttClient observing = observer();
  connect(mortal(1, 60)).disconnect(reason::kDisconnectWithWill);
  const auto start = Clock::now();
  EXPECT_EQ(observing.receive().payload, "gone");
  EXPECT_GE(since(start), 500ms);
}

TEST_F(WillDelay, WillOfALostClientSurvivesTheBroker) {
  HERMOD_NEEDS_OWN_BROKER();
  {
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("will/topic", 1);
    sleeper.disconnect();
  }
  connect(mortal(2, 60)).raw().reset();
  MqttClient(port(), {.client_id = "barrier"}).ping();
  broker().kill();
  broker().start();
  MqttClient sleeper = durable_client("sleeper");
  EXPECT_EQ(sleeper.receive().payload, "gone");
}

}  // namespace hermod::integration
