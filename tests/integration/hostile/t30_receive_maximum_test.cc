#include "tests/integration/hostile/hostile_test.h"

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

}  // namespace hermod::integration
