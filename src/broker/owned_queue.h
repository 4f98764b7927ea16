#pragma once
#include <absl/container/flat_hash_map.h>

#include <utility>

#include "base/ids.h"
#include "queue/queue_catalog.h"
#include "queue/queue_group.h"
#include "queue/settlement_line.h"

namespace hermod::broker {

/// A named queue on the shard that owns it: its rules, what they want of the store, and where its consumers
/// are. Touched by that shard's thread.
struct OwnedQueue {
  OwnedQueue(queue::NamedQueuePtr queue, queue::Moment now)
      : named(std::move(queue)), group(named->definition, named->room, now) {}

  const queue::NamedQueuePtr named;
  queue::QueueGroup group;
  queue::SettlementLine line;
  /// Where a consumer was attached last, and not disconnected.
  struct Place {
    ShardId shard;
    queue::AttachmentNo attachment;
  };
  absl::flat_hash_map<queue::ConsumerId, Place> places;
  struct StoredClaim {
    SessionId session;
    Seq seq;  ///< in the session's stream
  };
  absl::flat_hash_map<queue::LeaseId, StoredClaim> claims;
  bool is_touched = false;       ///< its effects are carried out in this tick
  bool is_committing = false;    ///< a batch of its line is with the committer
  bool waits_for_store = false;  ///< it has failed, and is made again when the store is there
  bool is_reading_dead = false;  ///< messages that its next batch needs
};

}  // namespace hermod::broker
