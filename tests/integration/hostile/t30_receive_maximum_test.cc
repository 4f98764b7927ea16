#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

TEST_F(Hostile, T30_PublisherThatExceedsReceiveMaximumIsEnded) {
  MqttClient publisher = client("publisher");
  const std::uint64_t maximum =
      publisher.connack().properties.number(property::kReceiveMaximum).value_or(65535);
  if (maximum == 65535) GTEST_SKIP() << "there are no more identifiers than that";
  for (std::uint64_t i = 0; i < maximum; ++i) {
    const std::uint16_t id = publisher.send_publish({.topic = "t", .payload = "x", .qos = 2});
    publisher.await_ack(Type::Pubrec, id);
  }
  publisher.send_publish({.topic = "t", .payload = "one too many", .qos = 2});
  publisher.expect_ended({reason::kReceiveMaximumExceeded});
}

TEST_F(Hostile, T30_LenientOnlyCounts) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kReceiveMaximum, "4"}, {setting::kReceiveMaximumMode, "lenient"}});
  constexpr std::uint16_t kSent = 12;
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("t", 2);
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publisher.connack().properties.number(property::kReceiveMaximum), 4U);
  for (std::uint16_t id = 1; id <= kSent; ++id) {
    publisher.send_publish({.topic = "t", .payload = std::to_string(id), .qos = 2, .packet_id = id});
    EXPECT_EQ(publisher.await_ack(Type::Pubrec, id).reason, 0);
  }
  for (std::uint16_t id = 1; id <= kSent; ++id) {
    publisher.send_ack(Type::Pubrel, id);
    publisher.await_ack(Type::Pubcomp, id);
  }
  for (std::uint16_t id = 1; id <= kSent; ++id) EXPECT_EQ(subscriber.receive().payload, std::to_string(id));
  subscriber.expect_quiet(50ms);
  publisher.ping();
}

}  // namespace hermod::integration
