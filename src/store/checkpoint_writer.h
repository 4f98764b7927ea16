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
  /// Sets known_.
  Status look_at_stream(StreamId stream);
  /// Nothing in the tables has to be looked at for it.
  bool is_new(const EntryChange& change) const;
  /// New entries of one stream, all of them that lie side by side.
  Status write_run(StreamId stream, std::span<const EntryChange> run);
  /// Finds the values of the first ones of a run.
  Status look_ahead(std::span<const EntryChange> run);
  Status write_entry(StreamId stream, const EntryChange& change);
  /// `bytes`: those of the journal.
  Status put_entry(StreamId stream, const EntryChange& change, Bytes bytes, bool in_run);
  Status erase_stream(StreamId stream);
  Status erase_messages();
  /// After a checkpoint that did not end, messages without entries may be anywhere.
  Status sweep_messages();

  Result<Bytes> value(const Place& place);
  void count_out(const std::string& stored_entry);
  void count(std::size_t bytes);
  bool is_enough() const;
  /// Commits what is written and begins anew when that was enough for one transaction.
  Status go_on();
  /// count() and go_on().
  Status breathe(std::size_t bytes);
  /// With room for a value of so many bytes beyond the usual.
  Status begin(std::uint64_t large = 0);

  const Generation& generation_;
  LmdbTables& tables_;
  SegmentJournal& journal_;
  MessageCounts& counts_;
  std::optional<LmdbTablesWriter> writer_;
  std::optional<JournalReader> reader_;
  std::vector<JournalReader::Piece> pieces_;  // of a run, those that are written now
  std::vector<JournalReader::Piece> ahead_;   // and those behind them
  std::string key_;                           // of put_entry()
  std::uint64_t known_ = 0;                   // the tables have no later entry of the stream
  std::vector<MessageId> needed_;             // in order
  std::vector<MessageId> orphans_;            // may have lost their last entry
  std::size_t ops_in_hand_ = 0;
  std::size_t bytes_in_hand_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace hermod::store
