#include "tests/support/aside.h"
#include "tests/support/broker_test.h"

namespace hermod::integration {

using MessageOrder = VersionedBrokerTest;

// [MQTT-4.6.0-6]: one topic, one publisher, one QoS: in order.
TEST_P(MessageOrder, MessagesOfOnePublisherStayInOrder) {
  constexpr int kMessages = 600;
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    MqttClient subscriber = client("subscriber", GetParam());
    subscriber.subscribe("order/topic", 2);
    Aside publishing([&] {
      MqttClient publisher = client("publisher", GetParam());
      for (int i = 0; i < kMessages; ++i) publisher.publish("order/topic", std::to_string(i), qos);
    });
    const std::vector<std::string> received = subscriber.receive_payloads(kMessages);
    publishing.join();
    for (std::size_t i = 0; i < received.size(); ++i)
      ASSERT_EQ(received[i], std::to_string(i)) << "QoS " << int{qos};
    subscriber.disconnect();
  }
}

TEST_P(MessageOrder, OrderHoldsWithManyUnderWay) {
  constexpr int kMessages = 2000;
  MqttClient subscriber = client("subscriber", GetParam());
  subscriber.subscribe("order/topic", 1);
  const Aside publishing([&] {
    MqttClient publisher = client("publisher", GetParam());
    int acknowledged = 0;
    for (int sent = 0; sent < kMessages; ++sent) {
      publisher.send_publish({.topic = "order/topic", .payload = std::to_string(sent), .qos = 1});
      for (; sent - acknowledged >= 50; ++acknowledged) publisher.await(Type::Puback);
    }
    for (; acknowledged < kMessages; ++acknowledged) publisher.await(Type::Puback);
  });
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(subscriber.receive().payload, std::to_string(i));
}

INSTANTIATE_TEST_SUITE_P(Main, MessageOrder, main_versions());

}  // namespace hermod::integration
