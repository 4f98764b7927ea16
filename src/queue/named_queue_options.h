#pragma once
#include <cstdint>
#include <vector>

#include "queue/queue_definition.h"

namespace hermod::queue {

/// What the configuration says about named queues.
struct NamedQueueOptions {
  bool auto_create = false;            ///< by SUBSCRIBE to `$queue/<name>/<filter>`
  std::uint32_t max_queues = 100'000;  ///< dead-letter queues included
  /// The sections [queues.NAME], in the order of their names. Each has passed check() and
  /// check_available().
  std::vector<QueueDefinition> configured;
};

}  // namespace hermod::queue
