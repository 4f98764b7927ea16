#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "queue/transaction_records.h"
#include "tests/unit/broker/queue_fixture.h"

namespace hermod::broker::testing {

/// Clients that speak to transactions in topics.
class TransactionTest : public QueuePathTest {
 protected:
  static std::string prepare_topic(std::string_view id, std::string_view topic) {
    return "$tx/" + std::string(id) + "/prepare/" + std::string(topic);
  }
  /// It is durable, and nobody sees it.
  void prepare(FakeClient& from, std::string_view id, const std::string& payload,
               std::string_view topic = "shop/a", QoS qos = kQoS1) {
    publish(from, {prepare_topic(id, topic), payload, qos, ++packet_id_});
    settle();
    EXPECT_THAT(heard(from), ElementsAre((qos == kQoS1 ? "PUBACK #" : "PUBREC #") + number()));
  }
  /// How a commit or a rollback was answered: "" is success.
  std::string end(FakeClient& from, std::string_view id, const char* verb = "commit") {
    publish(from, {"$tx/" + std::string(id) + "/" + verb, "", kQoS1, ++packet_id_});
    settle();
    for (const std::string& text : heard(from)) {
      if (text == "end") return text;
      const std::string ack = "PUBACK #" + number();
      if (text.starts_with(ack)) return text.size() > ack.size() ? text.substr(ack.size() + 1) : "";
    }
    return "nothing";
  }
  /// Consumes from the queue orders, and keeps what comes with that.
  FakeClient worker() {
    FakeClient client = login("worker");
    client.subscribe({1}, {{"$queue/orders", kQoS1}});
    settle();
    return client;
  }
  /// All that it gets, one after the other.
  std::vector<std::string> take_all(FakeClient& client) {
    std::vector<std::string> all;
    for (bool is_more = true; is_more;) {
      is_more = false;
      for (const test::Arrived& one : messages(client)) {
        all.push_back(one.payload);
        client.ack(PacketType::Puback, one.id);
        is_more = true;
      }
      settle();
    }
    return all;
  }
  std::string number() const { return std::to_string(packet_id_); }
  std::uint64_t open() { return broker().transactions().open(); }
  void pass(std::chrono::milliseconds time) { broker().pass(time); }

  std::uint16_t packet_id_ = 0;
};

}  // namespace hermod::broker::testing
