#pragma once
#include <string_view>

#include "base/result.h"
#include "store/options.h"

namespace hermod::config {

/// What parse_flush_policy() takes, for people.
inline constexpr std::string_view kFlushPolicies = "sync, memory, or interval: with 1 to 60000 ms behind it";

/// "sync", "memory" or "interval:100", in milliseconds from 1 to a minute. Errors: Invalid.
Result<store::Flush> parse_flush_policy(std::string_view text);

}  // namespace hermod::config
