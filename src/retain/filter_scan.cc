#include "retain/filter_scan.h"

#include <compare>
#include <cstddef>

#include "retain/topic_order.h"
#include "topic/levels.h"

namespace hermod::retain {
namespace {

bool is_wildcard(std::string_view level) {
  return level == "+" || level == "#";
}

}  // namespace

bool Seek::is_before(std::string_view topic) const {
  return std::is_lt(compare_topics(topic, text)) || (to == To::PastSubtree && is_within(text, topic));
}

Seek FilterScan::start() {
  // Everything that matches begins with the levels in front of the first wildcard.
  std::string_view head = filter_.text();
  if (filter_.has_wildcard()) {
    head = head.substr(0, head.find_first_of("+#"));
    if (head.ends_with('/')) head.remove_suffix(1);
  }
  return {Seek::To::AtLeast, head};
}

FilterScan::Verdict FilterScan::look_at(std::string_view topic) {
  topic::LevelReader wanted = filter_.levels();
  topic::LevelReader given(topic);
  // The topic up to its last level that a `+` stood for: the only place where the scan may go on to another
  // level once the ones behind it are settled.
  std::string_view turn;
  bool has_turn = false;
  const auto past_turn = [&] { return has_turn ? Seek{Seek::To::PastSubtree, turn} : Seek{}; };

  if (topic.starts_with('$') && is_wildcard(filter_.levels().next())) {
    return {false, {Seek::To::AtLeast, "%"}};  // `%` follows `$`  [MQTT-4.7.2-1]
  }
  while (!wanted.done()) {
    const std::string_view want = wanted.next();
    if (want == "#") return {true, {Seek::To::Next}};
    if (given.done()) {
      return {false, want == "+" ? Seek{Seek::To::Next} : at_least(topic, "/", want)};
    }
    const std::string_view level = given.next();
    const auto level_end = static_cast<std::size_t>(level.data() + level.size() - topic.data());
    if (want == "+") {
      turn = topic.substr(0, level_end);
      has_turn = true;
    } else if (const auto order = compare_topics(level, want); std::is_lt(order)) {
      return {false, at_least(topic.substr(0, level_end - level.size()), "", want)};
    } else if (std::is_gt(order)) {
      return {false, past_turn()};
    }
  }
  return {given.done(), past_turn()};
}

Seek FilterScan::at_least(std::string_view head, std::string_view separator, std::string_view level) {
  place_.assign(head).append(separator).append(level);
  return {Seek::To::AtLeast, place_};
}

}  // namespace hermod::retain
