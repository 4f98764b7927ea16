#include "tests/support/broker_test.h"

namespace hermod::integration {

using DisconnectPacket = VersionedBrokerTest;

// [MQTT-3.14.4-1]: the broker closes if the client has not.
TEST_P(DisconnectPacket, BrokerClosesWithoutAnAnswer) {
  MqttClient leaving = client("leaving", GetParam());
  leaving.raw().send(disconnect_bytes(GetParam()));
  leaving.raw().expect_close();
}

TEST_P(DisconnectPacket, NothingBehindItIsProcessed) {
  MqttClient observer = client("observer");
  observer.subscribe("behind/disconnect", 0);
  MqttClient leaving = client("leaving", GetParam());
  leaving.raw().send(disconnect_bytes(GetParam()) +
                     publish_bytes(GetParam(), {.topic = "behind/disconnect", .payload = "late"}));
  leaving.raw().drain_until_closed();
  observer.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(All, DisconnectPacket, all_versions());

using DisconnectPacketOf5 = BrokerTest;

TEST_F(DisconnectPacketOf5, ReasonStringAndUserPropertiesAreAccepted) {
  MqttClient leaving = client("leaving");
  leaving.raw().send(disconnect_bytes(
      Version::V5, 0, Properties().add(property::kReasonString, "done").user("a", "b").user("a", "c")));
  leaving.raw().expect_close();
}

// 3.14.2.2.5: a server may send one; nothing says what it means from a client, so it only ends the
// connection.
TEST_F(DisconnectPacketOf5, ServerReferenceFromAClientEndsTheConnection) {
  MqttClient confused = client("confused");
  confused.raw().send(
      disconnect_bytes(Version::V5, 0, Properties().add(property::kServerReference, "elsewhere:1883")));
  EXPECT_TRUE(confused.raw().drain_until_closed());
  expect_service();
}

}  // namespace hermod::integration
