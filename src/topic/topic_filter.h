#pragma once
#include <string_view>

#include "base/result.h"
#include "topic/levels.h"
#include "topic/limits.h"

namespace hermod::topic {

/// A topic filter that keeps the rules of MQTT 4.7. A view: owns nothing, lives no longer than the text it
/// was parsed from; any thread.
class TopicFilter {
 public:
  /// Errc::Invalid when `text` is empty, longer than 65,535 bytes, deeper than `limits.levels`, holds NUL or
  /// another control character below U+0020, or puts a wildcard where it may not stand. `$share/...` is not
  /// taken apart here: see parse_subscription. The error's detail never repeats the text.
  static Result<TopicFilter> parse(std::string_view text, const Limits& limits = {});

  std::string_view text() const { return text_; }
  bool has_wildcard() const { return has_wildcard_; }
  LevelReader levels() const { return LevelReader(text_); }

  friend bool operator==(const TopicFilter&, const TopicFilter&) = default;

 private:
  TopicFilter(std::string_view text, bool has_wildcard) : text_(text), has_wildcard_(has_wildcard) {}

  std::string_view text_;
  bool has_wildcard_;
};

/// What a SUBSCRIBE asks for: a filter, and for `$share/<share name>/<filter>` the group that shares it. A
/// view like TopicFilter.
struct SubscriptionTarget {
  /// Empty for an ordinary subscription.
  std::string_view share_name;
  TopicFilter filter;

  bool is_shared() const { return !share_name.empty(); }
};

/// Takes `$share/<share name>/<filter>` apart; every other text, `$queue/...` and the like included, is an
/// ordinary filter. Errc::Invalid as for TopicFilter::parse and when the share name is empty, holds a
/// wildcard, or no filter follows it. MQTT 3.1.1 clients are given shared subscriptions by the same rule.
Result<SubscriptionTarget> parse_subscription(std::string_view text, const Limits& limits = {});

}  // namespace hermod::topic
