#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "admin/options.h"
#include "broker/view.h"

namespace hermod::admin {

/// Publishes `$SYS/broker/...` at start and every sys_interval: values that changed, retained in memory.
/// Owns its thread; ends before the broker does.
class SysPublisher {
 public:
  SysPublisher(const Options& options, broker::View view);
  SysPublisher(const SysPublisher&) = delete;
  SysPublisher& operator=(const SysPublisher&) = delete;
  ~SysPublisher();

 private:
  void run();

  const Options options_;
  broker::View view_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hermod::admin
