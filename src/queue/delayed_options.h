#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hermod::queue {

/// How long each `delay-level` is, from level 1 on.
using DelayLevels = std::vector<std::chrono::seconds>;

inline constexpr std::string_view kDefaultDelayLevels =
    "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";

/// "1s 5s 1m": durations in whole seconds with a space between them. Errors: Invalid, saying what is wrong.
Result<DelayLevels> parse_delay_levels(std::string_view text);
/// The text that parse_delay_levels() turns into them again.
std::string delay_levels_text(const DelayLevels& levels);

/// What the configuration says about delayed messages.
struct DelayedOptions {
  std::uint64_t max_pending = 10'000'000;  ///< beyond that a PUBLISH is refused with 0x97
  DelayLevels levels = *parse_delay_levels(kDefaultDelayLevels);
};

}  // namespace hermod::queue
