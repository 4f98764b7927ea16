#include "queue/queue_catalog.h"

#include <limits>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

NamedQueuePtr QueueCatalog::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

NamedQueuePtr QueueCatalog::find(QueueId id) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Result<NamedQueuePtr> QueueCatalog::add(QueueId id, QueueDefinition definition, bool is_configured) {
  return insert(id, std::move(definition), is_configured, options_.max_queues);
}

Result<NamedQueuePtr> QueueCatalog::restore(QueueId id, QueueDefinition definition) {
  return insert(id, std::move(definition), false, std::numeric_limits<std::size_t>::max());
}

Result<NamedQueuePtr> QueueCatalog::insert(QueueId id, QueueDefinition definition, bool is_configured,
                                           std::size_t most) {
  HERMOD_ASSERT(check(definition).has_value());
  auto room = std::make_shared<QueueRoom>(definition.max_length, definition.max_bytes);
  auto queue = std::make_shared<const NamedQueue>(
      NamedQueue{id, std::move(definition), std::move(room), is_configured});
  const std::unique_lock lock(mutex_);
  if (by_name_.contains(queue->name()))
    return failure(Errc::Busy, "there is a queue " + queue->name() + " already");
  if (by_id_.contains(id))
    return failure(Errc::Busy, "queue " + queue->name() + " has the number of another queue");
  if (by_id_.size() >= most)
    return failure(Errc::NoSpace, "there are as many queues as queue.max_queues allows");
  by_name_.emplace(queue->name(), queue);
  by_id_.emplace(id, queue);
  return queue;
}

Result<NamedQueuePtr> QueueCatalog::replace(QueueDefinition definition, bool is_configured) {
  HERMOD_ASSERT(check(definition).has_value());
  const std::unique_lock lock(mutex_);
  const auto found = by_name_.find(definition.name);
  if (found == by_name_.end()) return failure(Errc::NotFound, "there is no queue " + definition.name);
  const QueueId id = found->second->id;
  std::shared_ptr<QueueRoom> room = found->second->room;
  room->set_limits(definition.max_length, definition.max_bytes);
  auto queue = std::make_shared<const NamedQueue>(
      NamedQueue{id, std::move(definition), std::move(room), is_configured});
  found->second = queue;
  by_id_[id] = queue;
  return queue;
}

NamedQueuePtr QueueCatalog::remove(QueueId id) {
  const std::unique_lock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  NamedQueuePtr gone = std::move(found->second);
  by_id_.erase(found);
  by_name_.erase(gone->name());
  return gone;
}

std::vector<NamedQueuePtr> QueueCatalog::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<NamedQueuePtr> queues;
  queues.reserve(by_name_.size());
  for (const auto& [name, queue] : by_name_) queues.push_back(queue);
  return queues;
}

std::size_t QueueCatalog::count() const {
  const std::shared_lock lock(mutex_);
  return by_id_.size();
}

}  // namespace hermod::queue
