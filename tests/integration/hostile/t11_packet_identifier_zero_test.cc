#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

// [MQTT-2.2.1-3]
TEST_F(Hostile, T11_PacketIdentifierZeroIsRefused) {
  for (const Version version : kMainVersions) {
    const auto expect_refused = [&](const std::string& bytes) {
      expect_ended(version, bytes, {reason::kMalformedPacket, reason::kProtocolError});
    };
    expect_refused(publish_bytes(version, {.topic = "t", .payload = "x", .qos = 1, .packet_id = 0}));
    expect_refused(publish_bytes(version, {.topic = "t", .payload = "x", .qos = 2, .packet_id = 0}));
    expect_refused(subscribe_bytes(version, 0, {{"t", 0}}));
    expect_refused(unsubscribe_bytes(version, 0, {"t"}));
    for (const Type type : {Type::Puback, Type::Pubrec, Type::Pubrel, Type::Pubcomp}) {
      expect_refused(ack_bytes(type, 0));
    }
  }
}

}  // namespace hermod::integration
