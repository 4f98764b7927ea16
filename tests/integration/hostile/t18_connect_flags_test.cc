#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

/// A CONNECT with those flags and a payload of client id, then `rest`.
std::string connect_with(Version version, std::uint8_t flags, const std::string& rest) {
  BodyBuilder body;
  body.text("MQTT").u8(static_cast<std::uint64_t>(version)).u8(flags).u16(60);
  if (version == Version::V5) body.u8(0);
  body.text("flags").raw(rest);
  return packet_bytes(0x10, body.bytes());
}

}  // namespace

TEST_F(Hostile, T18_FlagsThatContradictEachOtherAreRefused) {
  for (const Version version : kMainVersions) {
    const std::string no_properties = version == Version::V5 ? hex("00") : "";
    const std::string will = no_properties + BodyBuilder().text("will/topic").text("gone").bytes();
    const auto refuse = [&](const std::string& connect) {
      expect_connect_refused(version, connect, {reason::kMalformedPacket, reason::kProtocolError});
    };
    refuse(connect_with(version, 0x03, ""));           // reserved bit [MQTT-3.1.2-3]
    refuse(connect_with(version, 0x0A, ""));           // will QoS without a will
    refuse(connect_with(version, 0x22, ""));           // will retain without a will
    refuse(connect_with(version, 0x1E, will));         // will QoS 3
    refuse(connect_with(version, 0x06, ""));           // a will without its fields
    refuse(connect_with(version, 0x82, ""));           // a user name that is missing
    refuse(connect_with(version, 0x02, will));         // fields without their flag
    refuse(connect_with(version, 0x06, will + "xx"));  // bytes left over
  }
}

}  // namespace hermod::integration
