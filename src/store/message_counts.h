#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>

#include "base/ids.h"
#include "base/result.h"
#include "store/lmdb/lmdb_tables.h"

namespace hermod::store {

/// How many entries of the tables name each shared message. Kept in memory and counted anew at open: a count
/// on disk would have to be right after every crash. Touched by who holds the checkpoint.
class MessageCounts {
 public:
  /// Counts all entries of the tables.
  Status rebuild(LmdbTables& tables);
  bool known() const { return known_; }
  /// A checkpoint did not end: what it counted may not be in the tables.
  void forget();

  void add(MessageId id) { ++counts_[id.v]; }
  /// Gives what is left.
  std::uint32_t remove(MessageId id);
  std::uint32_t of(MessageId id) const;
  std::size_t size() const { return counts_.size(); }

 private:
  absl::flat_hash_map<std::uint64_t, std::uint32_t> counts_;
  bool known_ = false;
};

}  // namespace hermod::store
