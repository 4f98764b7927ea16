#include <set>

#include "tests/support/broker_test.h"

namespace hermod::integration {

using ManyRetained = BrokerTest;

TEST_F(ManyRetained, TenThousandTopicsArriveByOneWildcard) {
  constexpr int kTopics = 10000;
  MqttClient publisher = client("publisher");
  std::string burst;
  for (int i = 0; i < kTopics; ++i) {
    burst += publish_bytes(Version::V5, {.topic = "many/" + std::to_string(i % 100) + "/" + std::to_string(i),
                                         .payload = std::to_string(i),
                                         .retain = true});
  }
  publisher.raw().send(burst);
  publisher.publish({.topic = "many/end", .payload = "end", .qos = 1, .retain = true});

  MqttClient reader = client("reader");
  reader.subscribe("many/+/+", 1);
  std::set<std::string> found;
  for (int i = 0; i < kTopics; ++i) {
    const Message message = reader.receive();
    ASSERT_TRUE(message.retain);
    ASSERT_TRUE(found.insert(message.payload).second) << message.topic << " came twice";
  }
  reader.expect_quiet(50ms);
  reader.unsubscribe({"many/+/+"});
  reader.subscribe("many/7/+", 0);
  for (int i = 0; i < kTopics / 100; ++i) ASSERT_TRUE(reader.receive().topic.starts_with("many/7/"));
  reader.expect_quiet(50ms);
}

// The window of a small client must not lose any of them.
TEST_F(ManyRetained, SmallReceiveMaximumOnlySlowsThem) {
  constexpr int kTopics = 500;
  MqttClient publisher = client("publisher");
  for (int i = 0; i < kTopics; ++i) {
    publisher.publish({.topic = "many/" + std::to_string(i), .payload = "x", .qos = 1, .retain = true});
  }
  ConnectOptions options{.client_id = "reader"};
  options.properties.add(property::kReceiveMaximum, 2);
  MqttClient reader = connect(options);
  reader.subscribe("many/#", 1);
  std::set<std::string> found;
  for (int i = 0; i < kTopics; ++i) found.insert(reader.receive().topic);
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kTopics));
}

}  // namespace hermod::integration
