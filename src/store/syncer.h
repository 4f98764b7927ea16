#pragma once
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/journal.h"

namespace hermod::store {

/// Syncs the journal on a thread of its own, so that the committer can prepare the next group meanwhile. One
/// sync after the other. Owned by the committer; the journal outlives it.
class Syncer {
 public:
  /// `done` is called on the syncer's thread with the outcome of each sync.
  Syncer(Journal& journal, std::function<void(Status)> done);
  /// Waits for the syncs that were begun.
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Makes everything durable that was appended before the call, as soon as the syncs begun before have
  /// ended.
  void begin();

 private:
  void run();

  Journal& journal_;
  const std::function<void(Status)> done_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::size_t wanted_ = 0;  // syncs that have not ended
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hermod::store
