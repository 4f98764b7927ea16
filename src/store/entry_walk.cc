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
      const bool is_stored = stored_ && *stored_ == change->seq;
      if (is_stored) {
        if (Status moved = step(); !moved) return tl::unexpected(moved.error());
      }
      ++changed_;
      if (change->place.kind() == Change::Erased) continue;
      if (change->place.needs_older() && !is_stored) continue;  // nothing was there to be overwritten
      auto bytes = journal_.read({change->place.group}, change->place.offset, change->place.size);
      return item({change->seq},
                  bytes ? parts_in_journal(change->place.kind(), *bytes) : tl::unexpected(bytes.error()));
    }
    if (!stored_ || *stored_ > changes_.bound) return std::optional<Item>{};
    auto item = EntryWalk::item(
        {*stored_}, stored_damage_ ? tl::unexpected(*stored_damage_) : parts_in_table(stored_value_));
    if (Status moved = step(); !moved) return tl::unexpected(moved.error());
    return item;
  }
}

/// One damaged record does not hide those behind it.
Result<std::optional<EntryWalk::Item>> EntryWalk::item(Seq seq, const Result<EntryParts>& parts) {
  if (parts) return Item{seq, *parts};
  if (parts.error().code != Errc::Corruption) return tl::unexpected(parts.error());
  return Item{seq, {}, parts.error()};
}

Status EntryWalk::seek() {
  if (changes_.ended) return {};
  return take(tables_.seek(Table::Entries, as_bytes(entry_key(stream_, from_))));
}

Status EntryWalk::step() {
  return take(tables_.next());
}

Status EntryWalk::take(const Result<std::optional<TableRecord>>& record) {
  stored_.reset();
  stored_damage_.reset();
  if (!record) {
    if (record.error().code != Errc::Corruption) return tl::unexpected(record.error());
    stored_damage_ = record.error();
  } else if (!*record) {
    return {};
  }
  const Bytes stored_key = record ? (*record)->key : tables_.damaged_key();
  if (stored_key.size() != 16) return {};
  ByteReader key(stored_key);
  if (key.u64() != stream_.v) return {};
  stored_ = key.u64();
  if (record) stored_value_ = (*record)->value;
  return {};
}

}  // namespace hermod::store
