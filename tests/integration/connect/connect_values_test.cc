#include "tests/support/broker_test.h"

namespace hermod::integration {

class ConnectValue : public BrokerTest {
 protected:
  void expect_refused(const Properties& properties) {
    RawClient raw(port());
    raw.send(connect_bytes({.client_id = "value", .properties = properties}));
    if (const auto answer = raw.poll(kPatience)) {
      EXPECT_EQ(parse_connack(Version::V5, *answer).reason, reason::kProtocolError);
    }
    EXPECT_TRUE(raw.drain_until_closed());
  }
};

TEST_F(ConnectValue, ReceiveMaximumZeroIsAProtocolError) {
  expect_refused(Properties().add(property::kReceiveMaximum, 0));
  expect_service();
}

TEST_F(ConnectValue, MaximumPacketSizeZeroIsAProtocolError) {
  expect_refused(Properties().add(property::kMaximumPacketSize, 0));
  expect_service();
}

TEST_F(ConnectValue, ExtremeValuesAreAccepted) {
  Properties properties;
  properties.add(property::kReceiveMaximum, 65535)
      .add(property::kMaximumPacketSize, 0xFFFFFFFF)
      .add(property::kTopicAliasMaximum, 65535)
      .add(property::kSessionExpiryInterval, 0xFFFFFFFF);
  for (int i = 0; i < 20; ++i) properties.user("name", "value");
  EXPECT_EQ(connack_of({.client_id = "extreme", .properties = properties}).reason, 0);
}

}  // namespace hermod::integration
