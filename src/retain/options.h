#pragma once
#include <cstdint>

namespace hermod::retain {

/// How much may be retained. Zero for either means nothing may.
struct Options {
  std::uint64_t max_messages = 1'000'000;
  /// Topics, properties and payloads together.
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
};

}  // namespace hermod::retain
