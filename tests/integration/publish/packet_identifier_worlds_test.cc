#include "tests/support/broker_test.h"

namespace hermod::integration {

using PacketIdentifierWorlds = VersionedBrokerTest;

// 2.2.1: client and server choose identifiers independently of each other.
TEST_P(PacketIdentifierWorlds, SameIdentifierMayBeUnderWayInBothDirections) {
  MqttClient both = client("both", GetParam());
  both.subscribe("worlds/to-me", 2);
  MqttClient observer = client("observer", GetParam());
  observer.subscribe("worlds/from-me", 2);
  for (std::uint8_t qos = 1; qos <= 2; ++qos) {
    client("publisher").publish("worlds/to-me", "to me", qos);
    const Message incoming = both.receive_unacknowledged();
    ASSERT_EQ(incoming.qos, qos);
    // The same number, once as ours and once as the broker's, in all four combinations of QoS.
    for (std::uint8_t own = 1; own <= 2; ++own) {
      both.publish(
          {.topic = "worlds/from-me", .payload = "from me", .qos = own, .packet_id = incoming.packet_id});
      EXPECT_EQ(observer.receive().payload, "from me");
    }
    both.acknowledge(incoming);
  }
  both.expect_quiet(50ms);
}

TEST_P(PacketIdentifierWorlds, SubscribeMayUseTheIdentifierOfAnIncomingMessage) {
  MqttClient both = client("both", GetParam());
  both.subscribe("worlds/to-me", 1);
  client("publisher").publish("worlds/to-me", "to me", 1);
  const Message incoming = both.receive_unacknowledged();
  both.raw().send(subscribe_bytes(GetParam(), incoming.packet_id, {{"worlds/other", 1}}));
  both.await_ack(Type::Suback, incoming.packet_id);
  both.raw().send(unsubscribe_bytes(GetParam(), incoming.packet_id, {"worlds/other"}));
  both.await_ack(Type::Unsuback, incoming.packet_id);
  both.acknowledge(incoming);
  both.ping();
}

INSTANTIATE_TEST_SUITE_P(Main, PacketIdentifierWorlds, main_versions());

}  // namespace hermod::integration
