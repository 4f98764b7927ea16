#include "store/flush.h"

#include "base/units.h"

namespace hermod::store {

Result<Flush> Flush::parse(std::string_view text) {
  constexpr std::string_view kInterval = "interval:";
  constexpr std::int64_t kLongest = 60'000;
  if (text == "sync") return Flush{};
  if (text == "memory") return Flush{When::Memory, {}};
  if (text.starts_with(kInterval)) {
    const auto number = parse_integer(text.substr(kInterval.size()));
    if (number && *number >= 1 && *number <= kLongest)
      return Flush{When::Interval, std::chrono::milliseconds(*number)};
  }
  return failure(Errc::Invalid, "\"" + std::string(text) + "\" is not " + std::string(kFlushPolicies));
}

std::string Flush::text() const {
  if (when == When::Interval) return "interval:" + std::to_string(interval.count());
  return when == When::Sync ? "sync" : "memory";
}

}  // namespace hermod::store
