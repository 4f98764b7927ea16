#pragma once
#include <chrono>

namespace hermod::support {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

/// How much slower this build is than a plain one: 1, or more under a sanitizer (set by CMake).
constexpr int kTimeFactor = HERMOD_TEST_TIME_FACTOR;

/// True when the broker under test carries a sanitizer, whose allocator makes memory figures meaningless.
constexpr bool kSanitized = kTimeFactor > 1;

/// Upper bounds for waiting grow with the build; protocol times (keep alive, expiry) do not.
constexpr Millis scaled(Millis plain) {
  return plain * kTimeFactor;
}

/// How long a packet that must come may take.
constexpr Millis kPatience = scaled(5s);

/// How long silence is watched when nothing must come and no later event can prove it.
constexpr Millis kQuiet = scaled(200ms);

inline Millis since(Clock::time_point start) {
  return std::chrono::duration_cast<Millis>(Clock::now() - start);
}

}  // namespace hermod::support
