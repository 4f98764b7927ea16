#pragma once
#include <chrono>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/queue_definition.h"
#include "queue/settlement.h"
#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {

using namespace std::chrono_literals;

/// Named queues of a broker that a test steps by hand.
class QueuePathTest : public PathTest {
 protected:
  /// A configured queue that takes what is published to `filter`. Before broker() is used first.
  queue::QueueDefinition& configure(std::string name, std::string filter) {
    queue::QueueDefinition definition;
    definition.name = std::move(name);
    definition.bind = {std::move(filter)};
    options_.queues.configured.push_back(std::move(definition));
    return options_.queues.configured.back();
  }
  /// A connected consumer of that queue; without acknowledgements of its own.
  FakeClient consumer(const std::string& client_id, std::string_view queue = "orders", QoS qos = kQoS1,
                      std::size_t shard = 0) {
    FakeClient client = login({.client_id = client_id, .shard = shard});
    subscribe(client, "$queue/" + std::string(queue), qos);
    return client;
  }
  /// Messages "1" to "n", acknowledged.
  void send(const std::string& topic, int count) {
    FakeClient publisher = login("source");
    for (int i = 1; i <= count; ++i)
      publish(publisher, {topic, std::to_string(i), kQoS1, static_cast<std::uint16_t>(i)});
    settle();
  }
  /// A PUBLISH to shop/a with user properties.
  void publish_with(FakeClient& from, std::uint16_t id, const std::string& payload,
                    std::initializer_list<std::pair<const char*, const char*>> said, QoS qos = kQoS1) {
    wire::PropertyWriter properties;
    for (const auto& [name, value] : said) properties.add_user(name, value);
    wire::Publish packet;
    packet.topic = "shop/a";
    packet.payload = as_bytes(payload);
    packet.qos = qos;
    packet.id = wire::PacketId{id};
    packet.properties = properties.properties();
    from.publish(packet);
  }
  using Said = std::map<std::string, std::string>;
  /// What has come, payload by payload, unacknowledged.
  static std::vector<test::Arrived> messages(FakeClient& client) {
    std::vector<test::Arrived> all;
    for (test::Arrived& one : client.receive())
      if (one.type == PacketType::Publish) all.push_back(std::move(one));
    return all;
  }
  static std::vector<std::string> payloads(FakeClient& client) {
    std::vector<std::string> all;
    for (const test::Arrived& one : messages(client)) all.push_back(one.payload);
    return all;
  }
};

}  // namespace hermod::broker::testing
