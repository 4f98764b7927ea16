#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/journal.h"

namespace hermod::store {

/// Syncs the journal on a thread of its own, so that the committer can prepare the next group meanwhile. One
/// sync at a time. Owned by the committer; the journal outlives it.
class Syncer {
 public:
  /// `done` is called on the syncer's thread with the outcome of each sync.
  Syncer(Journal& journal, std::function<void(Status)> done);
  /// Waits for the sync that is under way.
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Makes everything durable that was appended; nothing may be appended until done() has been called.
  /// Precondition: done() has been called for the one before.
  void begin();

 private:
  void run();

  Journal& journal_;
  const std::function<void(Status)> done_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hermod::store
