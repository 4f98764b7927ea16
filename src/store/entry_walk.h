#pragma once
#include <cstddef>
#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "store/generation.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_journal.h"

namespace hermod::store {

/// The entries of one stream in sequence order, changes in memory merged over the tables. Borrows everything;
/// the bytes it gives live as long as both transactions.
class EntryWalk {
 public:
  struct Item {
    Seq seq;
    EntryParts parts;
    std::optional<Error> damage{};  ///< then there are no parts
  };
  EntryWalk(LmdbTablesReader& tables, JournalReader& journal, const StreamChanges& changes, StreamId stream,
            Seq from)
      : tables_(tables), journal_(journal), changes_(changes), stream_(stream), from_(from) {}

  /// The next entry; nothing at the end of the stream or of what `changes` covers (changes.bound). Errors:
  /// Io.
  Result<std::optional<Item>> next();

 private:
  static Result<std::optional<Item>> item(Seq seq, const Result<EntryParts>& parts);
  Status seek();
  Status step();
  Status take(const Result<std::optional<TableRecord>>& record);

  LmdbTablesReader& tables_;
  JournalReader& journal_;
  const StreamChanges& changes_;
  const StreamId stream_;
  const Seq from_;
  bool started_ = false;
  std::size_t changed_ = 0;              // index of the next change
  std::optional<std::uint64_t> stored_;  // sequence at the cursor of the tables
  Bytes stored_value_;
  std::optional<Error> stored_damage_;
};

}  // namespace hermod::store
