#pragma once
#include <atomic>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace hermod {

/// Many producers, one consumer: a vector under a mutex, swapped whole by the consumer.
/// Owned by the consumer's thread; lives longer than every producer. `wake` is called on the producer's
/// thread, and only when the mailbox was empty before.
template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(T message) {
    bool was_empty;
    {
      std::lock_guard lock(mutex_);
      was_empty = messages_.empty();
      messages_.push_back(std::move(message));
      size_.store(messages_.size(), std::memory_order_relaxed);
    }
    if (was_empty) wake_();
  }

  /// Posts all of `batch` in order under one lock and leaves it empty.
  void post_all(std::vector<T>& batch) {
    if (batch.empty()) return;
    bool was_empty;
    {
      std::lock_guard lock(mutex_);
      was_empty = messages_.empty();
      messages_.insert(messages_.end(), std::make_move_iterator(batch.begin()),
                       std::make_move_iterator(batch.end()));
      size_.store(messages_.size(), std::memory_order_relaxed);
    }
    batch.clear();
    if (was_empty) wake_();
  }

  /// Replaces `out` by everything posted so far, in order. Consumer only.
  void drain(std::vector<T>& out) {
    out.clear();
    std::lock_guard lock(mutex_);
    messages_.swap(out);
    size_.store(0, std::memory_order_relaxed);
  }

  /// How many wait, as of a moment ago. Any thread.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;
  std::vector<T> messages_;
  std::atomic<std::size_t> size_{0};
  std::function<void()> wake_;
};

}  // namespace hermod
