#pragma once
#include <chrono>

#include "base/clock.h"

namespace hermod::test {

/// A clock that stands still until the test moves it. Both of its times move together, unless somebody sets
/// the wall clock.
class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return MonotonicTime{kStart + passed_}; }
  WallTime wall() const override {
    return WallTime{std::chrono::duration_cast<std::chrono::microseconds>(kWallStart + passed_ + set_by_)};
  }
  void advance(std::chrono::nanoseconds by) { passed_ += by; }
  /// Somebody sets the wall clock, back when `by` is negative.
  void set_wall(std::chrono::nanoseconds by) { set_by_ += by; }
  /// Since the clock was made.
  std::chrono::nanoseconds passed() const { return passed_; }

 private:
  static constexpr std::chrono::nanoseconds kStart = std::chrono::hours{1};
  static constexpr std::chrono::nanoseconds kWallStart = std::chrono::hours{24 * 365 * 50};
  std::chrono::nanoseconds passed_{0};
  std::chrono::nanoseconds set_by_{0};
};

}  // namespace hermod::test
