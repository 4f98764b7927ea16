#pragma once
#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace hermod::support {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

/// How much slower the broker under test is than a plain one: 1, or what HERMOD_TEST_TIME_FACTOR in the
/// environment says; ctest sets it for a broker with a sanitizer.
inline int time_factor() {
  const char* said = std::getenv("HERMOD_TEST_TIME_FACTOR");
  return said == nullptr ? 1 : std::max(1, std::atoi(said));
}

/// True when the broker under test carries a sanitizer, whose allocator makes memory figures meaningless.
inline const bool kSanitized = time_factor() > 1;

/// Upper bounds for waiting grow with the build; protocol times (keep alive, expiry) do not.
inline Millis scaled(Millis plain) {
  return plain * time_factor();
}

/// How long a packet that must come may take.
inline const Millis kPatience = scaled(5s);

/// How long silence is watched when nothing must come and no later event can prove it.
inline const Millis kQuiet = scaled(200ms);

inline Millis since(Clock::time_point start) {
  return std::chrono::duration_cast<Millis>(Clock::now() - start);
}

}  // namespace hermod::support
