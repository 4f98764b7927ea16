#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using PacketSize = BrokerTest;

namespace {

/// A payload that makes a QoS 0 PUBLISH to topic "t" exactly `size` bytes long (three bytes of remaining
/// length).
std::string payload_for(std::size_t size, Version version) {
  return std::string(size - 4 - 3 - (version == Version::V5 ? 1 : 0), 'x');
}

}  // namespace

TEST_F(PacketSize, LimitIsToldInConnack) {
  HERMOD_NEEDS_OWN_BROKER();
  EXPECT_EQ(connack_of({.client_id = "asking"}).properties.number(property::kMaximumPacketSize), 2U << 20);
}

TEST_F(PacketSize, PacketAtTheLimitPassesAndOneByteMoreDoesNot) {
  HERMOD_NEEDS_OWN_BROKER();
  constexpr std::size_t kLimit = 100000;
  start_with({{setting::kMaxPacketSize, std::to_string(kLimit) + "B"}});
  EXPECT_EQ(connack_of({.client_id = "asking"}).properties.number(property::kMaximumPacketSize), kLimit);
  for (const Version version : {Version::V311, Version::V5}) {
    MqttClient both = client("both", version);
    both.subscribe("t", 0);
    const std::string largest = payload_for(kLimit, version);
    ASSERT_EQ(publish_bytes(version, {.topic = "t", .payload = largest}).size(), kLimit);
    both.publish("t", largest, 0);
    EXPECT_EQ(both.receive().payload.size(), largest.size());
    both.raw().try_send(publish_bytes(version, {.topic = "t", .payload = largest + "x"}));
    both.expect_ended({reason::kPacketTooLarge});
  }
}

// The header alone is enough to say no: the broker must not wait for the body.
TEST_F(PacketSize, AnnouncementOfATooLargePacketIsRefusedAtOnce) {
  MqttClient greedy = client("greedy");
  greedy.raw().send(hex("30 FF FF FF 7F 00 01"));
  greedy.expect_ended({reason::kPacketTooLarge, reason::kMalformedPacket});
}

}  // namespace hermod::integration
