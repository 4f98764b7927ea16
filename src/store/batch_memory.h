#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "store/write_batch.h"

namespace hermod::store {

/// What batches that are done leave: their memory, for new ones. Taking it from the system on one thread and
/// giving it back on another, for each message, was a tenth of what a message costs. Used by one thread.
class BatchMemory {
 public:
  /// An empty one, with memory if there is any.
  WriteBatch batch() {
    if (free_.empty()) return {};
    WriteBatch batch(std::move(free_.back()));
    free_.pop_back();
    return batch;
  }
  /// Keeps what is worth it, and so much that it is bounded.
  void keep(WriteBatch&& batch) {
    std::string memory = std::move(batch).take_memory();
    if (memory.capacity() >= kLeast && memory.capacity() <= kMost && free_.size() < kCount)
      free_.push_back(std::move(memory));
  }
  bool empty() const { return free_.empty(); }
  void swap(BatchMemory& other) noexcept { free_.swap(other.free_); }

 private:
  static constexpr std::size_t kCount = 2048;
  static constexpr std::size_t kLeast = 64;
  static constexpr std::size_t kMost = 1024;

  std::vector<std::string> free_;
};

}  // namespace hermod::store
