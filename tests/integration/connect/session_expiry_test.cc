#include <thread>

#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

namespace {

ConnectOptions expiring(const std::string& id, std::uint32_t seconds) {
  ConnectOptions options{.client_id = id, .clean = false};
  options.properties.add(property::kSessionExpiryInterval, seconds);
  return options;
}

Properties expiry(std::uint32_t seconds) {
  return Properties().add(property::kSessionExpiryInterval, seconds);
}

}  // namespace

class SessionExpiry : public BrokerTest {
 protected:
  /// Asks without ending it, if it is there.
  bool is_present(const std::string& id) {
    MqttClient asking = connect(expiring(id, 3600));
    const bool present = asking.connack().session_present;
    asking.disconnect();
    return present;
  }
};

TEST_F(SessionExpiry, SessionEndsAfterTheInterval) {
  connect(expiring("one-second", 1)).disconnect();
  std::this_thread::sleep_for(2500ms);
  EXPECT_FALSE(is_present("one-second"));
}

TEST_F(SessionExpiry, IntervalCountsFromTheEndOfTheConnection) {
  {
    MqttClient first = connect(expiring("from-close", 2));
    std::this_thread::sleep_for(2500ms);
    first.ping();
    first.disconnect();
  }
  EXPECT_TRUE(is_present("from-close"));
}

TEST_F(SessionExpiry, ReconnectStopsTheInterval) {
  connect(expiring("stopped", 1)).disconnect();
  MqttClient second = connect(expiring("stopped", 1));
  ASSERT_TRUE(second.connack().session_present);
  second.subscribe("stopped/topic", 1);
  std::this_thread::sleep_for(2000ms);
  second.publish("stopped/topic", "still here", 1);
  EXPECT_EQ(second.receive().payload, "still here");
}

TEST_F(SessionExpiry, LargestIntervalIsAccepted) {
  connect(expiring("for-ever", 0xFFFFFFFF)).disconnect();
  EXPECT_TRUE(is_present("for-ever"));
}

TEST_F(SessionExpiry, DisconnectCanShortenIt) {
  connect(expiring("shortened", 3600)).disconnect(0, expiry(0));
  EXPECT_FALSE(is_present("shortened"));
}

TEST_F(SessionExpiry, DisconnectCanLengthenIt) {
  connect(expiring("lengthened", 1)).disconnect(0, expiry(3600));
  std::this_thread::sleep_for(2000ms);
  EXPECT_TRUE(is_present("lengthened"));
}

// 3.14.2.2.2: zero at CONNECT cannot become another value at DISCONNECT.
TEST_F(SessionExpiry, ZeroAtConnectCannotChangeAtDisconnect) {
  MqttClient zero = connect(expiring("zero", 0));
  zero.raw().send(disconnect_bytes(Version::V5, 0, expiry(60)));
  zero.expect_ended({reason::kProtocolError});
  EXPECT_FALSE(is_present("zero"));
}

TEST_F(SessionExpiry, IntervalIsCappedAndTheCapIsToldInConnack) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxSessionExpiry, "1s"}});
  {
    MqttClient greedy = connect(expiring("greedy", 3600));
    EXPECT_EQ(greedy.connack().properties.number(property::kSessionExpiryInterval), 1U);
    greedy.disconnect();
  }
  std::this_thread::sleep_for(2500ms);
  EXPECT_FALSE(connack_of(expiring("greedy", 1)).session_present);
}

TEST_F(SessionExpiry, WhatIsGrantedAsAskedIsNotRepeatedWithAnotherValue) {
  const Connack connack = connack_of(expiring("as-asked", 30));
  EXPECT_EQ(connack.properties.number(property::kSessionExpiryInterval).value_or(30), 30U);
}

}  // namespace hermod::integration
