#pragma once
#include <atomic>
#include <thread>

#include "base/assert.h"

namespace hermod {

/// Asserts that an object is touched by one thread only. The first check binds the thread; release()
/// lets the next one bind (used when a session moves to another shard).
class ThreadChecker {
 public:
  void check() {
    const std::thread::id self = std::this_thread::get_id();
    std::thread::id owner = owner_.load(std::memory_order_relaxed);
    if (owner == std::thread::id{}) {
      owner_.store(self, std::memory_order_relaxed);
      return;
    }
    HERMOD_ASSERT(owner == self);
  }
  void release() { owner_.store({}, std::memory_order_relaxed); }

 private:
  std::atomic<std::thread::id> owner_{};
};

}  // namespace hermod
