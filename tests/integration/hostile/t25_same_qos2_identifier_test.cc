#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

TEST_F(Hostile, T25_SameQosTwoIdentifierAgainAndAgainIsOneMessage) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("once/topic", 2);
  MqttClient publisher = client("publisher");
  const PublishOptions publish{
      .topic = "once/topic", .payload = std::string(1000, 'x'), .qos = 2, .dup = true, .packet_id = 9};
  expect_no_growth(8000, [&] {
    publisher.send_publish(publish);
    publisher.await_ack(Type::Pubrec, 9);
  });
  publisher.send_ack(Type::Pubrel, 9);
  publisher.await_ack(Type::Pubcomp, 9);
  publisher.publish("once/topic", "end", 2);
  EXPECT_EQ(subscriber.receive().payload.size(), 1000U);
  EXPECT_EQ(subscriber.receive().payload, "end");
}

class HostileIdentifiers : public Hostile {
 protected:
  /// Every identifier there is, and never a PUBREL: the memory that takes is bounded.
  void expect_bounded(Version version) {
    MqttClient publisher = client("publisher", version);
    std::string burst;
    for (std::uint32_t id = 1; id <= 65535; ++id) {
      burst +=
          publish_bytes(version, {.topic = "t", .payload = "x", .qos = 2, .packet_id = std::uint16_t(id)});
    }
    const std::size_t before = is_foreign_broker() ? 0 : broker().process().resident_bytes();
    publisher.raw().try_send(burst);
    publisher.raw().drain_until_closed(1s);
    if (!is_foreign_broker() && !kSanitized) {
      EXPECT_LT(broker().process().resident_bytes(), before + (48U << 20));
    }
  }
};

TEST_F(HostileIdentifiers, T25_WithoutPubrelAreBounded) {
  expect_bounded(Version::V311);
}

// Where Receive Maximum only counts, a client of MQTT 5 gets as far.
TEST_F(HostileIdentifiers, T25_OfALenientBrokerAreBoundedToo) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kReceiveMaximum, "10"}, {setting::kReceiveMaximumMode, "lenient"}});
  expect_bounded(Version::V5);
}

TEST_F(Hostile, T25_SameQosTwoIdentifierOfVersionThreeIsOneMessage) {
  MqttClient subscriber = client("subscriber", Version::V311);
  subscriber.subscribe("once/topic", 2);
  MqttClient publisher = client("publisher", Version::V311);
  // All at once, so that the copies meet the first one on its way.
  std::string burst;
  for (int i = 0; i < 100; ++i) {
    burst += publish_bytes(
        Version::V311, {.topic = "once/topic", .payload = "once", .qos = 2, .dup = i > 0, .packet_id = 9});
  }
  publisher.raw().send(burst);
  publisher.await_ack(Type::Pubrec, 9);
  publisher.ping();
  publisher.send_ack(Type::Pubrel, 9);
  publisher.await_ack(Type::Pubcomp, 9);
  client("other").publish("once/topic", "end", 2);
  EXPECT_EQ(subscriber.receive_payloads(2), (std::vector<std::string>{"once", "end"}));
}

}  // namespace hermod::integration
