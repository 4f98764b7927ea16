#pragma once
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "broker/commit_ticket.h"

namespace hermod::broker {

/// What the store did not take, and is tried again when it does. Of one shard, on its thread.
struct NotTaken {
  std::vector<SessionId> records{};  ///< the store has an older one of these
  std::vector<Recorded> erases{};
  std::vector<QueueId> settlements{};  ///< what these have decided
  std::vector<SessionId> sequences{};  ///< it has not given them
  MonotonicTime again_at{};

  bool any() const {
    return !records.empty() || !erases.empty() || !settlements.empty() || !sequences.empty();
  }
};

}  // namespace hermod::broker
