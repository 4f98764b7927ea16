#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/generation.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/message_counts.h"
#include "store/segment_journal.h"

namespace hermod::store {

/// Writes one frozen generation to the tables: in key order, in transactions of bounded size, the position
/// with the last one, then a sync. A crash anywhere leaves tables from which a replay of the same groups
/// gives the same state, because every change says what is and not what is added. One object per checkpoint.
class CheckpointWriter {
 public:
  CheckpointWriter(const Generation& generation, LmdbTables& tables, SegmentJournal& journal,
                   MessageCounts& counts)
      : generation_(generation), tables_(tables), journal_(journal), counts_(counts) {}

  Status write();
  std::uint64_t bytes() const { return bytes_; }

 private:
  /// The messages that an entry of this generation names.
  Status find_needed();
  Status write_messages();
  Status write_table(Table table);
  Status write_entries();
  /// Has the processor load their values, and keeps where these are until begin() or the next fetch().
  void fetch(std::span<const EntryChange> entries);
  /// `fetched`: its place in what was fetched.
  Status write_entry(StreamId stream, const EntryChange& change, std::size_t fetched);
  Status erase_stream(StreamId stream);
  Status erase_messages();
  /// After a checkpoint that did not end, messages without entries may be anywhere.
  Status sweep_messages();

  Result<Bytes> value(const Place& place);
  void count_out(const std::string& stored_entry);
  /// Commits what is written and begins anew when that was enough for one transaction.
  Status breathe(std::size_t bytes);
  /// With room for a value of so many bytes beyond the usual.
  Status begin(std::uint64_t large = 0);

  const Generation& generation_;
  LmdbTables& tables_;
  SegmentJournal& journal_;
  MessageCounts& counts_;
  std::optional<LmdbTablesWriter> writer_;
  std::optional<JournalReader> reader_;
  std::vector<Bytes> fetched_;      // valid as long as reader_
  std::vector<MessageId> needed_;   // in order
  std::vector<MessageId> orphans_;  // may have lost their last entry
  std::size_t ops_in_hand_ = 0;
  std::size_t bytes_in_hand_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace hermod::store
