#include "tests/support/broker_test.h"

namespace hermod::integration {

using MaximumPacketSizeOfClient = BrokerTest;

namespace {

ConnectOptions with_maximum(const std::string& id, std::uint32_t maximum) {
  ConnectOptions options = durable(id);
  options.properties.add(property::kMaximumPacketSize, maximum);
  return options;
}

}  // namespace

// [MQTT-3.1.2-24], [MQTT-3.1.2-25]: too large for one client is as if delivered, for that client alone.
TEST_F(MaximumPacketSizeOfClient, LargerMessageIsLeftOutAndTheFlowGoesOn) {
  for (std::uint8_t qos = 0; qos <= 2; ++qos) {
    MqttClient small = connect(with_maximum("small", 100));
    small.subscribe("size/topic", 2);
    MqttClient large = client("large");
    large.subscribe("size/topic", 2);
    MqttClient publisher = client("publisher");
    publisher.publish("size/topic", "before", qos);
    publisher.publish("size/topic", std::string(200, 'x'), qos);
    publisher.publish("size/topic", "after", qos);
    EXPECT_EQ(small.receive_payloads(2), (std::vector<std::string>{"before", "after"}));
    large.receive_payloads(3);
    small.expect_quiet(20ms);
  }
}

TEST_F(MaximumPacketSizeOfClient, LimitIsExact) {
  MqttClient small = connect(with_maximum("small", 60));
  small.subscribe("t", 1);
  MqttClient publisher = client("publisher");
  // 2 fixed header, 3 topic, 2 packet identifier, 1 properties
  publisher.publish("t", std::string(53, 'x'), 1);
  publisher.publish("t", std::string(52, 'y'), 1);
  publisher.publish("t", "end", 1);
  const Message largest = small.receive();
  EXPECT_EQ(largest.payload, std::string(52, 'y'));
  EXPECT_EQ(small.receive().payload, "end");
}

TEST_F(MaximumPacketSizeOfClient, HoldsForQueuedAndRetainedMessages) {
  {
    MqttClient sleeper = connect(with_maximum("sleeper", 100));
    sleeper.subscribe("size/#", 1);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  publisher.publish({.topic = "size/large", .payload = std::string(200, 'x'), .qos = 1, .retain = true});
  publisher.publish({.topic = "size/small", .payload = "fits", .qos = 1, .retain = true});
  MqttClient sleeper = connect(with_maximum("sleeper", 100));
  EXPECT_EQ(sleeper.receive().payload, "fits");
  sleeper.expect_quiet(50ms);
  MqttClient reader = connect(with_maximum("reader", 100));
  reader.subscribe("size/#", 1);
  EXPECT_EQ(reader.receive().payload, "fits");
  reader.expect_quiet(50ms);
}

// Messages that are left out must give their place in the window back.
TEST_F(MaximumPacketSizeOfClient, ManyLargerMessagesDoNotCloseTheWindow) {
  ConnectOptions options = with_maximum("small", 100);
  options.properties.add(property::kReceiveMaximum, 2);
  MqttClient small = connect(options);
  small.subscribe("size/topic", 2);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 50; ++i)
    publisher.publish("size/topic", std::string(200, 'x'), static_cast<std::uint8_t>(1 + i % 2));
  publisher.publish("size/topic", "at last", 2);
  EXPECT_EQ(small.receive().payload, "at last");
}

// [MQTT-3.1.2-24] is for every packet: what explains a refusal is left out when it does not fit.
TEST_F(MaximumPacketSizeOfClient, EveryAnswerKeepsToIt) {
  MqttClient tiny = connect(with_maximum("tiny", 60));
  std::vector<Packet> answers;
  tiny.raw().send(
      publish_bytes(Version::V5, {.topic = "$unknown/name", .payload = "x", .qos = 1, .packet_id = 1}));
  answers.push_back(tiny.raw().next());
  tiny.raw().send(unsubscribe_bytes(Version::V5, 2, {"not/there"}));
  answers.push_back(tiny.raw().next());
  tiny.raw().send(hex("00 00"));
  if (const auto last = tiny.raw().poll(kPatience)) answers.push_back(*last);
  for (const Packet& packet : answers) EXPECT_LE(packet.wire_size, 60U) << describe(packet);
}

}  // namespace hermod::integration
