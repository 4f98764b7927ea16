#include "tests/support/broker_test.h"

namespace hermod::integration {

using CleanStart = VersionedBrokerTest;

TEST_P(CleanStart, NewSessionIsNotPresent) {
  EXPECT_FALSE(connack_of(durable("fresh", GetParam())).session_present);
}

TEST_P(CleanStart, KeptSessionIsPresent) {
  durable_client("kept", GetParam()).disconnect();
  const MqttClient again = durable_client("kept", GetParam());
  // In 3.1 the CONNACK had no such flag, its byte is reserved.
  EXPECT_EQ(again.connack().session_present, GetParam() != Version::V31);
}

TEST_P(CleanStart, CleanConnectForgetsTheSession) {
  {
    MqttClient first = durable_client("cleaned", GetParam());
    first.subscribe("cleaned/topic", 1);
    first.disconnect();
  }
  ConnectOptions clean = durable("cleaned", GetParam());
  clean.clean = true;
  {
    MqttClient second = connect(clean);
    EXPECT_FALSE(second.connack().session_present);
    client("publisher").publish("cleaned/topic", "not for you", 1);
    second.expect_quiet();
    second.disconnect();
  }
}

TEST_P(CleanStart, CleanSessionEndsWithItsConnection) {
  client("short", GetParam()).disconnect();
  EXPECT_FALSE(connack_of(durable("short", GetParam())).session_present);
}

INSTANTIATE_TEST_SUITE_P(All, CleanStart, all_versions());

using CleanStartOf5 = BrokerTest;

// In 5.0 the session that a Clean Start begins may still outlive the connection.
TEST_F(CleanStartOf5, CleanStartWithExpiryBeginsASessionThatIsKept) {
  ConnectOptions options = durable("clean-and-kept");
  options.clean = true;
  connect(options).disconnect();
  EXPECT_TRUE(connack_of(durable("clean-and-kept")).session_present);
}

TEST_F(CleanStartOf5, NoExpiryEndsTheSessionWithTheConnection) {
  connect({.client_id = "no-expiry", .clean = false}).disconnect();
  EXPECT_FALSE(connack_of(durable("no-expiry")).session_present);
}

}  // namespace hermod::integration
