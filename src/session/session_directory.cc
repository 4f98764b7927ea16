#include "session/session_directory.h"

#include <chrono>

#include "base/assert.h"
#include "topic/text_hash.h"

namespace hermod::session {

using topic::lookup;

SessionId SessionDirectory::open_slot(ShardId shard) {
  std::uint32_t slot;
  if (free_slots_.empty()) {
    slot = slots_used_++;
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  return slots_.open(slot, shard);
}

void SessionDirectory::close_slot(SessionId id) {
  slots_.close(id);
  free_slots_.push_back(static_cast<std::uint32_t>(id.v));
}

bool SessionDirectory::throttled(Record& record, MonotonicTime now) const {
  const auto minute = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count());
  if (record.minute != minute) {
    record.minute = minute;
    record.takeovers = 0;
  }
  if (record.takeovers >= options_.takeovers_per_minute) return true;
  ++record.takeovers;
  return false;
}

std::optional<ConnectionId> SessionDirectory::next_waiter(Record& record) {
  if (!record.waiters) return std::nullopt;
  const ConnectionId next = record.waiters->front();
  record.waiters->pop_front();
  if (record.waiters->empty()) record.waiters.reset();
  return next;
}

bool SessionDirectory::restore(std::string_view client_id, SessionId id, ShardId owner) {
  std::lock_guard lock(mutex_);
  const auto slot = static_cast<std::uint32_t>(id.v);
  if (slot >= kMostSlots || records_.contains(lookup(client_id))) return false;
  if (restored_.size() <= slot) restored_.resize(slot + std::size_t{1});
  if (restored_[slot]) return false;
  restored_[slot] = true;
  slots_.restore(id, owner);
  Record record;
  record.id = id;
  record.owner = owner;
  records_.emplace(client_id, std::move(record));
  return true;
}

void SessionDirectory::forget(std::string_view client_id) {
  std::lock_guard lock(mutex_);
  const auto found = records_.find(lookup(client_id));
  HERMOD_ASSERT(found != records_.end());
  const SessionId id = found->second.id;
  slots_.close(id);
  restored_[static_cast<std::uint32_t>(id.v)] = false;
  records_.erase(found);
}

void SessionDirectory::finish_restoring() {
  std::lock_guard lock(mutex_);
  slots_used_ = static_cast<std::uint32_t>(restored_.size());
  for (std::uint32_t slot = slots_used_; slot-- > 0;)
    if (!restored_[slot]) free_slots_.push_back(slot);
  restored_ = {};
}

SessionDirectory::Claim SessionDirectory::claim(std::string_view client_id, ConnectionId claimer,
                                                MonotonicTime now) {
  std::lock_guard lock(mutex_);
  auto found = records_.find(lookup(client_id));
  if (found == records_.end()) {
    if (records_.size() >= options_.max_sessions) return {ClaimKind::Full};
    Record record;
    record.id = open_slot(claimer.shard);
    record.owner = claimer.shard;
    const SessionId id = record.id;
    records_.emplace(client_id, std::move(record));
    return {ClaimKind::Fresh, id, claimer.shard};
  }
  Record& record = found->second;
  const auto where = slots_.locate(record.id);
  const bool contested = record.moving || (where && where->online);
  if (contested && throttled(record, now)) return {ClaimKind::Throttled};
  if (record.moving) {
    if (!record.waiters) record.waiters = std::make_unique<std::deque<ConnectionId>>();
    record.waiters->push_back(claimer);
    return {ClaimKind::Wait, record.id, record.owner};
  }
  record.moving = true;
  return {ClaimKind::Ask, record.id, record.owner};
}

std::optional<ConnectionId> SessionDirectory::arrived(std::string_view client_id, ShardId shard) {
  std::lock_guard lock(mutex_);
  auto found = records_.find(lookup(client_id));
  HERMOD_ASSERT(found != records_.end());
  Record& record = found->second;
  record.owner = shard;
  auto next = next_waiter(record);
  record.moving = next.has_value();
  return next;
}

SessionId SessionDirectory::renew(std::string_view client_id, ShardId shard) {
  std::lock_guard lock(mutex_);
  auto found = records_.find(lookup(client_id));
  HERMOD_ASSERT(found != records_.end());
  close_slot(found->second.id);
  found->second.id = open_slot(shard);
  found->second.owner = shard;
  return found->second.id;
}

void SessionDirectory::give_up(std::string_view client_id) {
  std::lock_guard lock(mutex_);
  auto found = records_.find(lookup(client_id));
  HERMOD_ASSERT(found != records_.end());
  found->second.moving = false;
}

std::optional<SessionDirectory::Heir> SessionDirectory::end(std::string_view client_id) {
  std::lock_guard lock(mutex_);
  auto found = records_.find(lookup(client_id));
  HERMOD_ASSERT(found != records_.end());
  Record& record = found->second;
  close_slot(record.id);
  if (record.moving) {  // the claimer's request is on its way to the owner, who finds this identifier
    record.id = open_slot(record.owner);
    return std::nullopt;
  }
  const auto next = next_waiter(record);
  if (!next) {
    records_.erase(found);
    return std::nullopt;
  }
  record.id = open_slot(next->shard);
  record.owner = next->shard;
  record.moving = true;
  return Heir{*next, record.id};
}

std::size_t SessionDirectory::count() const {
  std::lock_guard lock(mutex_);
  return records_.size();
}

std::optional<SessionId> SessionDirectory::find(std::string_view client_id) const {
  std::lock_guard lock(mutex_);
  auto found = records_.find(lookup(client_id));
  if (found == records_.end()) return std::nullopt;
  return found->second.id;
}

}  // namespace hermod::session
