#include "store/segment_maker.h"

#include "base/assert.h"

namespace hermod::store {

SegmentMaker::SegmentMaker(SegmentJournal& journal) : journal_(journal) {
  journal_.set_on_spare_wanted([this] { want(); });
}

SegmentMaker::~SegmentMaker() {
  stop();
}

void SegmentMaker::start() {
  HERMOD_ASSERT(!thread_.joinable());
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { run(); });
}

void SegmentMaker::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SegmentMaker::want() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_one();
}

void SegmentMaker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    rested_ = std::chrono::steady_clock::now();
    // Whatever the reason was: the next segment asks again, and the disk tells the committer itself.
    static_cast<void>(journal_.make_spare([this] { return rest(); }));
    lock.lock();
  }
}

bool SegmentMaker::rest() {
  const auto took = std::chrono::steady_clock::now() - rested_;
  std::unique_lock lock(mutex_);
  const bool stops = wake_.wait_for(lock, took, [this] { return stopping_; });
  rested_ = std::chrono::steady_clock::now();
  return !stops;
}

}  // namespace hermod::store
