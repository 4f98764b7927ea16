#include "store/reader_pool.h"

#include <utility>

#include "base/assert.h"

namespace hermod::store {

ReaderPool::ReaderPool(std::function<void(std::unique_ptr<ReadJob>)> done) : done_(std::move(done)) {}

ReaderPool::~ReaderPool() {
  stop();
}

void ReaderPool::submit(std::unique_ptr<ReadJob> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  work_.notify_one();
}

std::size_t ReaderPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

bool ReaderPool::run_once() {
  std::unique_ptr<ReadJob> job;
  {
    const std::lock_guard lock(mutex_);
    job = take_locked();
  }
  if (!job) return false;
  job->read();
  done_(std::move(job));
  return true;
}

void ReaderPool::start(std::size_t threads) {
  HERMOD_ASSERT(threads_.empty());
  stopping_ = false;
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void ReaderPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  while (run_once()) {
  }
}

void ReaderPool::run() {
  for (;;) {
    std::unique_ptr<ReadJob> job;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      job = take_locked();
    }
    if (!job) return;
    job->read();
    done_(std::move(job));
  }
}

std::unique_ptr<ReadJob> ReaderPool::take_locked() {
  if (jobs_.empty()) return nullptr;
  std::unique_ptr<ReadJob> job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

}  // namespace hermod::store
