#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hermod::store {

/// When the journal is synced for a batch that could do without (Submission::needs_sync).
struct Flush {
  enum class When : std::uint8_t {
    Sync,      ///< before it counts as durable
    Interval,  ///< `interval` after the oldest write that is not synced
    Memory,    ///< with the next thing that needs it: another batch, a full segment, a checkpoint, a stop
  };
  When when = When::Sync;
  std::chrono::milliseconds interval{0};

  friend bool operator==(const Flush&, const Flush&) = default;
  /// "sync", "memory" or "interval:100", in milliseconds from 1 to a minute. Errors: Invalid.
  static Result<Flush> parse(std::string_view text);
  /// As it is configured: what parse() takes.
  std::string text() const;

  /// A power cut may take what was answered.
  bool is_relaxed() const { return when != When::Sync; }
  /// It syncs what `other` does not sync, or sooner.
  bool is_stricter_than(const Flush& other) const {
    if (when != other.when) return when < other.when;
    return when == When::Interval && interval < other.interval;
  }
};

/// What Flush::parse() takes, for people.
inline constexpr std::string_view kFlushPolicies = "sync, memory, or interval: with 1 to 60000 ms behind it";

}  // namespace hermod::store
