#include "store/lmdb/lmdb_journal.h"

#include <lmdb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <tuple>
#include <utility>

#include "store/lmdb/lmdb_value.h"

namespace hermod::store {
namespace {

constexpr std::size_t kPage = 4096;
/// Old records are deleted when so many wait, in portions of so many pages: the library keeps the pages that
/// one transaction freed in one list, and a list of more than a page is written again with every commit.
constexpr std::uint64_t kTrimRecords = 32;
constexpr std::size_t kTrimPages = 384;
constexpr std::uint64_t kDropRecords = 1024;
constexpr std::uint64_t kGrowBy = std::uint64_t{16} << 20;
constexpr std::uint64_t kReserve = std::uint64_t{1} << 20;

/// A group number as the library wants it.
class Key {
 public:
  explicit Key(GroupNo number) {
    for (std::size_t i = 0; i < bytes_.size(); ++i)
      bytes_[i] = static_cast<std::uint8_t>(number.v >> (8 * (bytes_.size() - 1 - i)));
  }
  MDB_val* get() { return &value_; }

 private:
  std::array<std::uint8_t, 8> bytes_{};
  MDB_val value_{bytes_.size(), bytes_.data()};
};

/// Zero for a key that is not a group number.
GroupNo number_of(const MDB_val& key) {
  return key.mv_size == 8 ? GroupNo{ByteReader(bytes_of(key)).u64()} : GroupNo{};
}

Result<LmdbCursor> open_cursor(const LmdbEnvironment& environment, MDB_txn* txn, MDB_dbi database) {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(txn, database, &cursor); code != 0)
    return environment.error(code, "cursor");
  return LmdbCursor(cursor);
}

}  // namespace

Result<Bytes> LmdbJournalReader::read(GroupNo group, std::size_t offset, std::size_t size) {
  if (group != group_) {
    MDB_val value{};
    const int code = mdb_get(txn_.get(), database_, Key(group).get(), &value);
    if (code != 0)
      return failure(code == MDB_NOTFOUND ? Errc::NotFound : Errc::Io,
                     "journal: group " + std::to_string(group.v) + ": " + mdb_strerror(code));
    record_ = bytes_of(value);
    group_ = group;
  }
  if (offset > record_.size() || size > record_.size() - offset)
    return failure(Errc::Corruption, "journal: group " + std::to_string(group.v) + " is too short");
  return record_.subspan(offset, size);
}

Result<std::unique_ptr<LmdbJournal>> LmdbJournal::open(const std::string& file, std::uint64_t max_size,
                                                       bool read_only) {
  std::unique_ptr<LmdbJournal> journal(new LmdbJournal(file, max_size, read_only));
  if (Status opened = journal->open_file(); !opened) return tl::unexpected(opened.error());
  return journal;
}

Status LmdbJournal::open_file() {
  auto environment = LmdbEnvironment::open(
      {.file = file_, .max_size = max_size_, .grow_file_by = kGrowBy, .read_only = read_only_});
  if (!environment) return tl::unexpected(environment.error());
  environment_ = std::move(*environment);
  auto txn = read_only_ ? environment_->begin_read() : environment_->begin_write();
  if (!txn) return tl::unexpected(txn.error());
  int code = mdb_dbi_open(txn->get(), nullptr, 0, &database_);
  if (code == 0) code = txn->commit();
  if (code != 0) return environment_->error(code, "open");
  const auto found = range();
  if (!found) return tl::unexpected(found.error());
  std::tie(first_, last_) = *found;
  return {};
}

Status LmdbJournal::append(GroupNo number, std::span<const Bytes> group) {
  if (!environment_) return failure(Errc::Closed, file_ + ": the journal is closed");
  if (number <= last_)
    return failure(Errc::Invalid,
                   "journal: group " + std::to_string(number.v) + " after " + std::to_string(last_.v));
  const auto begin = std::chrono::steady_clock::now();
  std::size_t size = 0;
  for (const Bytes piece : group) size += piece.size();
  Status written = write(number, group, size);
  if (!written && written.error().code == Errc::NoSpace) {
    const auto more = make_space();
    if (!more) return tl::unexpected(more.error());
    if (*more) written = write(number, group, size);
  }
  if (!written) return written;
  groups_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(size, std::memory_order_relaxed);
  const auto took = std::chrono::steady_clock::now() - begin;
  last_commit_micros_.store(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()),
      std::memory_order_relaxed);
  return {};
}

Status LmdbJournal::write(GroupNo number, std::span<const Bytes> group, std::size_t size) {
  if (Status room = environment_->make_room(size); !room) return room;
  auto txn = environment_->begin_write();
  if (!txn) return tl::unexpected(txn.error());
  GroupNo first = first_.v == 0 ? number : first_;
  if (Status trimmed = delete_trimmed(txn->get(), first, kTrimRecords); !trimmed) return trimmed;
  if (Status written = put(txn->get(), number, group, size); !written) return written;
  if (const int code = txn->commit(); code != 0) return environment_->error(code, "commit");
  first_ = first;
  last_ = number;
  return {};
}

Result<bool> LmdbJournal::make_space() {
  const GroupNo before{trim_before_.load(std::memory_order_acquire)};
  if (first_.v == 0 || first_ >= before) return false;
  if (Status opened = environment_->open_reserve(kReserve); !opened) return tl::unexpected(opened.error());
  // The pages of one transaction are free for the one after the next.
  for (int round = 0; round < 3; ++round) {
    auto txn = environment_->begin_write();
    if (!txn) return tl::unexpected(txn.error());
    GroupNo first = first_;
    if (Status trimmed = delete_trimmed(txn->get(), first, 1); !trimmed)
      return tl::unexpected(trimmed.error());
    if (const int code = txn->commit(); code != 0) return environment_->error(code, "trim");
    first_ = first;
  }
  if (Status closed = environment_->open_reserve(0); !closed) return tl::unexpected(closed.error());
  return true;
}

Status LmdbJournal::put(MDB_txn* txn, GroupNo number, std::span<const Bytes> group, std::size_t size) {
  MDB_val value{size, nullptr};
  if (const int code = mdb_put(txn, database_, Key(number).get(), &value, MDB_APPEND | MDB_RESERVE);
      code != 0)
    return environment_->error(code, "append");
  auto* to = static_cast<std::uint8_t*>(value.mv_data);
  for (const Bytes piece : group) {
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  return {};
}

Status LmdbJournal::delete_trimmed(MDB_txn* txn, GroupNo& first, std::uint64_t at_least) {
  const GroupNo before{trim_before_.load(std::memory_order_acquire)};
  if (before.v < first.v + at_least) return {};
  auto cursor = open_cursor(*environment_, txn, database_);
  if (!cursor) return tl::unexpected(cursor.error());
  for (std::size_t pages = 0; pages < kTrimPages;) {
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor->get(), &key, &value, MDB_FIRST);
    if (code == MDB_NOTFOUND) break;
    if (code != 0) return environment_->error(code, "trim");
    first = number_of(key);
    if (first >= before) break;
    pages += 1 + value.mv_size / kPage;
    if (code = mdb_cursor_del(cursor->get(), 0); code != 0) return environment_->error(code, "trim");
    first.v += 1;
  }
  return {};
}

Status LmdbJournal::replay(GroupNo from, const Visit& visit) {
  auto txn = environment_->begin_read();
  if (!txn) return tl::unexpected(txn.error());
  auto cursor = open_cursor(*environment_, txn->get(), database_);
  if (!cursor) return tl::unexpected(cursor.error());
  Key start(from);
  MDB_val key = *start.get();
  MDB_val value{};
  int code = mdb_cursor_get(cursor->get(), &key, &value, MDB_SET_RANGE);
  for (; code == 0; code = mdb_cursor_get(cursor->get(), &key, &value, MDB_NEXT)) {
    if (Status status = visit(number_of(key), bytes_of(value)); !status) return status;
  }
  if (code != MDB_NOTFOUND) return environment_->error(code, "replay");
  return {};
}

Status LmdbJournal::trim(GroupNo before) {
  std::uint64_t seen = trim_before_.load(std::memory_order_relaxed);
  while (seen < before.v && !trim_before_.compare_exchange_weak(seen, before.v, std::memory_order_release)) {
  }
  return {};
}

Result<LmdbJournalReader> LmdbJournal::reader() {
  const std::shared_lock files(files_);
  if (!environment_) return failure(Errc::Closed, file_ + ": the journal is closed");
  auto txn = environment_->begin_read();
  if (!txn) return tl::unexpected(txn.error());
  return LmdbJournalReader(std::move(*txn), database_);
}

Result<std::pair<GroupNo, GroupNo>> LmdbJournal::range() {
  auto txn = environment_->begin_read();
  if (!txn) return tl::unexpected(txn.error());
  auto cursor = open_cursor(*environment_, txn->get(), database_);
  if (!cursor) return tl::unexpected(cursor.error());
  MDB_val key{};
  MDB_val value{};
  std::pair<GroupNo, GroupNo> found;
  int code = mdb_cursor_get(cursor->get(), &key, &value, MDB_FIRST);
  if (code == 0) {
    found.first = number_of(key);
    code = mdb_cursor_get(cursor->get(), &key, &value, MDB_LAST);
    found.second = number_of(key);
  }
  if (code != 0 && code != MDB_NOTFOUND) return environment_->error(code, "range");
  return found;
}

Status LmdbJournal::drop_from(GroupNo from) {
  for (bool more = true; more;) {
    auto txn = environment_->begin_write();
    if (!txn) return tl::unexpected(txn.error());
    auto cursor = open_cursor(*environment_, txn->get(), database_);
    if (!cursor) return tl::unexpected(cursor.error());
    Key start(from);
    int code = 0;
    for (std::uint64_t i = 0; i < kDropRecords && code == 0; ++i) {
      MDB_val key = *start.get();
      MDB_val value{};
      code = mdb_cursor_get(cursor->get(), &key, &value, MDB_SET_RANGE);
      if (code == 0) code = mdb_cursor_del(cursor->get(), 0);
    }
    more = code == 0;
    if (code != 0 && code != MDB_NOTFOUND) return environment_->error(code, "drop");
    cursor->close();
    if (code = txn->commit(); code != 0) return environment_->error(code, "drop");
  }
  const auto found = range();
  if (!found) return tl::unexpected(found.error());
  std::tie(first_, last_) = *found;
  return {};
}

Status LmdbJournal::reopen() {
  const std::lock_guard files(files_);
  environment_.reset();
  if (Status opened = open_file(); !opened) return opened;
  return environment_->write_roots_again();
}

std::uint64_t LmdbJournal::file_bytes() const {
  const std::shared_lock files(files_);
  return environment_ ? environment_->file_bytes() : 0;
}

std::uint64_t LmdbJournal::used_bytes() const {
  const std::shared_lock files(files_);
  return environment_ ? environment_->used_bytes({&database_, 1}) : 0;
}

}  // namespace hermod::store
