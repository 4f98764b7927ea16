#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace hermod::store {

/// A read or write transaction. Ends with the object: what is not committed is dropped. Used by one thread.
class LmdbTransaction {
 public:
  LmdbTransaction() = default;
  LmdbTransaction(MDB_txn* txn, std::shared_lock<std::shared_mutex> gate)
      : txn_(txn), gate_(std::move(gate)) {}
  LmdbTransaction(LmdbTransaction&& other) noexcept
      : txn_(std::exchange(other.txn_, nullptr)), gate_(std::move(other.gate_)) {}
  LmdbTransaction& operator=(LmdbTransaction&& other) noexcept;
  ~LmdbTransaction() { abort(); }

  MDB_txn* get() const { return txn_; }
  /// Gives the library's code; the transaction is over either way.
  int commit();
  void abort();

 private:
  MDB_txn* txn_ = nullptr;
  std::shared_lock<std::shared_mutex> gate_;
};

/// A cursor; ends with the object, before its transaction.
class LmdbCursor {
 public:
  LmdbCursor() = default;
  explicit LmdbCursor(MDB_cursor* cursor) : cursor_(cursor) {}
  LmdbCursor(LmdbCursor&& other) noexcept : cursor_(std::exchange(other.cursor_, nullptr)) {}
  LmdbCursor& operator=(LmdbCursor&& other) noexcept;
  ~LmdbCursor() { close(); }
  MDB_cursor* get() const { return cursor_; }
  void close();

 private:
  MDB_cursor* cursor_ = nullptr;
};

/// What a process does with a file.
enum class LmdbAccess {
  Write,
  Look,   ///< reads while nobody writes; without lock file
  Watch,  ///< reads while another process writes
};

/// One LMDB file. Owns the library's environment and the size of its map, which grows by itself: how much may
/// be stored is decided before. A commit alone does not wait for the page that makes it valid; after a power
/// cut the last ones may be undone, never torn. sync() makes them hold. Any number of reading threads and one
/// writing thread; lives longer than its transactions.
///
/// Growing moves the map, so it waits until no transaction is open. Readers enter through a turnstile: those
/// that come while somebody grows wait, so they cannot keep him out for ever.
class LmdbEnvironment {
 public:
  struct Settings {
    std::string file;
    unsigned databases = 0;  // named ones
    LmdbAccess access = LmdbAccess::Write;
  };

  static Result<std::unique_ptr<LmdbEnvironment>> open(const Settings& settings);
  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  Result<LmdbTransaction> begin_read();
  /// One at a time; the caller has no other transaction of this environment.
  Result<LmdbTransaction> begin_write();
  /// Makes room for about `bytes` more, behind the pages of the file: free ones may be too scattered.
  /// The writing thread, outside its transactions.
  Status make_room(std::uint64_t bytes);
  Status sync();
  /// A commit or a sync failed with this code: the next write transaction begins with write_roots_again().
  /// The writing thread.
  void on_failed_write(int code) { roots_uncertain_ = roots_uncertain_ || code > 0; }
  /// Writes the two pages that name the roots once more, unchanged, and syncs. A system forgets what a failed
  /// sync should have written, and takes the next one for a success; but pages are used again only because
  /// these two are on the disk. The writing thread, outside its transactions.
  Status write_roots_again();
  /// Whether the library's list of free pages is one: pages of the file, in order, none twice. `databases`:
  /// all there are. Errors: Corruption.
  Status check_free_pages(std::span<const unsigned> databases);

  /// Counts the pages that are there now as not written. The writing thread, outside its transactions.
  void begin_count(std::span<const unsigned> databases);
  /// Counts what the commit of this transaction has written: the pages it took, which are those that there
  /// are more of and those that it gave back, and the one that names the roots. The library does not say it
  /// itself. The writing thread, behind the commit.
  void count_commit(std::size_t transaction, std::span<const unsigned> databases);
  /// Of all pages that were counted. Any thread.
  std::uint64_t written_bytes() const { return written_.load(std::memory_order_relaxed); }

  std::uint64_t file_bytes() const;
  /// Pages of these databases. Any thread.
  std::uint64_t used_bytes(std::span<const unsigned> databases);
  /// As far as the file was ever used.
  std::uint64_t high_water_bytes() const;
  const std::string& file() const { return settings_.file; }
  tl::unexpected<Error> error(int code, const char* action) const;

 private:
  LmdbEnvironment(Settings settings, MDB_env* env);

  Status set_map(std::uint64_t size);
  bool is_disk_full() const;

  const Settings settings_;
  MDB_env* env_;
  std::uint64_t map_size_ = 0;  // the writing thread's, as the next one
  unsigned page_size_ = 4096;
  bool roots_uncertain_ = false;
  std::uint64_t counted_pages_ = 0;  // in use behind the commit that was counted last
  std::atomic<std::uint64_t> written_{0};
  std::mutex turnstile_;
  std::shared_mutex gate_;
};

}  // namespace hermod::store
