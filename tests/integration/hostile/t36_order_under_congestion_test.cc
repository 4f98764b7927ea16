#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T36_OrderIsKeptUnderASmallWindow) {
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kReceiveMaximum, 2);
  MqttClient subscriber = connect(options);
  subscriber.subscribe("order/topic", 2);
  MqttClient publisher = client("publisher");
  std::string burst;
  for (std::uint16_t id = 1; id <= 90; ++id) {
    burst += publish_bytes(
        Version::V5, {.topic = "order/topic", .payload = std::to_string(id), .qos = 1, .packet_id = id});
  }
  publisher.raw().send(burst);
  for (int number = 1; number <= 90; ++number) {
    if (number % 20 == 0) subscriber.subscribe("order/other" + std::to_string(number), 1);
    ASSERT_EQ(subscriber.receive().payload, std::to_string(number));
  }
}

TEST_F(Hostile, T36_OrderIsKeptWhenTheReaderStopsReading) {
  constexpr int kMessages = 400;
  RawClient raw(port(), 4096);
  MqttClient subscriber(std::move(raw), {.client_id = "subscriber"});
  subscriber.subscribe("order/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < kMessages; ++i) {
    std::string payload = std::to_string(i);
    payload.resize(20000, ' ');
    publisher.publish("order/topic", payload, 1);
  }
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(std::stoi(subscriber.receive().payload), i);
}

}  // namespace hermod::integration
