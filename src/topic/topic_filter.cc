#include "topic/topic_filter.h"

namespace hermod::topic {
namespace {

constexpr std::string_view kSharePrefix = "$share/";

}  // namespace

Result<TopicFilter> TopicFilter::parse(std::string_view text, const Limits& limits) {
  if (text.empty()) return failure(Errc::Invalid, "topic filter is empty");  // [MQTT-4.7.3-1]
  if (text.size() > kMaxTopicBytes)
    return failure(Errc::Invalid, "topic filter is too long");  // [MQTT-4.7.3-3]
  std::size_t levels = 1;
  bool has_wildcard = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '/') {
      ++levels;
    } else if (c == '+' || c == '#') {
      const bool starts_level = at == 0 || text[at - 1] == '/';
      const bool ends_text = at + 1 == text.size();
      if (c == '#' && !(starts_level && ends_text)) {
        return failure(Errc::Invalid, "# is not the whole last level of the filter");  // [MQTT-4.7.1-1]
      }
      if (c == '+' && !(starts_level && (ends_text || text[at + 1] == '/'))) {
        return failure(Errc::Invalid, "+ is not a whole level of the filter");  // [MQTT-4.7.1-2]
      }
      has_wildcard = true;
    } else if (is_control(c)) {
      return failure(Errc::Invalid, "topic filter has a control character");  // [MQTT-4.7.3-2]
    }
  }
  if (levels > limits.levels) return failure(Errc::Invalid, "topic filter has too many levels");
  return TopicFilter(text, has_wildcard);
}

Result<SubscriptionTarget> parse_subscription(std::string_view text, const Limits& limits) {
  std::string_view share_name;
  if (text == kSharePrefix.substr(0, kSharePrefix.size() - 1)) {
    return failure(Errc::Invalid, "shared subscription has no share name");  // [MQTT-4.8.2-1]
  }
  if (text.starts_with(kSharePrefix)) {
    text.remove_prefix(kSharePrefix.size());
    const std::size_t slash = text.find('/');
    share_name = text.substr(0, slash);
    if (share_name.empty()) {
      return failure(Errc::Invalid, "shared subscription has an empty share name");  // [MQTT-4.8.2-1]
    }
    if (share_name.find_first_of("+#") != std::string_view::npos) {
      return failure(Errc::Invalid, "share name has a wildcard");  // [MQTT-4.8.2-2]
    }
    for (const char c : share_name) {
      if (is_control(c)) return failure(Errc::Invalid, "share name has a control character");
    }
    if (slash == std::string_view::npos) {
      return failure(Errc::Invalid, "shared subscription has no filter");  // [MQTT-4.8.2-2]
    }
    text.remove_prefix(slash + 1);
  }
  return TopicFilter::parse(text, limits).map([&](TopicFilter filter) {
    return SubscriptionTarget{share_name, filter};
  });
}

}  // namespace hermod::topic
