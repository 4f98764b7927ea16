// QoS 2 between a named queue and its consumer: exactly once, over kills of the broker and reconnects.

#include <set>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

class ExactlyOnce : public VersionedBrokerTest {
 protected:
  /// PUBREC, PUBREL, PUBCOMP.
  static void finish(MqttClient& consumer, const Message& message) { consumer.acknowledge(message); }
};

TEST_P(ExactlyOnce, AMessageWhosePubrecWasNotSentComesAgainUnderItsIdentifier) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  Message first;
  {
    MqttClient consumer = durable_client("consumer", GetParam());
    consumer.subscribe("$queue/orders", 2);
    client("publisher", GetParam()).publish("shop/a", "1", 2);
    first = consumer.receive_unacknowledged();
    EXPECT_EQ(first.qos, 2);
  }
  broker().kill();
  broker().start();
  MqttClient back = durable_client("consumer", GetParam());
  const Message again = back.receive_unacknowledged();
  EXPECT_EQ(again.payload, "1");
  EXPECT_EQ(again.packet_id, first.packet_id);
  EXPECT_TRUE(again.dup);
  finish(back, again);
  back.drop();
  broker().kill();
  broker().start();
  MqttClient last = durable_client("consumer", GetParam());
  last.expect_quiet(50ms);
}

TEST_P(ExactlyOnce, AMessageWhosePubrelWasSentNeverComesAgain) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  Message message;
  {
    MqttClient consumer = durable_client("consumer", GetParam());
    consumer.subscribe("$queue/orders", 2);
    client("publisher", GetParam()).publish("shop/a", "1", 1);
    message = consumer.receive_unacknowledged();
    consumer.send_ack(Type::Pubrec, message.packet_id);
    consumer.await_ack(Type::Pubrel, message.packet_id);
  }
  broker().kill();
  broker().start();
  MqttClient back = durable_client("consumer", GetParam());
  back.await_ack(Type::Pubrel, message.packet_id);
  back.send_ack(Type::Pubcomp, message.packet_id);
  back.expect_quiet(50ms);
  MqttClient other = client("other", GetParam());
  other.subscribe("$queue/orders", 1);
  other.expect_quiet(50ms);
}

/// The client's end of QoS 2: a message counts when its identifier is new.
class Receiver {
 public:
  explicit Receiver(Version version) : version_(version) {}

  /// Reads one packet and answers it. True: it was a message.
  bool step(MqttClient& consumer) {
    const Packet packet = consumer.raw().next();
    if (packet.type == Type::Publish) {
      const Message message = parse_publish(version_, packet);
      if (open_.insert(message.packet_id).second) received_.insert(message.payload);
      consumer.send_ack(Type::Pubrec, message.packet_id);
      return true;
    }
    if (packet.type == Type::Pubrel) {
      const Ack ack = parse_ack(version_, Type::Pubrel, packet);
      open_.erase(ack.packet_id);
      consumer.send_ack(Type::Pubcomp, ack.packet_id);
    }
    return false;
  }
  const std::multiset<std::string>& received() const { return received_; }
  bool is_done(std::size_t messages) const { return open_.empty() && received_.size() >= messages; }

 private:
  const Version version_;
  std::multiset<std::string> received_;
  std::set<std::uint16_t> open_;
};

TEST_P(ExactlyOnce, ManyKillsLoseAndRepeatNothing) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders({{"order", "none"}}));
  std::multiset<std::string> sent;
  Receiver receiver(GetParam());
  for (int round = 0; round < 5; ++round) {
    MqttClient publisher = client("publisher", GetParam());
    for (int i = 0; i < 10; ++i) {
      const std::string payload = std::to_string(round * 10 + i);
      publisher.publish("shop/a", payload, 2);
      sent.insert(payload);
    }
    MqttClient consumer = durable_client("consumer", GetParam());
    if (round == 0) consumer.subscribe("$queue/orders", 2);
    for (int messages = 0; messages < 7;) messages += receiver.step(consumer) ? 1 : 0;
    broker().kill();  // somewhere in the middle of several exchanges
    broker().start();
  }
  MqttClient consumer = durable_client("consumer", GetParam());
  while (!receiver.is_done(sent.size())) receiver.step(consumer);
  EXPECT_EQ(receiver.received(), sent);
}

INSTANTIATE_TEST_SUITE_P(Main, ExactlyOnce, main_versions());

}  // namespace hermod::integration
