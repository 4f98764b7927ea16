#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace hermod::store {

/// A blocking read; the object carries the question in and the answer out.
struct ReadJob {
  virtual ~ReadJob() = default;
  /// On a reader thread. May block on the disk; keeps no snapshot open longer than one slice.
  virtual void read() = 0;
};

/// Threads that may block, so that shards never do. Jobs start in the order of submission; with more than one
/// thread they may finish in another. Lives longer than the shards that submit.
class ReaderPool {
 public:
  /// `done` is called on the reader's thread with each finished job; it usually posts it to a mailbox.
  explicit ReaderPool(std::function<void(std::unique_ptr<ReadJob>)> done);
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  /// Any thread; not after stop().
  void submit(std::unique_ptr<ReadJob> job);
  /// Jobs submitted and not started.
  std::size_t waiting() const;

  /// Does one job on the caller's thread; false when none waits. For tests and the simulator.
  bool run_once();
  void start(std::size_t threads);
  /// Finishes every job submitted, then ends the threads.
  void stop();

 private:
  void run();
  std::unique_ptr<ReadJob> take_locked();

  const std::function<void(std::unique_ptr<ReadJob>)> done_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::unique_ptr<ReadJob>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hermod::store
