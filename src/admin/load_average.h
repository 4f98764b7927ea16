#pragma once
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace hermod::admin {

/// Events per minute over the last 1, 5 and 15 minutes, exponentially weighted, as mosquitto publishes them
/// under `$SYS/broker/load`. Pure; fed with a running total at regular times.
class LoadAverage {
 public:
  static constexpr std::array<int, 3> kMinutes{1, 5, 15};

  /// `total` events have happened since the start; `elapsed` since the last call. Precondition: elapsed > 0.
  void update(std::uint64_t total, std::chrono::duration<double> elapsed) {
    const double per_minute = static_cast<double>(total - last_total_) * 60.0 / elapsed.count();
    last_total_ = total;
    for (std::size_t i = 0; i < kMinutes.size(); ++i) {
      const double kept = std::exp(-elapsed.count() / (60.0 * kMinutes[i]));
      averages_[i] = per_minute + kept * (averages_[i] - per_minute);
    }
  }
  /// Per minute, for kMinutes[index].
  double average(std::size_t index) const { return averages_[index]; }

 private:
  std::uint64_t last_total_ = 0;
  std::array<double, 3> averages_{};
};

}  // namespace hermod::admin
