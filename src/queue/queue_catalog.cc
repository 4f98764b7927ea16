#include "queue/queue_catalog.h"

#include <algorithm>
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
  auto stream = definition.is_stream() ? std::make_shared<StreamExtent>(definition) : nullptr;
  auto queue = std::make_shared<const NamedQueue>(NamedQueue{.id = id,
                                                             .definition = std::move(definition),
                                                             .room = std::move(room),
                                                             .is_configured = is_configured,
                                                             .stream = std::move(stream)});
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
  std::shared_ptr<StreamExtent> stream = found->second->stream;
  HERMOD_ASSERT(definition.is_stream() == (stream != nullptr));
  if (stream) stream->set_retention(definition);
  auto queue = std::make_shared<const NamedQueue>(NamedQueue{.id = id,
                                                             .definition = std::move(definition),
                                                             .room = std::move(room),
                                                             .is_configured = is_configured,
                                                             .stream = std::move(stream)});
  found->second = queue;
  by_id_[id] = queue;
  return queue;
}

NamedQueuePtr QueueCatalog::set_ending(QueueId id, bool is_ending) {
  const std::unique_lock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  NamedQueue changed = *found->second;
  changed.is_ending = is_ending;
  found->second = std::make_shared<const NamedQueue>(std::move(changed));
  by_name_.find(found->second->name())->second = found->second;
  return found->second;
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

std::vector<NamedQueuePtr> QueueCatalog::behind(std::string_view name, std::size_t most) const {
  const std::shared_lock lock(mutex_);
  std::vector<NamedQueuePtr> queues;
  for (auto it = by_name_.upper_bound(name); it != by_name_.end() && queues.size() < most; ++it)
    queues.push_back(it->second);
  return queues;
}

NamedQueuePtr QueueCatalog::sender_of_dead_letters(std::string_view target) const {
  const std::shared_lock lock(mutex_);
  const auto found = std::find_if(by_name_.begin(), by_name_.end(), [&](const auto& one) {
    return one.second->definition.sends_dead_letters_to(target);
  });
  return found == by_name_.end() ? nullptr : found->second;
}

Result<QueueCatalog::Hold> QueueCatalog::hold(std::vector<std::string> names) {
  return take(std::move(names), Holding::Alone);
}

Result<QueueCatalog::Hold> QueueCatalog::share(std::vector<std::string> names) {
  return take(std::move(names), Holding::Shared);
}

Result<QueueCatalog::Hold> QueueCatalog::take(std::vector<std::string> names, Holding how) {
  std::erase(names, "");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::unique_lock lock(mutex_);
  for (const std::string& name : names) {
    const auto found = held_.find(name);
    if (found == held_.end()) continue;
    const bool is_shared = found->second > 0;
    if (is_shared && how == Holding::Shared) continue;
    return failure(Errc::Busy,
                   (is_shared ? "a subscription makes the queue " : "another command changes the queue ") +
                       name + " at this moment");
  }
  for (const std::string& name : names) {
    std::uint32_t& sharers = held_[name];
    if (how == Holding::Shared) ++sharers;
  }
  return Hold(*this, std::move(names));
}

void QueueCatalog::Hold::release() {
  if (catalog_ == nullptr) return;
  const std::unique_lock lock(catalog_->mutex_);
  for (const std::string& name : names_) {
    const auto found = catalog_->held_.find(name);
    if (found->second > 1) {
      --found->second;
    } else {
      catalog_->held_.erase(found);
    }
  }
  catalog_ = nullptr;
}

std::size_t QueueCatalog::count() const {
  const std::shared_lock lock(mutex_);
  return by_id_.size();
}

}  // namespace hermod::queue
