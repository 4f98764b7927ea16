#include "tests/support/broker_test.h"

namespace hermod::integration {

class MalformedSubscribe : public VersionedBrokerTest {
 protected:
  void expect_ended_by(const std::string& bytes) {
    MqttClient subscriber = client("subscriber", GetParam());
    subscriber.raw().send(bytes);
    subscriber.expect_ended({reason::kMalformedPacket, reason::kProtocolError});
  }
  static std::string no_properties() { return is_v5() ? hex("00") : ""; }
};

// [MQTT-3.8.3-2], [MQTT-3.10.3-2]
TEST_P(MalformedSubscribe, WithoutAFilter) {
  expect_ended_by(subscribe_bytes(GetParam(), 1, {}));
  expect_ended_by(unsubscribe_bytes(GetParam(), 1, {}));
  expect_service();
}

// [MQTT-3.8.3-4] of 3.1.1, 3.8.3.1 of 5.0
TEST_P(MalformedSubscribe, QosThree) {
  expect_ended_by(subscribe_bytes(GetParam(), 1, {{"a", 3}}));
  expect_service();
}

// [MQTT-3.8.3-5]
TEST_P(MalformedSubscribe, ReservedOptionBits) {
  for (const std::uint8_t bits : std::initializer_list<std::uint8_t>{0x40, 0x80, 0xC0}) {
    expect_ended_by(subscribe_bytes(GetParam(), 1, {{"a", 0, bits}}));
  }
  expect_service();
}

TEST_P(MalformedSubscribe, OptionsOfMqtt5InVersionThreeAndRetainHandlingThree) {
  if (is_v5()) {
    expect_ended_by(subscribe_bytes(GetParam(), 1, {{"a", 0, kRetainOnlyIfNew | kRetainNever}}));
  } else {
    for (const std::uint8_t bits : {kNoLocal, kRetainAsPublished, kRetainOnlyIfNew, kRetainNever}) {
      expect_ended_by(subscribe_bytes(GetParam(), 1, {{"a", 0, bits}}));
    }
  }
}

TEST_P(MalformedSubscribe, OptionsMissingBehindTheFilter) {
  expect_ended_by(packet_bytes(0x82, BodyBuilder().u16(1).raw(no_properties()).text("a").bytes()));
  expect_service();
}

// 4.7.3: a filter is at least one character long.
TEST_P(MalformedSubscribe, EmptyFilter) {
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.raw().send(subscribe_bytes(GetParam(), 1, {{"", 0}}));
  const auto packet = subscriber.raw().poll(kPatience);
  if (packet && packet->type == Type::Suback) {
    EXPECT_GE(parse_ack(GetParam(), Type::Suback, *packet).reasons.at(0), 0x80);
  } else {
    EXPECT_TRUE(subscriber.raw().drain_until_closed());
  }
  expect_service();
}

INSTANTIATE_TEST_SUITE_P(Main, MalformedSubscribe, main_versions());

}  // namespace hermod::integration
