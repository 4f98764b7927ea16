#pragma once
#include <atomic>
#include <cstdint>

#include "base/ids.h"
#include "queue/queue_id.h"

namespace hermod::broker {

/// Ids of named queues that are made in this run. The number of the start is a part of each, so none is ever
/// given twice. Any thread.
class QueueIds {
 public:
  /// Before the first next().
  void begin(std::uint64_t epoch) { epoch_ = epoch; }
  QueueId next() { return queue::named_queue(epoch_ << 32 | made_.fetch_add(1, std::memory_order_relaxed)); }

 private:
  std::uint64_t epoch_ = 0;
  std::atomic<std::uint32_t> made_{0};
};

}  // namespace hermod::broker
