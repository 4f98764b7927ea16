#include "config/flush_policy.h"

#include <string>

#include "base/units.h"

namespace hermod::config {

Result<store::Flush> parse_flush_policy(std::string_view text) {
  constexpr std::string_view kInterval = "interval:";
  constexpr std::int64_t kLongest = 60'000;
  if (text == "sync") return store::Flush{};
  if (text == "memory") return store::Flush{store::Flush::When::Memory, {}};
  if (text.starts_with(kInterval)) {
    const auto number = parse_integer(text.substr(kInterval.size()));
    if (number && *number >= 1 && *number <= kLongest)
      return store::Flush{store::Flush::When::Interval, std::chrono::milliseconds(*number)};
  }
  return failure(Errc::Invalid, "\"" + std::string(text) + "\" is not " + std::string(kFlushPolicies));
}

}  // namespace hermod::config
