#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T28_StrayAcknowledgementsDoNotRaiseTheQuota) {
  for (const Type stray : {Type::Puback, Type::Pubrec, Type::Pubrel, Type::Pubcomp}) {
    ConnectOptions options{.client_id = "subscriber"};
    options.properties.add(property::kReceiveMaximum, 2);
    MqttClient subscriber = connect(options);
    subscriber.subscribe("quota/topic", 1);
    for (int i = 0; i < 20; ++i) subscriber.send_ack(stray, static_cast<std::uint16_t>(30000 + i));
    MqttClient publisher = client("publisher");
    for (int i = 0; i < 10; ++i) publisher.publish("quota/topic", std::to_string(i), 1);
    // The broker may end such a connection; if it does not, the window is what it was.
    std::size_t received = 0;
    while (const auto packet = subscriber.raw().poll(200ms)) {
      if (packet->type == Type::Publish) ++received;
    }
    EXPECT_LE(received, 2U);
    if (!subscriber.raw().closed()) {
      EXPECT_EQ(received, 2U);
    }
  }
}

TEST_F(Hostile, T28_SecondAcknowledgementDoesNotCount) {
  ConnectOptions options{.client_id = "subscriber"};
  options.properties.add(property::kReceiveMaximum, 2);
  MqttClient subscriber = connect(options);
  subscriber.subscribe("quota/topic", 1);
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 10; ++i) publisher.publish("quota/topic", std::to_string(i), 1);
  const Message first = subscriber.receive_unacknowledged();
  subscriber.receive_unacknowledged();
  for (int i = 0; i < 5; ++i) subscriber.send_ack(Type::Puback, first.packet_id);
  std::size_t more = 0;
  while (const auto packet = subscriber.raw().poll(200ms)) {
    if (packet->type == Type::Publish) ++more;
  }
  EXPECT_LE(more, 1U);
  if (!subscriber.raw().closed()) {
    EXPECT_EQ(more, 1U);
  }
}

}  // namespace hermod::integration
