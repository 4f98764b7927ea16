#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hermod {

/// "10MB", "64KiB", "512" (bytes). kB, MB, GB and TB count in thousands, KiB, MiB, GiB and TiB in 1024.
/// Errors: Invalid, naming the units. Never negative.
Result<std::int64_t> parse_size(std::string_view text);
/// The shortest text that parse_size() turns into `bytes` again.
std::string size_text(std::int64_t bytes);

/// "500ms", "30s", "5m", "12h", "7d" in milliseconds; "0" needs no unit. Errors: Invalid, naming the units.
Result<std::int64_t> parse_duration(std::string_view text);
/// The shortest text that parse_duration() turns into `milliseconds` again.
std::string duration_text(std::int64_t milliseconds);

/// A decimal number with an optional minus and nothing around it. Errors: Invalid.
Result<std::int64_t> parse_integer(std::string_view text);

}  // namespace hermod
