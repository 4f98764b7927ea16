#include "topic/topic_name.h"

namespace hermod::topic {

Result<TopicName> TopicName::parse(std::string_view text, const Limits& limits) {
  if (text.empty()) return failure(Errc::Invalid, "topic name is empty");  // [MQTT-4.7.3-1]
  if (text.size() > kMaxTopicBytes)
    return failure(Errc::Invalid, "topic name is too long");  // [MQTT-4.7.3-3]
  std::size_t levels = 1;
  for (const char c : text) {
    if (c == '/') {
      ++levels;
    } else if (c == '+' || c == '#') {
      return failure(Errc::Invalid, "topic name has a wildcard");  // [MQTT-3.3.2-2], [MQTT-4.7.1-1]
    } else if (is_control(c)) {
      return failure(Errc::Invalid, "topic name has a control character");  // [MQTT-4.7.3-2]
    }
  }
  if (levels > limits.levels) return failure(Errc::Invalid, "topic name has too many levels");
  return TopicName(text);
}

}  // namespace hermod::topic
