#pragma once
#include <chrono>
#include <cstdint>

namespace hermod {

/// Time that only goes forward; for timers and keep-alive.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
/// Time of day; for anything that is stored or shown.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// Microseconds since the epoch, the form in which times are stored.
constexpr std::uint64_t micros_of(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
constexpr WallTime wall_time_of(std::uint64_t micros) {
  return WallTime{std::chrono::microseconds(static_cast<std::int64_t>(micros))};
}

/// The seam that lets a test hold time still. Any thread; lives as long as the broker.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime now() const = 0;
  virtual WallTime wall() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  MonotonicTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace hermod
