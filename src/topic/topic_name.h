#pragma once
#include <string_view>

#include "base/result.h"
#include "topic/levels.h"
#include "topic/limits.h"

namespace hermod::topic {

/// A topic name that keeps the rules of MQTT 4.7. A view: owns nothing, lives no longer than the text it was
/// parsed from; any thread.
class TopicName {
 public:
  /// Errc::Invalid when `text` is empty, longer than 65,535 bytes, deeper than `limits.levels`, or holds a
  /// wildcard, NUL or another control character below U+0020. UTF-8 is the decoder's business and is not
  /// checked again. The error's detail names the rule and never repeats the text.
  static Result<TopicName> parse(std::string_view text, const Limits& limits = {});

  std::string_view text() const { return text_; }
  /// Begins with `$`: wildcards at the first level do not reach it.
  bool is_reserved() const { return text_.front() == '$'; }
  LevelReader levels() const { return LevelReader(text_); }

  friend bool operator==(const TopicName&, const TopicName&) = default;

 private:
  explicit TopicName(std::string_view text) : text_(text) {}

  std::string_view text_;
};

}  // namespace hermod::topic
