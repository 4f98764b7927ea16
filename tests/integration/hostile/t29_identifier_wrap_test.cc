#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/aside.h"

namespace hermod::integration {

// More messages than there are identifiers pass a message that is not acknowledged: its identifier is never
// given to another one, and in the end everything arrives in order.
TEST_F(Hostile, T29_HeldIdentifierIsNotUsedAgainWhenTheyWrap) {
  constexpr int kMessages = 66000;
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("wrap/topic", 1);
  const Aside publishing([&] {
    MqttClient publisher = client("publisher");
    int acknowledged = 0;
    for (int sent = 0; sent < kMessages; ++sent) {
      publisher.send_publish({.topic = "wrap/topic", .payload = std::to_string(sent), .qos = 1});
      for (; sent - acknowledged >= 80; ++acknowledged) publisher.await(Type::Puback);
    }
    for (; acknowledged < kMessages; ++acknowledged) publisher.await(Type::Puback);
  });
  const Message held = subscriber.receive_unacknowledged();
  bool holding = true;
  for (int next = 1; next < kMessages; ++next) {
    // A broker may stop at the held identifier or step over it.
    if (holding && next > 65000) {
      const auto message = subscriber.try_receive(500ms);
      if (!message) {
        subscriber.acknowledge(held);
        holding = false;
        --next;
        continue;
      }
      ASSERT_EQ(message->payload, std::to_string(next));
      ASSERT_NE(message->packet_id, held.packet_id);
      continue;
    }
    const Message message = subscriber.receive();
    if (message.payload != std::to_string(next)) {
      ADD_FAILURE() << message.payload << " came instead of " << next;
      break;
    }
    if (holding && message.packet_id == held.packet_id) {
      ADD_FAILURE() << "identifier used twice";
      break;
    }
  }
}

}  // namespace hermod::integration
