#include "store/message_counts.h"

#include <string>

#include "store/generation.h"

namespace hermod::store {
namespace {
constexpr std::size_t kCountedAtOnce = 4096;
}

Status MessageCounts::rebuild(LmdbTables& tables) {
  forget();
  std::string from;
  for (bool more = true; more;) {
    auto reader = tables.reader();
    if (!reader) return tl::unexpected(reader.error());
    auto record = reader->seek(Table::Entries, as_bytes(from));
    for (std::size_t i = 0;; ++i) {
      if (!record) return tl::unexpected(record.error());
      more = record->has_value();
      if (!more) break;
      if (i == kCountedAtOnce) {
        from = as_text((*record)->key);
        break;
      }
      auto parts = parts_in_table((*record)->value);
      if (!parts) return tl::unexpected(parts.error());
      if (parts->message.v != 0) add(parts->message);
      record = reader->next();
    }
  }
  known_ = true;
  return {};
}

void MessageCounts::forget() {
  counts_.clear();
  known_ = false;
}

std::uint32_t MessageCounts::remove(MessageId id) {
  const auto at = counts_.find(id.v);
  if (at == counts_.end()) return 0;
  if (--at->second > 0) return at->second;
  counts_.erase(at);
  return 0;
}

std::uint32_t MessageCounts::of(MessageId id) const {
  const auto at = counts_.find(id.v);
  return at == counts_.end() ? 0 : at->second;
}

}  // namespace hermod::store
