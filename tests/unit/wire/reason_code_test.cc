#include <gtest/gtest.h>

#include <map>
#include <set>

#include "wire/types.h"

namespace hermod::wire {
namespace {

using Codes = std::set<int>;

Codes listed(PacketType type, Role receiver) {
  Codes codes;
  for (int code = 0; code < 256; ++code) {
    if (is_reason_for(type, static_cast<ReasonCode>(code), receiver)) codes.insert(code);
  }
  return codes;
}

// The tables of chapter 3 of MQTT 5.0, packet by packet.
TEST(ReasonCode, EachPacketHasTheReasonsOfItsOwnTable) {
  const Codes connack{0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                      0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
  const Codes puback{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  const Codes pubrel{0x00, 0x92};
  EXPECT_EQ(listed(PacketType::Connack, Role::Client), connack);
  for (const Role receiver : {Role::Server, Role::Client}) {
    EXPECT_EQ(listed(PacketType::Puback, receiver), puback);
    EXPECT_EQ(listed(PacketType::Pubrec, receiver), puback);
    EXPECT_EQ(listed(PacketType::Pubrel, receiver), pubrel);
    EXPECT_EQ(listed(PacketType::Pubcomp, receiver), pubrel);
  }
  EXPECT_EQ(listed(PacketType::Suback, Role::Client),
            (Codes{0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}));
  EXPECT_EQ(listed(PacketType::Unsuback, Role::Client), (Codes{0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}));
  EXPECT_EQ(listed(PacketType::Disconnect, Role::Server),
            (Codes{0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}));
  EXPECT_EQ(listed(PacketType::Disconnect, Role::Client),
            (Codes{0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94,
                   0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2}));
  EXPECT_EQ(listed(PacketType::Auth, Role::Server), (Codes{0x18, 0x19}));
  EXPECT_EQ(listed(PacketType::Auth, Role::Client), (Codes{0x00, 0x18}));
  for (const PacketType type : {PacketType::Connect, PacketType::Publish, PacketType::Subscribe,
                                PacketType::Unsubscribe, PacketType::Pingreq, PacketType::Pingresp}) {
    EXPECT_TRUE(listed(type, Role::Server).empty());
    EXPECT_TRUE(listed(type, Role::Client).empty());
  }
}

TEST(ReasonCode, EveryReasonThatHasAPacketHasANameOfItsOwn) {
  std::set<std::string_view> names;
  int count = 0;
  for (int code = 0; code < 256; ++code) {
    bool used = false;
    for (int type = 1; type < 16; ++type) {
      for (const Role receiver : {Role::Server, Role::Client}) {
        used = used || is_reason_for(static_cast<PacketType>(type), static_cast<ReasonCode>(code), receiver);
      }
    }
    EXPECT_EQ(used, name_of(static_cast<ReasonCode>(code)) != "Unknown reason") << code;
    if (used) {
      names.insert(name_of(static_cast<ReasonCode>(code)));
      ++count;
    }
  }
  EXPECT_EQ(count, 43);
  EXPECT_EQ(names.size(), 43U);
  EXPECT_EQ(name_of(ReasonCode::NotAuthorized), "Not authorized");
}

TEST(ReasonCode, FailuresStartAt80) {
  EXPECT_FALSE(is_failure(ReasonCode::ReAuthenticate));
  EXPECT_TRUE(is_failure(ReasonCode::UnspecifiedError));
  EXPECT_EQ(granted(QoS::AtMostOnce), kGrantedQoS0);
  EXPECT_EQ(granted(QoS::ExactlyOnce), ReasonCode::GrantedQoS2);
}

TEST(ReasonCode, EveryReasonHasAReturnCodeAndReturnCodesComeBack) {
  for (int code = 0; code <= 5; ++code) {
    const auto return_code = static_cast<ConnectReturnCode>(code);
    EXPECT_EQ(return_code_for(reason_for(return_code)), return_code) << code;
  }
  const std::map<ReasonCode, ConnectReturnCode> expected{
      {ReasonCode::UnsupportedProtocolVersion, ConnectReturnCode::UnacceptableProtocolVersion},
      {ReasonCode::ClientIdentifierNotValid, ConnectReturnCode::IdentifierRejected},
      {ReasonCode::BadUserNameOrPassword, ConnectReturnCode::BadUserNameOrPassword},
      {ReasonCode::BadAuthenticationMethod, ConnectReturnCode::BadUserNameOrPassword},
      {ReasonCode::NotAuthorized, ConnectReturnCode::NotAuthorized},
      {ReasonCode::Banned, ConnectReturnCode::NotAuthorized},
      {ReasonCode::ServerBusy, ConnectReturnCode::ServerUnavailable},
      {ReasonCode::QuotaExceeded, ConnectReturnCode::ServerUnavailable},
      {ReasonCode::UnspecifiedError, ConnectReturnCode::ServerUnavailable},
  };
  for (const auto& [reason, return_code] : expected) EXPECT_EQ(return_code_for(reason), return_code);
}

TEST(ReasonCode, TypesAndVersionsHaveNames) {
  EXPECT_EQ(name_of(PacketType::Connect), "CONNECT");
  EXPECT_EQ(name_of(PacketType::Unsuback), "UNSUBACK");
  EXPECT_EQ(name_of(PacketType::Auth), "AUTH");
  EXPECT_EQ(name_of(PacketType{}), "reserved");
  EXPECT_EQ(name_of(Version::Mqtt31), "3.1");
  EXPECT_EQ(name_of(Version::Mqtt311), "3.1.1");
  EXPECT_EQ(name_of(Version::Mqtt5), "5.0");
}

}  // namespace
}  // namespace hermod::wire
