#include "store/lmdb/lmdb_environment.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "store/lmdb/lmdb_error.h"

namespace hermod::store {
namespace {

constexpr std::uint64_t kFirstMap = std::uint64_t{64} << 20;
/// What a file may grow while another process watches it.
constexpr std::uint64_t kGrowthWatched = std::uint64_t{1} << 30;
/// Pages that a commit may need besides its data: the path to the root, the list of free pages.
constexpr std::uint64_t kSlackPages = 256;
constexpr mdb_mode_t kEnvironmentMode = 0600;

std::uint64_t size_of_file(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// Addresses for a file of this size: with room to grow, unless nobody writes.
std::uint64_t map_for(std::uint64_t present, LmdbAccess access) {
  switch (access) {
    case LmdbAccess::Look:
      return present;
    case LmdbAccess::Watch:
      return 2 * present + kGrowthWatched;
    case LmdbAccess::Write:
      break;
  }
  return std::max(present + present / 2, kFirstMap);
}

/// What the library keeps for itself: the list of free pages and the names of the databases.
constexpr MDB_dbi kFreePageList = 0;
constexpr MDB_dbi kDatabaseNames = 1;

/// Adds the pages of one database. Returns the library's code.
int add_pages(MDB_txn* txn, MDB_dbi database, std::uint64_t& pages) {
  MDB_stat stat{};
  const int code = mdb_stat(txn, database, &stat);
  if (code == 0) pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  return code;
}

/// Adds the pages in use, but for the two that every file begins with. Returns the library's first code that
/// is an error, and adds what it can all the same.
int add_pages_in_use(MDB_txn* txn, std::span<const unsigned> databases, std::uint64_t& pages) {
  int first = 0;
  const auto add = [&](MDB_dbi database) {
    const int code = add_pages(txn, database, pages);
    if (first == 0) first = code;
  };
  add(kFreePageList);
  add(kDatabaseNames);
  for (const unsigned database : databases) add(database);
  return first;
}

/// How many pages this transaction, which was committed, has put on the list of free ones.
std::uint64_t pages_given_back(MDB_txn* txn, std::size_t transaction) {
  MDB_cursor* raw = nullptr;  // of all calls only those of a cursor look into this list
  if (mdb_cursor_open(txn, kFreePageList, &raw) != 0) return 0;
  const LmdbCursor cursor(raw);
  MDB_val key{sizeof transaction, &transaction};
  MDB_val value{};
  std::uint64_t count = 0;
  if (mdb_cursor_get(raw, &key, &value, MDB_SET) == 0 && value.mv_size >= sizeof count)
    std::memcpy(&count, value.mv_data, sizeof count);
  return count;
}

}  // namespace

LmdbTransaction& LmdbTransaction::operator=(LmdbTransaction&& other) noexcept {
  if (this != &other) {
    abort();
    txn_ = std::exchange(other.txn_, nullptr);
    gate_ = std::move(other.gate_);
  }
  return *this;
}

int LmdbTransaction::commit() {
  const int code = mdb_txn_commit(std::exchange(txn_, nullptr));
  if (gate_.owns_lock()) gate_.unlock();
  return code;
}

void LmdbTransaction::abort() {
  if (txn_ != nullptr) mdb_txn_abort(std::exchange(txn_, nullptr));
  if (gate_.owns_lock()) gate_.unlock();
}

LmdbCursor& LmdbCursor::operator=(LmdbCursor&& other) noexcept {
  if (this != &other) {
    close();
    cursor_ = std::exchange(other.cursor_, nullptr);
  }
  return *this;
}

void LmdbCursor::close() {
  if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
}

LmdbEnvironment::LmdbEnvironment(Settings settings, MDB_env* env)
    : settings_(std::move(settings)), env_(env) {}

LmdbEnvironment::~LmdbEnvironment() {
  // Who opens the file again must not find a reader of the old map.
  const std::lock_guard enter(turnstile_);
  const std::lock_guard last(gate_);
  mdb_env_close(env_);
}

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const Settings& settings) {
  MDB_env* raw = nullptr;
  if (const int code = mdb_env_create(&raw); code != 0) return lmdb_failure(code, settings.file);
  std::unique_ptr<LmdbEnvironment> environment(new LmdbEnvironment(settings, raw));
  const std::uint64_t present = size_of_file(settings.file);
  const std::uint64_t map_size = map_for(present, settings.access);
  environment->map_size_ = map_size;
  mdb_env_set_mapsize(raw, map_size);
  if (settings.databases > 0) mdb_env_set_maxdbs(raw, settings.databases);
  // Readers are not bound to threads: a thread may look at two snapshots at once.
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOMETASYNC;
  if (settings.access != LmdbAccess::Write) flags |= MDB_RDONLY;
  if (settings.access == LmdbAccess::Look) flags |= MDB_NOLOCK;
  if (const int code = mdb_env_open(raw, settings.file.c_str(), flags, kEnvironmentMode); code != 0)
    return environment->error(code, "open");
  MDB_stat stat{};
  mdb_env_stat(raw, &stat);
  environment->page_size_ = stat.ms_psize;
  MDB_envinfo info{};
  mdb_env_info(raw, &info);
  environment->map_size_ = info.me_mapsize;
  return environment;
}

Result<LmdbTransaction> LmdbEnvironment::begin_read() {
  std::shared_lock<std::shared_mutex> gate;
  if (settings_.access == LmdbAccess::Write) {  // nobody here moves the map of another process's file
    const std::lock_guard enter(turnstile_);
    gate = std::shared_lock(gate_);
  }
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn); code != 0) return error(code, "read");
  return LmdbTransaction(txn, std::move(gate));
}

Result<LmdbTransaction> LmdbEnvironment::begin_write() {
  if (roots_uncertain_) {
    if (Status written = write_roots_again(); !written) return tl::unexpected(written.error());
  }
  // A process that ended while it watched would keep its snapshot's pages for ever.
  int dead = 0;
  static_cast<void>(mdb_reader_check(env_, &dead));
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn); code != 0) return error(code, "write");
  return LmdbTransaction(txn, {});
}

Status LmdbEnvironment::make_room(std::uint64_t bytes) {
  const std::uint64_t wanted = high_water_bytes() + bytes + kSlackPages * page_size_;
  if (wanted <= map_size_) return {};
  return set_map(std::max(2 * map_size_, wanted));
}

Status LmdbEnvironment::set_map(std::uint64_t size) {
  const std::lock_guard enter(turnstile_);
  const std::lock_guard grow(gate_);
  if (const int code = mdb_env_set_mapsize(env_, size); code != 0) return error(code, "grow");
  map_size_ = size;
  return {};
}

Status LmdbEnvironment::sync() {
  if (const int code = mdb_env_sync(env_, 1); code != 0) {
    on_failed_write(code);
    return error(code, "sync");
  }
  return {};
}

Status LmdbEnvironment::write_roots_again() {
  roots_uncertain_ = true;
  mdb_filehandle_t file = 0;
  if (const int code = mdb_env_get_fd(env_, &file); code != 0) return error(code, "roots");
  std::vector<char> pages(2 * std::size_t{page_size_});
  const auto size = static_cast<ssize_t>(pages.size());
  if (::pread(file, pages.data(), pages.size(), 0) != size ||
      ::pwrite(file, pages.data(), pages.size(), 0) != size)
    return error(errno != 0 ? errno : EIO, "roots");
  if (Status synced = sync(); !synced) return synced;
  roots_uncertain_ = false;
  return {};
}

Status LmdbEnvironment::check_free_pages(std::span<const unsigned> databases) {
  auto txn = begin_read();
  if (!txn) return tl::unexpected(txn.error());
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  std::uint64_t pages = 2;  // the two that every file begins with
  if (const int code = add_pages_in_use(txn->get(), databases, pages); code != 0)
    return error(code, "free pages");
  MDB_cursor* raw = nullptr;
  if (const int code = mdb_cursor_open(txn->get(), kFreePageList, &raw); code != 0)
    return error(code, "free pages");
  const LmdbCursor cursor(raw);
  std::vector<bool> seen(info.me_last_pgno + 1);
  MDB_val key{};
  MDB_val value{};
  int code = mdb_cursor_get(raw, &key, &value, MDB_FIRST);
  for (; code == 0; code = mdb_cursor_get(raw, &key, &value, MDB_NEXT)) {
    // A list: how many, then that many page numbers, falling.
    std::uint64_t count = 0;
    std::uint64_t before = info.me_last_pgno + 1;
    if (value.mv_size < sizeof count)
      return failure(Errc::Corruption, settings_.file + ": list of free pages");
    const auto* at = static_cast<const std::uint8_t*>(value.mv_data);
    std::memcpy(&count, at, sizeof count);
    if (count > value.mv_size / sizeof count - 1)
      return failure(Errc::Corruption, settings_.file + ": list of free pages");
    for (std::uint64_t i = 1; i <= count; ++i) {
      std::uint64_t page = 0;
      std::memcpy(&page, at + i * sizeof page, sizeof page);
      if (page < 2 || page >= before || seen[page])
        return failure(Errc::Corruption, settings_.file + ": list of free pages");
      seen[page] = true;
      before = page;
    }
    pages += count;
  }
  if (code != MDB_NOTFOUND) return error(code, "free pages");
  if (pages > info.me_last_pgno + 1)
    return failure(Errc::Corruption, settings_.file + ": pages used and free");
  return {};
}

void LmdbEnvironment::begin_count(std::span<const unsigned> databases) {
  counted_pages_ = 0;
  if (auto txn = begin_read()) add_pages_in_use(txn->get(), databases, counted_pages_);
}

void LmdbEnvironment::count_commit(std::size_t transaction, std::span<const unsigned> databases) {
  auto txn = begin_read();
  // A transaction without changes is not there, and has written nothing.
  if (!txn || mdb_txn_id(txn->get()) != transaction) return;
  std::uint64_t pages = 0;
  add_pages_in_use(txn->get(), databases, pages);
  const std::uint64_t taken = pages + pages_given_back(txn->get(), transaction) + 1 - counted_pages_;
  counted_pages_ = pages;
  written_.fetch_add(taken * page_size_, std::memory_order_relaxed);
}

bool LmdbEnvironment::is_disk_full() const {
  mdb_filehandle_t file = 0;
  struct statvfs status {};
  return mdb_env_get_fd(env_, &file) == 0 && ::fstatvfs(file, &status) == 0 &&
         std::uint64_t{status.f_bavail} * status.f_frsize < kSlackPages * page_size_;
}

std::uint64_t LmdbEnvironment::file_bytes() const {
  return size_of_file(settings_.file);
}

std::uint64_t LmdbEnvironment::used_bytes(std::span<const unsigned> databases) {
  auto txn = begin_read();
  if (!txn) return 0;
  std::uint64_t pages = 2;
  for (const unsigned database : databases) add_pages(txn->get(), database, pages);
  return pages * page_size_;
}

std::uint64_t LmdbEnvironment::high_water_bytes() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return (static_cast<std::uint64_t>(info.me_last_pgno) + 1) * page_size_;
}

tl::unexpected<Error> LmdbEnvironment::error(int code, const char* action) const {
  // A file system that runs full in the middle of a write writes what fits; the library calls that EIO.
  if (code == EIO && is_disk_full()) code = ENOSPC;
  return lmdb_failure(code, settings_.file + ": " + action);
}

}  // namespace hermod::store
