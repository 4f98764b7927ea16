#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hermod::topic {

/// Trees of topics that only the broker publishes to, and only while somebody has subscribed.
enum class BrokerTopics : std::uint8_t {
  Events,   ///< what happens in the broker
  Expired,  ///< copies of messages that have expired,
  Dropped,  ///< that a rule has dropped,
  Dead      ///< that have become dead letters
};
inline constexpr std::size_t kBrokerTopicsCount = 4;

/// What all of their topics begin with.
inline constexpr std::array<std::string_view, kBrokerTopicsCount> kBrokerTopics{"$events/", "$expired/",
                                                                                "$dropped/", "$dead/"};
constexpr std::string_view prefix_of(BrokerTopics topics) {
  return kBrokerTopics[static_cast<std::size_t>(topics)];
}

/// The tree that a topic filter looks into; nothing: another one. Wildcards at the first level never match
/// these. [MQTT-4.7.2-1]
constexpr std::optional<BrokerTopics> broker_topics_of(std::string_view filter) {
  if (!filter.starts_with('$')) return std::nullopt;
  for (std::size_t i = 0; i < kBrokerTopicsCount; ++i)
    if (filter.starts_with(kBrokerTopics[i])) return static_cast<BrokerTopics>(i);
  return std::nullopt;
}

}  // namespace hermod::topic
