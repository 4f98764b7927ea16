#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// Settings of a queue "orders" that takes shop/#, and what is said of it besides.
inline Settings orders(Settings more = {}) {
  Settings settings{{"queues.orders.bind", "shop/#"}};
  for (auto& [key, value] : more) settings.emplace_back("queues.orders." + key, value);
  return settings;
}

/// The first value of a user property.
inline std::optional<std::string> said(const Message& message, std::string_view name) {
  for (const auto& [key, value] : message.properties.users())
    if (key == name) return value;
  return std::nullopt;
}

/// A PUBLISH at QoS 1 with an ordering key.
inline PublishOptions keyed(std::string topic, std::string payload, std::string_view key) {
  PublishOptions publish{.topic = std::move(topic), .payload = std::move(payload), .qos = 1};
  publish.properties.user("key", key);
  return publish;
}

}  // namespace hermod::integration
