#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

namespace hermod {

/// A std::shared_mutex that lets writers in: the system's own prefers readers, and shards that match without
/// pause overlap so that one of them always holds it. Here readers that come while a writer waits queue up
/// behind it. For std::unique_lock and std::shared_lock; not recursive.
class FairSharedMutex {
 public:
  void lock() {
    waiting_writers_.fetch_add(1, std::memory_order_relaxed);
    {
      const std::lock_guard turnstile(turnstile_);
      mutex_.lock();
    }
    waiting_writers_.fetch_sub(1, std::memory_order_relaxed);
  }
  void unlock() { mutex_.unlock(); }

  void lock_shared() {
    if (waiting_writers_.load(std::memory_order_relaxed) > 0) {
      const std::lock_guard turnstile(turnstile_);
    }
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::atomic<std::uint32_t> waiting_writers_{0};
  /// Held by the writer whose turn is next, until it is in.
  std::mutex turnstile_;
  std::shared_mutex mutex_;
};

}  // namespace hermod
