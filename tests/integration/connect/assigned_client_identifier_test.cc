#include "tests/support/broker_test.h"

namespace hermod::integration {

using AssignedClientIdentifier = BrokerTest;

TEST_F(AssignedClientIdentifier, EmptyIdentifierGetsAUniqueOneInMqtt5) {
  const Connack first = connack_of({.client_id = ""});
  const Connack second = connack_of({.client_id = ""});
  const auto first_id = first.properties.text(property::kAssignedClientIdentifier);
  const auto second_id = second.properties.text(property::kAssignedClientIdentifier);
  ASSERT_TRUE(first_id.has_value());
  ASSERT_TRUE(second_id.has_value());
  EXPECT_FALSE(first_id->empty());
  EXPECT_NE(*first_id, *second_id);
}

TEST_F(AssignedClientIdentifier, AssignedIdentifierResumesItsSession) {
  ConnectOptions options = durable("");
  options.clean = true;
  std::string id;
  {
    MqttClient first = connect(options);
    id = first.connack().properties.text(property::kAssignedClientIdentifier).value_or("");
    first.subscribe("assigned/topic", 1);
    first.disconnect();
  }
  MqttClient second = durable_client(id);
  EXPECT_TRUE(second.connack().session_present);
  EXPECT_FALSE(second.connack().properties.has(property::kAssignedClientIdentifier));
}

TEST_F(AssignedClientIdentifier, ChosenIdentifierIsNotEchoed) {
  const Connack connack = connack_of({.client_id = "chosen"});
  EXPECT_FALSE(connack.properties.has(property::kAssignedClientIdentifier));
}

TEST_F(AssignedClientIdentifier, EmptyIdentifierWithCleanSessionIsAcceptedIn311) {
  EXPECT_EQ(connack_of({.client_id = "", .version = Version::V311}).reason, 0);
}

// [MQTT-3.1.3-8] of 3.1.1.
TEST_F(AssignedClientIdentifier, EmptyIdentifierWithoutCleanSessionIsRejectedIn311) {
  RawClient raw(port());
  raw.send(connect_bytes({.client_id = "", .version = Version::V311, .clean = false}));
  raw.expect_bytes(hex("20 02 00 02"));
  raw.expect_close();
}

TEST_F(AssignedClientIdentifier, EmptyIdentifierIsRejectedIn31) {
  RawClient raw(port());
  raw.send(connect_bytes({.client_id = "", .version = Version::V31}));
  raw.expect_bytes(hex("20 02 00 02"));
  raw.expect_close();
}

}  // namespace hermod::integration
