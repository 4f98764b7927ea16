#pragma once
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
    }
    batch.clear();
    if (was_empty) wake_();
  }

  /// Replaces `out` by everything posted so far, in order. Consumer only.
  void drain(std::vector<T>& out) {
    out.clear();
    std::lock_guard lock(mutex_);
    messages_.swap(out);
  }

 private:
  std::mutex mutex_;
  std::vector<T> messages_;
  std::function<void()> wake_;
};

}  // namespace hermod
