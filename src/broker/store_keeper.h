#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>

#include "base/counters.h"
#include "broker/outbox.h"
#include "store/committer.h"
#include "store/store.h"

namespace hermod::broker {

/// Brings the store back into service after a failed commit. A failure of which nobody knows how much reached
/// the disk makes the store read-only; it may be written again only when its journal was opened and read
/// again, and when every shard has heard of what failed. Owns a thread that sleeps while all is well. Made
/// and ended by the Broker; lives between the store and the shards.
class StoreKeeper {
 public:
  StoreKeeper(store::Store& store, store::Committer& committer, std::span<ShardMailbox* const> mailboxes,
              CounterBlock& counters)
      : store_(store), committer_(committer), mailboxes_(mailboxes), counters_(counters) {}
  StoreKeeper(const StoreKeeper&) = delete;
  StoreKeeper& operator=(const StoreKeeper&) = delete;
  ~StoreKeeper() { stop(); }

  void start();
  void stop();
  /// A commit has failed. Any thread.
  void on_failure();
  /// A shard has heard of every failure before the message that says so. Any thread.
  void heard() { heard_.fetch_add(1, std::memory_order_acq_rel); }

 private:
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{10'000};

  void run();
  /// Waits until stop() or `time` is over; false on stop().
  bool pause(std::chrono::milliseconds time);
  bool all_have_heard();
  bool reopened();

  store::Store& store_;
  store::Committer& committer_;
  const std::span<ShardMailbox* const> mailboxes_;
  CounterBlock& counters_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool failed_ = false;
  bool stopping_ = false;
  std::atomic<std::size_t> heard_{0};
  std::thread thread_;
};

}  // namespace hermod::broker
