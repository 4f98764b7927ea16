#include "tests/support/broker_test.h"

namespace hermod::integration {

using ConnackProperties = BrokerTest;

TEST_F(ConnackProperties, OnlyPropertiesOfConnackEachAtMostOnce) {
  const Connack connack = connack_of({.client_id = ""});
  for (const Property& p : connack.properties.all()) {
    switch (p.id) {
      case property::kSessionExpiryInterval:
      case property::kAssignedClientIdentifier:
      case property::kServerKeepAlive:
      case property::kReceiveMaximum:
      case property::kTopicAliasMaximum:
      case property::kMaximumQoS:
      case property::kRetainAvailable:
      case property::kMaximumPacketSize:
      case property::kWildcardSubscriptionAvailable:
      case property::kSubscriptionIdentifierAvailable:
      case property::kSharedSubscriptionAvailable:
        EXPECT_EQ(connack.properties.numbers(p.id).size(), 1U) << int{p.id};
        break;
      default:
        ADD_FAILURE() << "property " << int{p.id};
    }
  }
}

TEST_F(ConnackProperties, EverythingIsAvailableByDefault) {
  const Properties told = connack_of({.client_id = "everything"}).properties;
  EXPECT_EQ(told.number(property::kRetainAvailable).value_or(1), 1U);
  EXPECT_EQ(told.number(property::kWildcardSubscriptionAvailable).value_or(1), 1U);
  EXPECT_EQ(told.number(property::kSubscriptionIdentifierAvailable).value_or(1), 1U);
  EXPECT_EQ(told.number(property::kSharedSubscriptionAvailable).value_or(1), 1U);
  EXPECT_NE(told.number(property::kReceiveMaximum).value_or(65535), 0U);
  EXPECT_NE(told.number(property::kMaximumPacketSize).value_or(1), 0U);
  // 3.2.2.3.4: the value 2 is said by leaving the property out.
  EXPECT_FALSE(told.has(property::kMaximumQoS));
}

}  // namespace hermod::integration
