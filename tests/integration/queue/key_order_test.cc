// With order "key" the messages of a key are worked on one after the other, and keys side by side.

#include <map>
#include <set>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

using KeyOrder = BrokerTest;

TEST_F(KeyOrder, OfAKeyOneMessageIsOutAtATimeAndKeysRunSideBySide) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  MqttClient publisher = client("publisher");
  for (int i = 0; i < 3; ++i)
    for (const char* key : {"a", "b", "c"})
      publisher.publish(keyed("shop/" + std::string(key), std::to_string(i), key));
  MqttClient consumer = client("consumer");
  consumer.subscribe("$queue/orders", 1);
  for (int i = 0; i < 3; ++i) {
    std::map<std::string, Message> out;
    for (int keys = 0; keys < 3; ++keys) {
      const Message message = consumer.receive_unacknowledged();
      EXPECT_EQ(message.payload, std::to_string(i)) << message.topic;
      out[message.topic] = message;
    }
    EXPECT_EQ(out.size(), 3U) << "one of each key";
    consumer.expect_quiet(20ms);
    for (const auto& [topic, message] : out) consumer.acknowledge(message);
  }
}

TEST_F(KeyOrder, SurvivesConsumersThatComeAndGo) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with(orders());
  MqttClient publisher = client("publisher");
  constexpr int kMessages = 40;
  for (int i = 0; i < kMessages; ++i)
    for (const char* key : {"a", "b", "c", "d"})
      publisher.publish(keyed("shop/" + std::string(key), std::to_string(i), key));
  std::map<std::string, int> next;
  std::set<std::pair<std::string, int>> done;
  for (int stay = 0; done.size() < 4 * kMessages; ++stay) {
    ASSERT_LT(stay, 1000);
    MqttClient consumer = client("consumer-" + std::to_string(stay % 3));
    consumer.subscribe("$queue/orders", 1);
    for (int i = 0; i < 7 && done.size() < 4 * kMessages; ++i) {
      const Message message = consumer.receive_unacknowledged();
      const int number = std::stoi(message.payload);
      // What was acknowledged and not erased yet may come again; nothing is passed over.
      EXPECT_LE(number, next[message.topic]) << message.topic;
      next[message.topic] = std::max(next[message.topic], number + 1);
      if (i == 6) break;  // it dies with this one
      consumer.acknowledge(message);
      done.emplace(message.topic, number);
    }
    consumer.drop();
  }
}

}  // namespace hermod::integration
