#pragma once
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "queue/message.h"
#include "topic/topic_filter.h"

namespace hermod::retain {

inline WallTime at_second(std::int64_t second) {
  return WallTime(std::chrono::seconds(second));
}

inline queue::MessagePtr message_of(std::string_view topic, std::string_view payload = "x",
                                    WallTime expires_at = queue::Message::kNever) {
  return queue::Message::create({.topic = topic,
                                 .payload = as_bytes(payload),
                                 .forwarded_properties = {},
                                 .retain = true,
                                 .expires_at = expires_at});
}

inline topic::TopicFilter filter_of(std::string_view text) {
  return topic::TopicFilter::parse(text, {.levels = 65536}).value();
}

/// Random texts of few short levels; some sort around `/` and `$`, where orders go wrong.
class RandomTexts {
 public:
  explicit RandomTexts(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }
  std::string topic() { return text({"a", "b", "", "a!", "a0", "$x", "c", "~", "!"}); }
  std::string filter() {
    const std::string filter = text({"a", "b", "", "a!", "a0", "$x", "+", "+", "+"});
    switch (below(5)) {
      case 0:
        return "#";
      case 1:
        return filter + "/#";
      default:
        return filter;
    }
  }

 private:
  std::string text(const std::vector<std::string>& levels) {
    std::string text;
    const std::uint32_t depth = 1 + below(4);
    for (std::uint32_t i = 0; i < depth; ++i) {
      if (i > 0) text += '/';
      text += levels[below(static_cast<std::uint32_t>(levels.size()))];
    }
    return text.empty() ? "a" : text;
  }

  std::mt19937 random_;
};

}  // namespace hermod::retain
