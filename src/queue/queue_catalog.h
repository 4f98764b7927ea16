#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fair_shared_mutex.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/group_filters.h"
#include "queue/queue_definition.h"
#include "queue/queue_room.h"
#include "queue/stream_extent.h"
#include "queue/stream_group.h"

namespace hermod::queue {

/// What every shard may know of a named queue: all but its messages and consumers, which only its owner has.
/// Immutable; who holds one keeps it, also when the queue has changed or gone meanwhile.
struct NamedQueue {
  QueueId id;
  QueueDefinition definition;
  std::shared_ptr<QueueRoom> room;  ///< the same for as long as the queue lives, whatever changes
  bool is_configured = false;       ///< it has a section in the configuration
  /// Somebody wants it deleted, and its owner has not decided: whoever publishes asks the owner, and nothing
  /// is moved into it.
  bool is_ending = false;
  /// What a stream has; the same for as long as it lives. Null: it is none.
  std::shared_ptr<StreamExtent> stream{};
  /// A consumer group has the name of its stream, and is in no list of queues. Null: it is none.
  std::shared_ptr<StreamGroup> group{};

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
    std::uint32_t max_groups = 1'000;  ///< of a stream
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
  /// See NamedQueue::is_ending. Null: there is no such queue. Precondition: its owner calls.
  NamedQueuePtr set_ending(QueueId id, bool is_ending);
  /// What there was; null: nothing. With a stream its groups go.
  NamedQueuePtr remove(QueueId id);

  // Consumer groups of streams. They are found by their id as queues are.

  /// Null: the stream has none of this name.
  NamedQueuePtr find_group(QueueId stream, std::string_view name) const;
  /// The one of this name, which begins there if it is new. `owners`: shards that own queues, its own is that
  /// of its stream. Errors: NotFound, there is no such stream; NoSpace at max_groups.
  Result<NamedQueuePtr> make_group(QueueId stream, std::string_view name, const StreamPosition& begin,
                                   std::size_t owners);
  /// What the store holds is there. Errors: NotFound, Busy.
  Result<NamedQueuePtr> restore_group(QueueId stream, std::uint64_t number, std::string_view name,
                                      const GroupPosition& position, std::size_t owners);
  /// In the order of their names.
  std::vector<NamedQueuePtr> groups_of(QueueId stream) const;
  /// What each takes of its stream. Behind a lock of its own.
  GroupFilters& group_filters() { return group_filters_; }

  /// In the order of their names.
  std::vector<NamedQueuePtr> all() const;
  /// The same of those behind this name, so many at most.
  std::vector<NamedQueuePtr> behind(std::string_view name, std::size_t most) const;
  /// A queue whose dead letters go to the one of this name; null: there is none.
  NamedQueuePtr sender_of_dead_letters(std::string_view target) const;
  std::size_t count() const;

  /// Names that one command has for itself: nobody else makes, changes or deletes these queues while it
  /// lives. Or that subscriptions share which make them. The catalogue outlives it.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : catalog_(std::exchange(other.catalog_, nullptr)), names_(std::move(other.names_)) {}
    Hold& operator=(Hold&& other) noexcept {
      release();
      catalog_ = std::exchange(other.catalog_, nullptr);
      names_ = std::move(other.names_);
      return *this;
    }
    ~Hold() { release(); }

   private:
    friend class QueueCatalog;
    Hold(QueueCatalog& catalog, std::vector<std::string> names)
        : catalog_(&catalog), names_(std::move(names)) {}
    void release();

    QueueCatalog* catalog_ = nullptr;
    std::vector<std::string> names_;
  };
  /// All of these names, or none. Empty names are nobody's. Errors: Busy.
  Result<Hold> hold(std::vector<std::string> names);
  /// The same beside others that share them: whoever comes first makes the queue for all.
  Result<Hold> share(std::vector<std::string> names);

 private:
  enum class Holding : std::uint8_t { Alone, Shared };
  Result<Hold> take(std::vector<std::string> names, Holding how);
  Result<NamedQueuePtr> insert(QueueId id, QueueDefinition definition, bool is_configured, std::size_t most);
  NamedQueuePtr insert_group(const NamedQueue& stream, std::uint64_t number, std::string_view name,
                             const GroupPosition& position, std::size_t owners);
  template <class Visit>
  void visit_groups(QueueId stream, Visit visit);

  const Options options_;
  GroupFilters group_filters_;
  mutable FairSharedMutex mutex_;
  absl::btree_map<std::string, NamedQueuePtr, std::less<>> by_name_;
  absl::flat_hash_map<QueueId, NamedQueuePtr> by_id_;  ///< groups as well
  absl::btree_map<std::pair<QueueId, std::string>, NamedQueuePtr> groups_;
  std::uint64_t last_group_ = 0;                          ///< of the ids of this run
  std::uint64_t last_group_number_ = 0;                   ///< of the records, of all streams together
  absl::flat_hash_map<std::string, std::uint32_t> held_;  ///< how many share the name; zero: one has it alone
};

}  // namespace hermod::queue
