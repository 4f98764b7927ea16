#include "tests/support/broker_test.h"

namespace hermod::integration {

using PayloadSize = VersionedBrokerTest;

namespace {

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

}  // namespace

// The sizes lie around the steps of the remaining length: 127, 16,383 and 2,097,151 bytes.
TEST_P(PayloadSize, EverySizeArrivesUnchanged) {
  MqttClient both = client("both", GetParam());
  both.subscribe("size/topic", 2);
  std::uint8_t qos = 0;
  for (const std::size_t size : {0UL, 1UL, 110UL, 113UL, 114UL, 115UL, 116UL, 127UL, 128UL, 16360UL, 16371UL,
                                 16372UL, 16384UL, 65535UL, 65536UL, 300000UL, 2000000UL}) {
    const std::string payload = pattern(size);
    both.publish("size/topic", payload, qos);
    const Message message = both.receive();
    EXPECT_EQ(message.payload.size(), size);
    EXPECT_TRUE(message.payload == payload) << "payload of " << size << " bytes was changed";
    qos = static_cast<std::uint8_t>((qos + 1) % 3);
  }
}

TEST_P(PayloadSize, EveryByteValueArrives) {
  std::string payload;
  for (int value = 0; value < 256; ++value) payload.push_back(static_cast<char>(value));
  MqttClient both = client("both", GetParam());
  both.subscribe("size/topic", 1);
  both.publish("size/topic", payload, 1);
  EXPECT_EQ(both.receive().payload, payload);
}

TEST_P(PayloadSize, LongestTopicArrives) {
  const std::string topic(65535, 't');
  MqttClient both = client("both", GetParam());
  both.subscribe("+", 1);
  both.publish(topic, "x", 1);
  EXPECT_TRUE(both.receive().topic == topic);
}

INSTANTIATE_TEST_SUITE_P(Main, PayloadSize, main_versions());

}  // namespace hermod::integration
