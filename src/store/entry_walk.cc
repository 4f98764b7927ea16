#include "store/entry_walk.h"

#include <string>

namespace hermod::store {

Result<std::optional<EntryWalk::Item>> EntryWalk::next() {
  if (!started_) {
    started_ = true;
    if (Status found = seek(); !found) return tl::unexpected(found.error());
  }
  for (;;) {
    const EntryChange* change = changed_ < changes_.entries.size() ? &changes_.entries[changed_] : nullptr;
    if (change != nullptr && (!stored_ || change->seq <= *stored_)) {
      if (stored_ && *stored_ == change->seq) {
        if (Status moved = step(); !moved) return tl::unexpected(moved.error());
      }
      ++changed_;
      if (change->place.kind() == Change::Erased) continue;
      auto bytes = journal_.read({change->place.group}, change->place.offset, change->place.size);
      if (!bytes) return tl::unexpected(bytes.error());
      auto parts = parts_in_journal(change->place.kind(), *bytes);
      if (!parts) return tl::unexpected(parts.error());
      return Item{{change->seq}, *parts};
    }
    if (!stored_ || *stored_ > changes_.bound) return std::optional<Item>{};
    auto parts = parts_in_table(stored_value_);
    if (!parts) return tl::unexpected(parts.error());
    const Item item{{*stored_}, *parts};
    if (Status moved = step(); !moved) return tl::unexpected(moved.error());
    return item;
  }
}

Status EntryWalk::seek() {
  if (changes_.ended) return {};
  auto record = tables_.seek(Table::Entries, as_bytes(entry_key(stream_, from_)));
  if (!record) return tl::unexpected(record.error());
  take(*record);
  return {};
}

Status EntryWalk::step() {
  auto record = tables_.next();
  if (!record) return tl::unexpected(record.error());
  take(*record);
  return {};
}

void EntryWalk::take(const std::optional<TableRecord>& record) {
  stored_.reset();
  if (!record || record->key.size() != 16) return;
  ByteReader key(record->key);
  if (key.u64() != stream_.v) return;
  stored_ = key.u64();
  stored_value_ = record->value;
}

}  // namespace hermod::store
