#include "admin/sys_publisher.h"

#include <utility>

#include "admin/heap.h"
#include "admin/sys_topics.h"

namespace hermod::admin {

SysPublisher::SysPublisher(const Options& options, broker::View view)
    : options_(options), view_(std::move(view)) {
  if (options_.sys_interval.count() > 0) thread_ = std::thread([this] { run(); });
}

SysPublisher::~SysPublisher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SysPublisher::run() {
  SysTopics topics(view_.now());
  std::unique_lock lock(mutex_);
  do {
    for (const SysValue& changed : topics.update(view_, heap_in_use()))
      view_.announce(changed.topic, changed.value);
  } while (!wake_.wait_for(lock, options_.sys_interval, [this] { return stopping_; }));
}

}  // namespace hermod::admin
