#include "tests/support/broker_test.h"

namespace hermod::integration {

using Authentication = BrokerTest;

TEST_F(Authentication, UnknownMethodIsRefusedAtConnect) {
  ConnectOptions options{.client_id = "scram"};
  options.properties.add(property::kAuthenticationMethod, "SCRAM-SHA-1")
      .add(property::kAuthenticationData, "n,,n=user,r=nonce");
  RawClient raw(port());
  raw.send(connect_bytes(options));
  const Connack connack = parse_connack(Version::V5, raw.next());
  EXPECT_EQ(connack.reason, reason::kBadAuthenticationMethod);
  EXPECT_FALSE(connack.session_present);
  raw.expect_close();
}

TEST_F(Authentication, DataWithoutMethodIsAProtocolError) {
  ConnectOptions options{.client_id = "data"};
  options.properties.add(property::kAuthenticationData, "data");
  RawClient raw(port());
  raw.send(connect_bytes(options));
  if (const auto answer = raw.poll(kPatience)) {
    EXPECT_EQ(parse_connack(Version::V5, *answer).reason, reason::kProtocolError);
  }
  EXPECT_TRUE(raw.drain_until_closed());
}

// 4.12: without a method at CONNECT there is no re-authentication.
TEST_F(Authentication, AuthPacketWithoutMethodAtConnectIsAProtocolError) {
  MqttClient eager = client("eager");
  const std::string body =
      BodyBuilder().u8(0x19).raw(Properties().add(property::kAuthenticationMethod, "X").encoded()).bytes();
  eager.raw().send(packet_bytes(0xF0, body));
  eager.expect_ended({reason::kProtocolError});
}

TEST_F(Authentication, AuthAsFirstPacketIsNotAnswered) {
  RawClient raw(port());
  raw.send(hex("F0 00"));
  raw.expect_close();
}

}  // namespace hermod::integration
