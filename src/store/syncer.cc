#include "store/syncer.h"

#include <utility>

#include "base/assert.h"

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
    HERMOD_ASSERT(!wanted_);
    wanted_ = true;
  }
  work_.notify_one();
}

void Syncer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return wanted_ || stopping_; });
    if (!wanted_) return;
    lock.unlock();
    Status synced = journal_.sync();
    lock.lock();
    wanted_ = false;
    lock.unlock();
    done_(std::move(synced));
    lock.lock();
  }
}

}  // namespace hermod::store
