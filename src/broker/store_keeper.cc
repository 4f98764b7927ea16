#include "broker/store_keeper.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace hermod::broker {

void StoreKeeper::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-keeper");
}

void StoreKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StoreKeeper::on_failure() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failed_, true)) return;
  }
  changed_.notify_one();
}

bool StoreKeeper::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

void StoreKeeper::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return failed_ || stopping_; });
      if (stopping_) return;
    }
    if (!pause(kFirstPause)) return;
    {
      const std::lock_guard lock(mutex_);
      failed_ = false;  // first: a failure from here on counts anew
    }
    if (committer_.healthy()) continue;  // refused before the last repair, or for want of room
    counters_.add(Counter::StoreFailures);
    log::event(log::Level::Error, "store.read_only",
               {{"why", "a commit failed; messages that need the store are refused until it works again"}});
    for (auto wait = kFirstPause; !reopened(); wait = std::min(wait * 2, kLongestPause))
      if (!pause(wait)) return;
  }
}

/// A shard answers in the order of its mailbox: behind every failure that was posted before.
bool StoreKeeper::all_have_heard() {
  heard_.store(0, std::memory_order_release);
  for (ShardMailbox* mailbox : mailboxes_) mailbox->post(HearFailures{});
  while (heard_.load(std::memory_order_acquire) < mailboxes_.size())
    if (!pause(std::chrono::milliseconds{5})) return false;
  return true;
}

bool StoreKeeper::reopened() {
  if (!all_have_heard()) return false;
  {
    const std::lock_guard lock(mutex_);
    failed_ = false;  // the next failure counts anew
  }
  const auto next = store_.reopen_journal();
  if (!next) {
    HERMOD_LOG_LIMITED(log::Level::Error, "store.still_read_only", {"why", next.error().detail});
    return false;
  }
  committer_.resume(*next);
  log::event(log::Level::Notice, "store.writable", {{"next_group", next->v}});
  return true;
}

}  // namespace hermod::broker
