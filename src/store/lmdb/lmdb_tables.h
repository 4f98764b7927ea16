#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/ids.h"
#include "store/lmdb/lmdb_environment.h"
#include "store/lmdb/lmdb_run.h"
#include "store/write_batch.h"

namespace hermod::store {

/// A record of a table, checked; valid as long as the transaction it was read in.
struct TableRecord {
  Bytes key;
  Bytes value;
};

/// A snapshot of the tables. Keep it for a slice of work only: what is replaced meanwhile takes room.
class LmdbTablesReader {
 public:
  LmdbTablesReader(LmdbTransaction txn, std::span<const unsigned> databases);
  /// Errors: Corruption when the record does not fit its checksum.
  Result<std::optional<Bytes>> get(Table table, Bytes key);
  /// Size of the value without reading it.
  Result<std::optional<std::size_t>> size(Table table, Bytes key);
  /// The first record at or behind `key`. Ends the walk of before.
  Result<std::optional<TableRecord>> seek(Table table, Bytes key);
  /// The one behind it.
  Result<std::optional<TableRecord>> next();
  /// Of the record that the last seek() or next() called damaged; the walk goes on behind it.
  Bytes damaged_key() const { return damaged_key_; }
  /// The first group that the tables do not have.
  Result<GroupNo> position();

 private:
  Result<std::optional<TableRecord>> at_cursor(int operation, Bytes from);

  LmdbTransaction txn_;
  LmdbCursor cursor_;  // behind txn_: ends first
  std::span<const unsigned> databases_;
  Table walked_{};
  Bytes damaged_key_;
};

/// A write transaction on the tables. Nothing of it holds until commit().
class LmdbTablesWriter {
 public:
  LmdbTablesWriter(LmdbEnvironment& environment, LmdbTransaction txn, std::span<const unsigned> databases);
  /// The value is given in pieces; its checksum is added.
  Status put(Table table, Bytes key, std::initializer_list<Bytes> value);
  /// The same for a key behind all others of its table: fills the pages. Errors: Corruption when it is not.
  Status append(Table table, Bytes key, Bytes value);
  /// Entries with rising keys of which the table has none, nor any between them: they fill their pages
  /// (LmdbRun). `first`: the key of the first one; `bytes`: about how much they are. Until end_run() or
  /// commit() nothing else is asked of the table.
  Status begin_run(Bytes first, std::uint64_t bytes);
  Status put_in_run(Bytes key, std::initializer_list<Bytes> value);
  Status end_run();
  /// What was there goes into `old` when the caller asks. False: there was nothing.
  Result<bool> erase(Table table, Bytes key, std::string* old = nullptr);
  Result<std::optional<std::string>> get(Table table, Bytes key);
  /// The first record at or behind `key`.
  Result<std::optional<std::pair<std::string, std::string>>> first(Table table, Bytes key);
  /// The key of the last record before `key`.
  Result<std::optional<std::string>> last_before(Table table, Bytes key);
  Status set_position(GroupNo next);
  Status commit();

 private:
  LmdbEnvironment& environment_;
  LmdbTransaction txn_;
  std::span<const unsigned> databases_;
  std::optional<LmdbRun> run_;  // behind txn_: ends first
};

/// The tables on disk: one LMDB file, a database per table and one for the store itself. Every value ends
/// with a CRC-32C of key and value. One writing thread, any number of reading ones. A commit alone may be
/// undone by a power cut; sync() makes all of them hold.
class LmdbTables {
 public:
  /// `table_count`: of an older format, which has only the first so many tables; for reading only.
  static Result<std::unique_ptr<LmdbTables>> open(const std::string& file,
                                                  LmdbAccess access = LmdbAccess::Write,
                                                  std::size_t table_count = kTableCount);
  Result<LmdbTablesReader> reader();
  /// `bytes`: about how much will be written.
  Result<LmdbTablesWriter> writer(std::uint64_t bytes);
  Status sync() { return environment_->sync(); }
  /// The first group that the tables do not have.
  Result<GroupNo> position();

  Status check_free_pages() { return environment_->check_free_pages(databases()); }

  std::uint64_t file_bytes() const { return environment_->file_bytes(); }
  std::uint64_t used_bytes() { return environment_->used_bytes(databases()); }
  /// Of the pages that commits have written since the file was opened. Any thread.
  std::uint64_t written_bytes() const { return environment_->written_bytes(); }

 private:
  LmdbTables(std::unique_ptr<LmdbEnvironment> environment, std::size_t table_count)
      : environment_(std::move(environment)), table_count_(table_count) {}
  std::span<const unsigned> databases() const { return std::span(databases_).first(1 + table_count_); }

  const std::unique_ptr<LmdbEnvironment> environment_;
  const std::size_t table_count_;
  std::array<unsigned, 1 + kTableCount> databases_{};  // the first one is the store's own
};

/// The name of a table's database, which is part of the format.
const char* table_name(Table table);

}  // namespace hermod::store
