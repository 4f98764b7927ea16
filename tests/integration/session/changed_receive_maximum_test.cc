#include "tests/support/broker_test.h"

namespace hermod::integration {

using ChangedReceiveMaximum = BrokerTest;

namespace {

ConnectOptions durable_with(std::uint16_t maximum) {
  ConnectOptions options = durable("subscriber");
  options.properties.add(property::kReceiveMaximum, maximum);
  return options;
}

}  // namespace

// 3.1.2.11.3: the value belongs to the connection, the messages under way to the session.
TEST_F(ChangedReceiveMaximum, SmallerWindowHoldsOnTheNextConnection) {
  MqttClient publisher = client("publisher");
  {
    MqttClient first = connect(durable_with(10));
    first.subscribe("window/topic", 1);
    for (int i = 0; i < 10; ++i) publisher.publish("window/topic", std::to_string(i), 1);
    for (int i = 0; i < 6; ++i) first.receive_unacknowledged();
    first.drop();
  }
  MqttClient second = connect(durable_with(2));
  ASSERT_TRUE(second.connack().session_present);
  std::vector<std::string> received;
  for (int i = 0; i < 5; ++i) {
    const Message one = second.receive_unacknowledged();
    const Message two = second.receive_unacknowledged();
    second.expect_quiet(50ms);
    received.push_back(one.payload);
    received.push_back(two.payload);
    second.acknowledge(one);
    second.acknowledge(two);
  }
  std::vector<std::string> expected;
  for (int i = 0; i < 10; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(received, expected);
}

TEST_F(ChangedReceiveMaximum, LargerWindowHoldsOnTheNextConnection) {
  MqttClient publisher = client("publisher");
  {
    MqttClient first = connect(durable_with(1));
    first.subscribe("window/topic", 2);
    for (int i = 0; i < 5; ++i) publisher.publish("window/topic", std::to_string(i), 2);
    first.receive_unacknowledged();
    first.expect_quiet(50ms);
    first.drop();
  }
  MqttClient second = connect(durable_with(5));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(second.receive_unacknowledged().payload, std::to_string(i));
}

}  // namespace hermod::integration
