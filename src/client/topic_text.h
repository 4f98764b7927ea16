#pragma once
#include <string_view>

namespace hermod::client {

/// A topic name one can publish to: not empty, at most 65535 bytes of UTF-8, no + and # (4.7).
bool is_topic_name(std::string_view text);
/// A topic filter one can subscribe to: + and # only as whole levels, # only as the last [MQTT-4.7.1-1].
bool is_topic_filter(std::string_view text);
/// Whether `filter` matches `topic`. Precondition: both are valid; `filter` has no $share prefix.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace hermod::client
