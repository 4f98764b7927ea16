#include "client/topic_text.h"

#include "wire/utf8.h"

namespace hermod::client {
namespace {

constexpr std::size_t kLongest = 65535;

bool is_text(std::string_view text) {
  return !text.empty() && text.size() <= kLongest && wire::is_valid_string(as_bytes(text));
}

/// Takes the first level off `rest`; false when there is none left.
bool next_level(std::string_view& rest, bool& at_end, std::string_view& level) {
  if (at_end) return false;
  const std::size_t slash = rest.find('/');
  level = rest.substr(0, slash);
  at_end = slash == std::string_view::npos;
  if (!at_end) rest.remove_prefix(slash + 1);
  return true;
}

}  // namespace

bool is_topic_name(std::string_view text) {
  return is_text(text) && text.find_first_of("+#") == std::string_view::npos;
}

bool is_topic_filter(std::string_view text) {
  if (!is_text(text)) return false;
  bool at_end = false;
  std::string_view level;
  while (next_level(text, at_end, level)) {
    if (level.size() == 1 && (level[0] == '+' || (level[0] == '#' && at_end))) continue;
    if (level.find_first_of("+#") != std::string_view::npos) return false;
  }
  return true;
}

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && !filter.starts_with('$')) return false;  // [MQTT-4.7.2-1]
  bool filter_ended = false;
  bool topic_ended = false;
  std::string_view wanted;
  std::string_view level;
  while (next_level(filter, filter_ended, wanted)) {
    if (wanted == "#") return true;
    if (!next_level(topic, topic_ended, level)) return false;
    if (wanted != "+" && wanted != level) return false;
  }
  return topic_ended;
}

}  // namespace hermod::client
