#include "tests/crash/keepsakes.h"

#include <set>

#include "tests/support/mqtt_client.h"

namespace hermod::crash {

using namespace support;

namespace {

constexpr std::size_t kMostNamed = 20;
constexpr int kInOnePacket = 30;

std::string kept_topic(int i) {
  return "kept/" + std::to_string(i);
}

std::string asked_topic(int i) {
  return "asked/" + std::to_string(i);
}

ConnectOptions witness() {
  ConnectOptions options{.client_id = "witness", .clean = false};
  options.properties.add(property::kSessionExpiryInterval, 3600);
  return options;
}

/// Receives until all have come or nothing comes any more; `expected` becomes what did not come.
void receive_all(MqttClient& client, std::set<std::string>& expected) {
  while (!expected.empty()) {
    const auto message = client.try_receive(kPatience);
    if (!message) return;
    expected.erase(message->topic);
  }
}

void name_all(const std::set<std::string>& missing, const std::string& what, std::vector<std::string>& all) {
  for (const std::string& topic : missing)
    if (all.size() < kMostNamed) all.push_back(what + topic);
}

}  // namespace

void Keepsakes::lay_down(std::uint16_t port) {
  MqttClient keeper(port, witness());
  for (int i = 0; i < kCount; i += kInOnePacket) {
    std::vector<Subscription> subscriptions;
    for (int j = i; j < i + kInOnePacket; ++j) subscriptions.push_back({asked_topic(j), 1});
    for (const std::uint8_t reason : keeper.subscribe_all(subscriptions).reasons)
      if (reason != 1) throw Unexpected("a subscription was refused");
  }
  for (int i = 0; i < kCount; ++i) {
    const Ack ack =
        keeper.publish({.topic = kept_topic(i), .payload = std::to_string(i), .qos = 1, .retain = true});
    if (ack.reason >= 0x80) throw Unexpected("a retained message was refused");
  }
  keeper.disconnect();
}

std::vector<std::string> Keepsakes::missing(std::uint16_t port) {
  std::vector<std::string> all;
  MqttClient keeper(port, witness());
  if (!keeper.connack().session_present) all.emplace_back("witness lost its session");
  std::set<std::string> asked;
  for (int i = 0; i < kCount; ++i) {
    keeper.send_publish({.topic = asked_topic(i), .payload = "?"});  // of QoS 0: nothing of it is stored
    asked.insert(asked_topic(i));
  }
  receive_all(keeper, asked);
  name_all(asked, "witness lost its subscription to ", all);
  keeper.disconnect();

  MqttClient late(port, {.client_id = "latest"});
  late.subscribe("kept/#", 0);
  std::set<std::string> kept;
  for (int i = 0; i < kCount; ++i) kept.insert(kept_topic(i));
  receive_all(late, kept);
  name_all(kept, "nothing is retained any more for ", all);
  late.disconnect();
  return all;
}

}  // namespace hermod::crash
