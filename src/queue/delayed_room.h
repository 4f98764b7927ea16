#pragma once
#include <atomic>
#include <cstdint>

namespace hermod::queue {

/// How many delayed messages there may be, and are: from the PUBLISH that asks for one until its record is
/// erased. Owned by the broker; any thread.
class DelayedRoom {
 public:
  explicit DelayedRoom(std::uint64_t most) : most_(most) {}

  /// False when there are as many as there may be.
  bool take() {
    if (taken_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
    give_back();
    return false;
  }
  /// Those of the store, also beyond a limit that is lower now.
  void restore(std::uint64_t count) { taken_.fetch_add(count, std::memory_order_relaxed); }
  void give_back() { taken_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t most_;
  std::atomic<std::uint64_t> taken_{0};
};

}  // namespace hermod::queue
