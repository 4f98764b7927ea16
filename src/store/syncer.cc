#include "store/syncer.h"

#include <utility>

namespace hermod::store {

Syncer::Syncer(Journal& journal, std::function<void(Status)> done)
    : journal_(journal), done_(std::move(done)), thread_([this] { run(); }) {}

Syncer::~Syncer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Syncer::begin() {
  {
    const std::lock_guard lock(mutex_);
    ++wanted_;
  }
  work_.notify_one();
}

void Syncer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return wanted_ > 0 || stopping_; });
    if (wanted_ == 0) return;
    lock.unlock();
    Status synced = journal_.sync();
    lock.lock();
    --wanted_;
    lock.unlock();
    done_(std::move(synced));
    lock.lock();
  }
}

}  // namespace hermod::store
