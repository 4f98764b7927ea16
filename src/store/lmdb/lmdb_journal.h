#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "store/journal.h"
#include "store/lmdb/lmdb_environment.h"

namespace hermod::store {

/// Reads pieces of journal records in one short transaction: what it gives stays valid as long as it lives.
/// Keep it for a slice of work only, because the pages of trimmed records are not used again meanwhile.
class LmdbJournalReader {
 public:
  LmdbJournalReader(LmdbTransaction txn, unsigned database) : txn_(std::move(txn)), database_(database) {}
  /// `size` bytes of a record from `offset` on. Errors: NotFound (no such record), Corruption (it is
  /// shorter).
  Result<Bytes> read(GroupNo group, std::size_t offset, std::size_t size);

 private:
  LmdbTransaction txn_;
  unsigned database_;
  GroupNo group_;  // whose record is in record_
  Bytes record_;
};

/// The journal on disk: an LMDB file of its own, key = group number, value = the record; one transaction and
/// one synchronous commit per group. append() belongs to the committer's thread, trim() and reader() to any.
class LmdbJournal final : public Journal {
 public:
  /// Makes the file when there is none. The limit counts bytes of the file.
  static Result<std::unique_ptr<LmdbJournal>> open(const std::string& file, std::uint64_t max_size,
                                                   bool read_only = false);

  Status append(GroupNo number, std::span<const Bytes> group) override;
  Status replay(GroupNo from, const Visit& visit) override;
  /// Only notes the position: a later append deletes the records in its own transaction, so that trimming
  /// costs no commit.
  Status trim(GroupNo before) override;

  Result<LmdbJournalReader> reader();
  /// First and last group on disk; zero when there is none.
  Result<std::pair<GroupNo, GroupNo>> range();
  /// Deletes `from` and everything behind it, durably. No append meanwhile.
  Status drop_from(GroupNo from);
  /// Closes the file and opens it again. Readers wait. No append meanwhile.
  Status reopen();
  /// What a new file begins with is durable. Every append is by itself.
  Status sync() { return environment_->sync(); }
  Status check_free_pages() { return environment_->check_free_pages({&database_, 1}); }

  std::uint64_t file_bytes() const;
  std::uint64_t used_bytes() const;
  std::uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t last_commit_micros() const { return last_commit_micros_.load(std::memory_order_relaxed); }

 private:
  LmdbJournal(std::string file, std::uint64_t max_size, bool read_only)
      : file_(std::move(file)), max_size_(max_size), read_only_(read_only) {}
  Status open_file();
  Status put(MDB_txn* txn, GroupNo number, std::span<const Bytes> group, std::size_t size);
  Status write(GroupNo number, std::span<const Bytes> group, std::size_t size);
  /// Deletes what is trimmed in transactions of its own; false when nothing is.
  Result<bool> make_space();
  Status delete_trimmed(MDB_txn* txn, GroupNo& first, std::uint64_t at_least);

  const std::string file_;
  const std::uint64_t max_size_;
  const bool read_only_;
  mutable std::shared_mutex files_;  // exclusive: reopen
  std::unique_ptr<LmdbEnvironment> environment_;
  unsigned database_ = 0;
  GroupNo first_;  // on disk; the committer's thread
  GroupNo last_;
  std::atomic<std::uint64_t> trim_before_{0};
  std::atomic<std::uint64_t> groups_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> last_commit_micros_{0};
};

}  // namespace hermod::store
