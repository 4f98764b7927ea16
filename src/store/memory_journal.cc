#include "store/memory_journal.h"

namespace hermod::store {

Status MemoryJournal::append(GroupNo number, std::span<const Bytes> group, Sync /*sync*/) {
  const std::lock_guard lock(mutex_);
  if (number <= last_)
    return failure(Errc::Invalid,
                   "journal: group " + std::to_string(number.v) + " after " + std::to_string(last_.v));
  last_ = number;
  if (!options_.keep) return {};
  std::string record;
  for (const Bytes piece : group) record.append(as_text(piece));
  groups_.emplace(number, std::move(record));
  return {};
}

Status MemoryJournal::replay(GroupNo from, const Visit& visit) {
  const std::lock_guard lock(mutex_);
  for (auto at = groups_.lower_bound(from); at != groups_.end(); ++at) {
    if (Status status = visit(at->first, as_bytes(at->second)); !status) return status;
  }
  return {};
}

Status MemoryJournal::trim(GroupNo before) {
  const std::lock_guard lock(mutex_);
  groups_.erase(groups_.begin(), groups_.lower_bound(before));
  return {};
}

GroupNo MemoryJournal::synced() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::size_t MemoryJournal::size() const {
  const std::lock_guard lock(mutex_);
  return groups_.size();
}

}  // namespace hermod::store
