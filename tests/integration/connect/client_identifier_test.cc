#include "tests/support/broker_test.h"

namespace hermod::integration {

using ClientIdentifier = VersionedBrokerTest;

TEST_P(ClientIdentifier, LettersDigitsAndUtf8AreAccepted) {
  for (const std::string& id :
       {std::string("a"), std::string("0123456789abcdefghijABC"), std::string(200, 'x'),
        std::string("g\xC3\xBCnther-\xE6\x97\xA5\xE6\x9C\xAC-\xF0\x9F\x98\x80"),
        std::string("with space/and:signs")}) {
    EXPECT_EQ(connack_of({.client_id = id, .version = GetParam()}).reason, 0) << id;
  }
}

TEST_P(ClientIdentifier, CaseMatters) {
  MqttClient lower = client("casing", GetParam());
  MqttClient upper = client("CASING", GetParam());
  lower.ping();
  upper.ping();
}

TEST_P(ClientIdentifier, UserNameAndPasswordAreAcceptedFromAnybodyWhenAnonymousIsAllowed) {
  EXPECT_EQ(
      connack_of({.client_id = "login", .version = GetParam(), .username = "somebody", .password = "secret"})
          .reason,
      0);
}

INSTANTIATE_TEST_SUITE_P(Main, ClientIdentifier, main_versions());

}  // namespace hermod::integration
