#include "store/lmdb/lmdb_tables.h"

#include <lmdb.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "store/checksum.h"
#include "store/lmdb/lmdb_error.h"
#include "store/lmdb/lmdb_value.h"

namespace hermod::store {
namespace {

constexpr std::size_t kChecksumSize = 4;
// Databases are counted from the one of the store itself; the tables follow.
constexpr std::size_t kOwn = 0;
constexpr const char* kOwnName = "store";
constexpr std::string_view kPositionKey = "position";
constexpr std::uint8_t kPositionVersion = 1;

constexpr std::array<const char*, kTableCount> kNames{
    "messages", "entries", "sessions", "subscriptions", "inbound_ids", "retained",
    "delayed",  "meta",    "streams",  "queues",        "deliveries",  "message_ids"};

const char* name_of(std::size_t database) {
  return database == kOwn ? kOwnName : kNames[database - 1];
}

MDB_val value_of(Bytes bytes) {
  // The library does not write through it.
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

std::string printed(Bytes key) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : key.first(std::min<std::size_t>(key.size(), 32))) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

/// The value without its checksum, when that fits.
Result<Bytes> checked(std::size_t database, Bytes key, Bytes stored) {
  if (stored.size() >= kChecksumSize) {
    Checksum checksum;
    checksum.add(key);
    checksum.add(stored.first(stored.size() - kChecksumSize));
    if (ByteReader(stored.last(kChecksumSize)).u32() == checksum.value())
      return stored.first(stored.size() - kChecksumSize);
  }
  return failure(Errc::Corruption,
                 std::string("table ") + name_of(database) + ": record " + printed(key) + " is damaged");
}

tl::unexpected<Error> failed(int code, std::size_t database) {
  return lmdb_failure(code, std::string("table ") + name_of(database));
}

Result<std::optional<Bytes>> get_checked(MDB_txn* txn, unsigned handle, std::size_t database, Bytes key) {
  MDB_val k = value_of(key);
  MDB_val value{};
  const int code = mdb_get(txn, handle, &k, &value);
  if (code == MDB_NOTFOUND) return std::optional<Bytes>{};
  if (code != 0) return failed(code, database);
  auto good = checked(database, key, bytes_of(value));
  if (!good) return tl::unexpected(good.error());
  return std::optional<Bytes>{*good};
}

std::size_t stored_size(std::initializer_list<Bytes> pieces) {
  std::size_t size = kChecksumSize;
  for (const Bytes piece : pieces) size += piece.size();
  return size;
}

/// `room`: of stored_size().
void write_checked(void* room, Bytes key, std::initializer_list<Bytes> pieces) {
  auto* to = static_cast<std::uint8_t*>(room);
  Checksum checksum;
  checksum.add(key);
  for (const Bytes piece : pieces) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
    checksum.add(piece);
  }
  for (int shift = 24; shift >= 0; shift -= 8) *to++ = static_cast<std::uint8_t>(checksum.value() >> shift);
}

Status put_checked(MDB_txn* txn, unsigned handle, std::size_t database, Bytes key,
                   std::initializer_list<Bytes> pieces, unsigned flags = 0) {
  MDB_val k = value_of(key);
  MDB_val value{stored_size(pieces), nullptr};
  if (const int code = mdb_put(txn, handle, &k, &value, MDB_RESERVE | flags); code != 0)
    return failed(code, database);
  write_checked(value.mv_data, key, pieces);
  return {};
}

std::size_t index_of(Table table) {
  return 1 + static_cast<std::size_t>(table);
}

}  // namespace

const char* table_name(Table table) {
  return name_of(index_of(table));
}

LmdbTablesReader::LmdbTablesReader(LmdbTransaction txn, std::span<const unsigned> databases)
    : txn_(std::move(txn)), databases_(databases) {}

Result<std::optional<Bytes>> LmdbTablesReader::get(Table table, Bytes key) {
  return get_checked(txn_.get(), databases_[index_of(table)], index_of(table), key);
}

Result<std::optional<std::size_t>> LmdbTablesReader::size(Table table, Bytes key) {
  MDB_val k = value_of(key);
  MDB_val value{};
  const int code = mdb_get(txn_.get(), databases_[index_of(table)], &k, &value);
  if (code == MDB_NOTFOUND) return std::optional<std::size_t>{};
  if (code != 0) return failed(code, index_of(table));
  return std::optional<std::size_t>{value.mv_size < kChecksumSize ? 0 : value.mv_size - kChecksumSize};
}

Result<std::optional<TableRecord>> LmdbTablesReader::seek(Table table, Bytes key) {
  if (cursor_.get() == nullptr || walked_ != table) {
    MDB_cursor* cursor = nullptr;
    if (const int code = mdb_cursor_open(txn_.get(), databases_[index_of(table)], &cursor); code != 0)
      return failed(code, index_of(table));
    cursor_ = LmdbCursor(cursor);
    walked_ = table;
  }
  return at_cursor(key.empty() ? MDB_FIRST : MDB_SET_RANGE, key);
}

Result<std::optional<TableRecord>> LmdbTablesReader::next() {
  return at_cursor(MDB_NEXT, {});
}

Result<std::optional<TableRecord>> LmdbTablesReader::at_cursor(int operation, Bytes from) {
  MDB_val key = value_of(from);
  MDB_val value{};
  const int code = mdb_cursor_get(cursor_.get(), &key, &value, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) return std::optional<TableRecord>{};
  if (code != 0) return failed(code, index_of(walked_));
  auto good = checked(index_of(walked_), bytes_of(key), bytes_of(value));
  if (!good) {
    damaged_key_ = bytes_of(key);
    return tl::unexpected(good.error());
  }
  return std::optional(TableRecord{bytes_of(key), *good});
}

Result<GroupNo> LmdbTablesReader::position() {
  auto value = get_checked(txn_.get(), databases_[kOwn], kOwn, as_bytes(kPositionKey));
  if (!value) return tl::unexpected(value.error());
  if (!*value) return GroupNo{1};
  ByteReader in(**value);
  if (in.u8() != kPositionVersion)
    return failure(Errc::Unsupported, "tables: position of an unknown version");
  const GroupNo next{in.u64()};
  if (!in.ok() || in.remaining() != 0 || next.v == 0) return failure(Errc::Corruption, "tables: position");
  return next;
}

LmdbTablesWriter::LmdbTablesWriter(LmdbEnvironment& environment, LmdbTransaction txn,
                                   std::span<const unsigned> databases)
    : environment_(environment), txn_(std::move(txn)), databases_(databases) {}

Status LmdbTablesWriter::put(Table table, Bytes key, std::initializer_list<Bytes> value) {
  return put_checked(txn_.get(), databases_[index_of(table)], index_of(table), key, value);
}

Status LmdbTablesWriter::append(Table table, Bytes key, Bytes value) {
  return put_checked(txn_.get(), databases_[index_of(table)], index_of(table), key, {value}, MDB_APPEND);
}

Status LmdbTablesWriter::begin_run(Bytes first, std::uint64_t bytes) {
  if (!run_) run_.emplace(txn_.get(), databases_[index_of(Table::Entries)]);
  if (const int code = run_->begin(first, bytes); code != 0) return failed(code, index_of(Table::Entries));
  return {};
}

Status LmdbTablesWriter::put_in_run(Bytes key, std::initializer_list<Bytes> value) {
  HERMOD_ASSERT(run_.has_value());
  MDB_val room{stored_size(value), nullptr};
  if (const int code = run_->put(key, room); code != 0) return failed(code, index_of(Table::Entries));
  write_checked(room.mv_data, key, value);
  return {};
}

Status LmdbTablesWriter::end_run() {
  if (!run_) return {};
  if (const int code = run_->end(); code != 0) return failed(code, index_of(Table::Entries));
  return {};
}

Result<bool> LmdbTablesWriter::erase(Table table, Bytes key, std::string* old) {
  if (old != nullptr) {
    auto found = get(table, key);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return false;
    *old = std::move(**found);
  }
  MDB_val k = value_of(key);
  const int code = mdb_del(txn_.get(), databases_[index_of(table)], &k, nullptr);
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return failed(code, index_of(table));
  return true;
}

Result<std::optional<std::string>> LmdbTablesWriter::get(Table table, Bytes key) {
  auto found = get_checked(txn_.get(), databases_[index_of(table)], index_of(table), key);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<std::string>{};
  return std::optional(std::string(as_text(**found)));
}

Result<std::optional<std::pair<std::string, std::string>>> LmdbTablesWriter::first(Table table, Bytes key) {
  MDB_cursor* raw = nullptr;
  if (const int code = mdb_cursor_open(txn_.get(), databases_[index_of(table)], &raw); code != 0)
    return failed(code, index_of(table));
  const LmdbCursor cursor(raw);
  MDB_val k = value_of(key);
  MDB_val value{};
  const int code = mdb_cursor_get(raw, &k, &value, key.empty() ? MDB_FIRST : MDB_SET_RANGE);
  if (code == MDB_NOTFOUND) return std::optional<std::pair<std::string, std::string>>{};
  if (code != 0) return failed(code, index_of(table));
  auto good = checked(index_of(table), bytes_of(k), bytes_of(value));
  if (!good) return tl::unexpected(good.error());
  return std::optional(std::pair(std::string(as_text(bytes_of(k))), std::string(as_text(*good))));
}

Result<std::optional<std::string>> LmdbTablesWriter::last_before(Table table, Bytes key) {
  MDB_cursor* raw = nullptr;
  if (const int code = mdb_cursor_open(txn_.get(), databases_[index_of(table)], &raw); code != 0)
    return failed(code, index_of(table));
  const LmdbCursor cursor(raw);
  MDB_val k = value_of(key);
  MDB_val value{};
  int code = mdb_cursor_get(raw, &k, &value, MDB_SET_RANGE);
  if (code == 0 || code == MDB_NOTFOUND)
    code = mdb_cursor_get(raw, &k, &value, code == 0 ? MDB_PREV : MDB_LAST);
  if (code == MDB_NOTFOUND) return std::optional<std::string>{};
  if (code != 0) return failed(code, index_of(table));
  return std::optional(std::string(as_text(bytes_of(k))));
}

Status LmdbTablesWriter::set_position(GroupNo next) {
  std::string value;
  ByteWriter out(value);
  out.u8(kPositionVersion);
  out.u64(next.v);
  return put_checked(txn_.get(), databases_[kOwn], kOwn, as_bytes(kPositionKey), {as_bytes(value)});
}

Status LmdbTablesWriter::commit() {
  if (Status ended = end_run(); !ended) return ended;
  run_.reset();
  const std::size_t transaction = mdb_txn_id(txn_.get());
  if (const int code = txn_.commit(); code != 0) {
    environment_.on_failed_write(code);
    return environment_.error(code, "commit");
  }
  environment_.count_commit(transaction, databases_);
  return {};
}

Result<std::unique_ptr<LmdbTables>> LmdbTables::open(const std::string& file, LmdbAccess access,
                                                     std::size_t table_count) {
  HERMOD_ASSERT(table_count == kTableCount || access != LmdbAccess::Write);
  auto environment = LmdbEnvironment::open({.file = file, .databases = 1 + kTableCount, .access = access});
  if (!environment) return tl::unexpected(environment.error());
  std::unique_ptr<LmdbTables> tables(new LmdbTables(std::move(*environment), table_count));
  LmdbEnvironment& env = *tables->environment_;
  auto txn = access == LmdbAccess::Write ? env.begin_write() : env.begin_read();
  if (!txn) return tl::unexpected(txn.error());
  for (std::size_t i = 0; i <= table_count; ++i) {
    const unsigned flags = access == LmdbAccess::Write ? MDB_CREATE : 0;
    const int code = mdb_dbi_open(txn->get(), name_of(i), flags, &tables->databases_[i]);
    if (code != 0) return env.error(code, name_of(i));
  }
  if (const int code = txn->commit(); code != 0) return env.error(code, "open");
  if (access == LmdbAccess::Write) env.begin_count(tables->databases());
  return tables;
}

Result<LmdbTablesReader> LmdbTables::reader() {
  auto txn = environment_->begin_read();
  if (!txn) return tl::unexpected(txn.error());
  return LmdbTablesReader(std::move(*txn), databases());
}

Result<LmdbTablesWriter> LmdbTables::writer(std::uint64_t bytes) {
  if (Status room = environment_->make_room(bytes); !room) return tl::unexpected(room.error());
  auto txn = environment_->begin_write();
  if (!txn) return tl::unexpected(txn.error());
  return LmdbTablesWriter(*environment_, std::move(*txn), databases());
}

Result<GroupNo> LmdbTables::position() {
  auto snapshot = reader();
  if (!snapshot) return tl::unexpected(snapshot.error());
  return snapshot->position();
}

}  // namespace hermod::store
