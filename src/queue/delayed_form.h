#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "queue/delayed_options.h"
#include "wire/properties.h"

namespace hermod::queue {

/// When a message is to be published, as it is stored. A delay runs on the steady clock while the broker
/// runs; a time of day is held against the wall clock, whatever that is set to meanwhile.
struct DelayedTime {
  enum class Kind : std::uint8_t { Delay = 1, TimeOfDay = 2 };
  Kind kind{};
  WallTime due{};
  WallTime sent{};  ///< when its PUBLISH came

  static DelayedTime after(std::chrono::seconds delay, WallTime now) {
    return {Kind::Delay, now + delay, now};
  }
  friend bool operator==(const DelayedTime&, const DelayedTime&) = default;
};

/// PUBLISH to `$delayed/<seconds>/<topic>`: after so many seconds, or above 42949670 at this Unix time. A
/// view into the topic.
struct DelayedForm {
  std::uint64_t seconds = 0;
  std::string_view topic;  ///< a topic name, if topic/ says so; it does not begin with `$`

  /// Errors: Invalid, saying what is expected. Precondition: is_delayed_form(text).
  static Result<DelayedForm> parse(std::string_view text);
  DelayedTime time_from(WallTime now) const;
};

bool is_delayed_form(std::string_view topic);

/// What the user property `delay-level` asks for; the first, if there are several; nothing without one.
/// Errors: Invalid when there is no such level.
Result<std::optional<std::chrono::seconds>> wanted_delay(const wire::UserProperties& properties,
                                                         const DelayLevels& levels);

}  // namespace hermod::queue
