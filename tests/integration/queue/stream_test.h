#pragma once
#include <string>
#include <vector>

#include "tests/integration/queue/queue_test.h"

namespace hermod::integration {

/// Settings of a stream "orders" that takes shop/#, and what is said of it besides.
inline Settings stream_of_the_shop(Settings more = {}) {
  more.emplace_back("kind", "stream");
  return orders(std::move(more));
}

inline std::vector<std::string> counted_up(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i) all.push_back(std::to_string(i));
  return all;
}

/// A broker with that stream, and its readers.
class StreamTest : public VersionedBrokerTest {
 protected:
  /// Their offsets, with as many keys where these are the topics.
  void publish(int first, int last, int keys = 1) {
    MqttClient publisher = client("publisher", GetParam());
    for (int i = first; i <= last; ++i)
      publisher.publish("shop/" + std::to_string(i % keys), std::to_string(i), 1);
  }
  void read(MqttClient& reader, const std::string& start) {
    if (!is_v5()) return void(reader.subscribe("$stream/orders/@" + start, 1));
    Properties properties;
    properties.user("stream-offset", start);
    reader.subscribe("$stream/orders", 1, 0, properties);
  }
  /// What is there from somewhere up to this one, as soon as there are no more than so many: what leaves does
  /// so a moment later.
  std::vector<std::string> kept_up_to(int last, std::size_t most, const std::string& start = "earliest") {
    MqttClient reader = client("looks", GetParam());
    std::vector<std::string> kept;
    for (int i = 0; i < 500; ++i) {
      kept.clear();
      read(reader, start);
      do {
        kept.push_back(reader.receive().payload);
      } while (kept.back() != std::to_string(last));
      if (kept.size() <= most) break;
      reader.expect_quiet(20ms);  // its turn with the disk
    }
    return kept;
  }
};

}  // namespace hermod::integration
