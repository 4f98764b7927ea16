#pragma once
#include <atomic>
#include <cstdint>

namespace hermod::queue {

/// How many transactions are open. Owned by the broker; the shard that has them says it, any thread reads.
class TransactionNumbers {
 public:
  void set_open(std::uint64_t open) { open_.store(open, std::memory_order_relaxed); }
  std::uint64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> open_{0};
};

}  // namespace hermod::queue
