#include "queue/queue_catalog.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

#include "base/assert.h"
#include "queue/group_records.h"
#include "queue/queue_id.h"

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
  if (by_name_.size() >= most)
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
  visit_groups(id, [&](NamedQueuePtr& group) {
    NamedQueue changed = *group;
    changed.definition = definition_of_groups(queue->definition);
    group = by_id_[group->id] = std::make_shared<const NamedQueue>(std::move(changed));
  });
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
  if (gone->group) {
    groups_.erase({gone->group->stream, gone->group->name});
    return gone;
  }
  by_name_.erase(gone->name());
  visit_groups(id, [&](const NamedQueuePtr& group) { by_id_.erase(group->id); });
  groups_.erase(groups_.lower_bound({id, {}}), groups_.lower_bound({QueueId{id.v + 1}, {}}));
  return gone;
}

template <class Visit>
void QueueCatalog::visit_groups(QueueId stream, Visit visit) {
  for (auto it = groups_.lower_bound({stream, {}}); it != groups_.end() && it->first.first == stream; ++it)
    visit(it->second);
}

NamedQueuePtr QueueCatalog::find_group(QueueId stream, std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = groups_.find({stream, std::string(name)});
  return found == groups_.end() ? nullptr : found->second;
}

Result<NamedQueuePtr> QueueCatalog::make_group(QueueId stream, std::string_view name,
                                               const StreamPosition& begin, std::size_t owners) {
  const std::unique_lock lock(mutex_);
  const auto of = by_id_.find(stream);
  if (of == by_id_.end() || !of->second->stream) return failure(Errc::NotFound, "there is no such stream");
  if (const auto found = groups_.find({stream, std::string(name)}); found != groups_.end())
    return found->second;
  std::size_t groups = 0;
  visit_groups(stream, [&](const NamedQueuePtr&) { ++groups; });
  if (groups >= options_.max_groups)
    return failure(Errc::NoSpace,
                   "the stream has as many groups as there may be, " + std::to_string(options_.max_groups));
  return insert_group(*of->second, group_number(++last_group_number_), name, GroupPosition(begin), owners);
}

Result<NamedQueuePtr> QueueCatalog::restore_group(QueueId stream, std::uint64_t number, std::string_view name,
                                                  const GroupPosition& position, std::size_t owners) {
  const std::unique_lock lock(mutex_);
  const auto of = by_id_.find(stream);
  if (of == by_id_.end() || !of->second->stream) return failure(Errc::NotFound, "there is no such stream");
  if (groups_.contains({stream, std::string(name)}))
    return failure(Errc::Busy, "the stream has two groups of this name");
  last_group_number_ = std::max(last_group_number_, number & ~group_number(0));
  NamedQueuePtr restored = insert_group(*of->second, number, name, position, owners);
  restored->group->is_recorded = true;
  return restored;
}

NamedQueuePtr QueueCatalog::insert_group(const NamedQueue& stream, std::uint64_t number,
                                         std::string_view name, const GroupPosition& position,
                                         std::size_t owners) {
  const std::uint64_t owner = number_of(stream.id) % owners;
  auto group = std::make_shared<StreamGroup>();
  group->stream = stream.id;
  group->name = name;
  group->number = number;
  group->begin = position;
  group->extent = stream.stream;
  group->show(position);
  auto made = std::make_shared<const NamedQueue>(
      NamedQueue{.id = stream_group(++last_group_ * owners + owner),
                 .definition = definition_of_groups(stream.definition),
                 .room = std::make_shared<QueueRoom>(std::nullopt, std::nullopt),
                 .group = std::move(group)});
  by_id_.emplace(made->id, made);
  groups_.emplace(std::pair(stream.id, std::string(name)), made);
  return made;
}

std::vector<NamedQueuePtr> QueueCatalog::groups_of(QueueId stream) const {
  const std::shared_lock lock(mutex_);
  std::vector<NamedQueuePtr> groups;
  for (auto it = groups_.lower_bound({stream, {}}); it != groups_.end() && it->first.first == stream; ++it)
    groups.push_back(it->second);
  return groups;
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
  return by_name_.size();
}

}  // namespace hermod::queue
