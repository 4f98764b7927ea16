#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fair_shared_mutex.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/queue_definition.h"
#include "queue/queue_room.h"

namespace hermod::queue {

/// What every shard may know of a named queue: all but its messages and consumers, which only its owner has.
/// Immutable; who holds one keeps it, also when the queue has changed or gone meanwhile.
struct NamedQueue {
  QueueId id;
  QueueDefinition definition;
  std::shared_ptr<QueueRoom> room;  ///< the same for as long as the queue lives, whatever changes
  bool is_configured = false;       ///< it has a section in the configuration

  const std::string& name() const { return definition.name; }
};
using NamedQueuePtr = std::shared_ptr<const NamedQueue>;

/// Every named queue of this broker, by its name and by its id. Shared by all shards, behind its own lock;
/// a look costs what one into the subscription index costs before it has matched. It decides nothing and
/// stores nothing: who adds, changes or removes a queue has that in the store first.
class QueueCatalog {
 public:
  struct Options {
    std::uint32_t max_queues = 100'000;
  };
  explicit QueueCatalog(Options options) : options_(options) {}

  /// Null: there is none.
  NamedQueuePtr find(std::string_view name) const;
  NamedQueuePtr find(QueueId id) const;

  /// Its room is made here, from the limits of the definition. Errors: Busy when the name or the id is taken,
  /// NoSpace at max_queues. Precondition: check(definition).
  Result<NamedQueuePtr> add(QueueId id, QueueDefinition definition, bool is_configured = false);
  /// What the store holds is there, also above a max_queues that was lowered. Errors: Busy.
  Result<NamedQueuePtr> restore(QueueId id, QueueDefinition definition);
  /// Another definition of the queue with this name, which keeps its id and its room; the limits of the room
  /// change with it. Errors: NotFound. Preconditions: check_change() from the one before, and one changer of
  /// a queue at a time, which is its owner.
  Result<NamedQueuePtr> replace(QueueDefinition definition, bool is_configured = false);
  /// What there was; null: nothing.
  NamedQueuePtr remove(QueueId id);

  /// In the order of their names.
  std::vector<NamedQueuePtr> all() const;
  std::size_t count() const;

 private:
  Result<NamedQueuePtr> insert(QueueId id, QueueDefinition definition, bool is_configured, std::size_t most);

  const Options options_;
  mutable FairSharedMutex mutex_;
  absl::btree_map<std::string, NamedQueuePtr, std::less<>> by_name_;
  absl::flat_hash_map<QueueId, NamedQueuePtr> by_id_;
};

}  // namespace hermod::queue
