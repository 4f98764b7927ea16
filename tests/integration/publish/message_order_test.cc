#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using MessageOrder = VersionedBrokerTest;

// [MQTT-4.6.0-6]: one topic, one publisher, one QoS: in order.
TEST_P(MessageOrder, MessagesOfOnePublisherStayInOrder) {
  constexpr int kMessages = 600;
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    MqttClient subscriber = client("subscriber", GetParam());
    subscriber.subscribe("order/topic", 2);
    std::thread publishing([&] {
      MqttClient publisher = client("publisher", GetParam());
      for (int i = 0; i < kMessages; ++i) publisher.publish("order/topic", std::to_string(i), qos);
    });
    std::vector<std::string> received;
    try {
      received = subscriber.receive_payloads(kMessages);
    } catch (const Unexpected& e) {
      ADD_FAILURE() << e.what();
    }
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
  std::thread publishing([&] {
    MqttClient publisher = client("publisher", GetParam());
    int acknowledged = 0;
    for (int sent = 0; sent < kMessages; ++sent) {
      publisher.send_publish({.topic = "order/topic", .payload = std::to_string(sent), .qos = 1});
      for (; sent - acknowledged >= 50; ++acknowledged) publisher.await(Type::Puback);
    }
    for (; acknowledged < kMessages; ++acknowledged) publisher.await(Type::Puback);
  });
  try {
    for (int i = 0; i < kMessages; ++i) {
      const Message message = subscriber.receive();
      if (message.payload != std::to_string(i)) {
        ADD_FAILURE() << message.payload << " came as number " << i;
        break;
      }
    }
  } catch (const Unexpected& e) {
    ADD_FAILURE() << e.what();
  }
  publishing.join();
}

INSTANTIATE_TEST_SUITE_P(Main, MessageOrder, main_versions(), version_name);

}  // namespace hermod::integration
