#include "store/lmdb/lmdb_run.h"

#include <lmdb.h>

#include <algorithm>

#include "store/lmdb/lmdb_value.h"

namespace hermod::store {
namespace {

// Of the library's pages; what is wrong here costs room on them and nothing else.
constexpr std::size_t kPageHead = 16;
constexpr std::size_t kNodeHead = 8;
constexpr std::size_t kNodePointer = 2;
constexpr std::size_t kPageNumber = 8;
/// A run of less than this part of a page is not worth a look at the page.
constexpr std::size_t kShortRun = 4;

std::size_t even(std::size_t size) {
  return (size + 1) / 2 * 2;
}

MDB_val view_of(Bytes bytes) {
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};  // the library does not write through it
}

}  // namespace

std::size_t LmdbRun::bytes_on_page(std::size_t key, std::size_t value) const {
  return even(kNodeHead + key + (is_inline(key, value) ? value : kPageNumber) + kNodePointer);
}

int LmdbRun::open() {
  if (cursor_.get() != nullptr) return 0;
  MDB_stat stat{};
  if (const int code = mdb_stat(txn_, database_, &stat); code != 0) return code;
  page_ = stat.ms_psize - kPageHead;
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(txn_, database_, &cursor); code != 0) return code;
  cursor_ = LmdbCursor(cursor);
  return 0;
}

int LmdbRun::begin(Bytes first, std::uint64_t bytes) {
  if (const int code = end(); code != 0) return code;
  if (const int code = open(); code != 0) return code;
  if (bytes < page_ / kShortRun) return 0;
  const int code = look_around(first, bytes);
  if (code != 0) {
    behind_ = 0;
    is_known_ = false;
  }
  return code == MDB_NOTFOUND ? 0 : code;
}

/// Counts what is on the page where the run begins. Nothing is taken out for a run that ends on that page:
/// the next one would find it full, and each of them would leave a page with next to nothing behind.
int LmdbRun::look_around(Bytes first, std::uint64_t bytes) {
  MDB_val key = view_of(first);
  MDB_val value{};
  int code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_SET_RANGE);
  if (code != 0 && code != MDB_NOTFOUND) return code;
  const MDB_val next = key;
  const bool is_last = code == MDB_NOTFOUND;
  code = mdb_cursor_get(cursor_.get(), &key, &value, is_last ? MDB_LAST : MDB_PREV);
  const MDB_val previous = key;
  if (code == 0) last_key_ = as_text(bytes_of(key));
  if (code == 0) last_bytes_ = bytes_on_page(key.mv_size, value.mv_size);
  for (; code == 0 && is_on_page_of(previous, key);
       code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_PREV))
    used_ += bytes_on_page(key.mv_size, value.mv_size);
  if (code != 0 && code != MDB_NOTFOUND) return code;
  if (used_ == 0 || used_ + bytes <= page_) return MDB_NOTFOUND;
  is_known_ = true;
  if (is_last || !is_on_page_of(previous, next)) return 0;
  key = view_of(first);
  code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_SET_RANGE);
  for (; code == 0 && is_on_page_of(next, key);
       code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_NEXT)) {
    if (!is_inline(key.mv_size, value.mv_size)) return MDB_NOTFOUND;  // it has pages of its own to move
    used_ += bytes_on_page(key.mv_size, value.mv_size);
    ++behind_;
  }
  return code == MDB_NOTFOUND ? 0 : code;
}

int LmdbRun::put(Bytes key, MDB_val& value) {
  if (const int code = open(); code != 0) return code;
  const std::size_t wanted = bytes_on_page(key.size(), value.mv_size);
  while (behind_ > 0 && used_ + wanted > page_)
    if (const int code = take(key); code != 0) return code;
  // By now its page has enough, or the library would fill it up from the one before.
  if (!mark_.empty() && used_ > page_ / 3)
    if (const int code = erase_mark(); code != 0) return code;
  if (is_known_ && behind_ == 0 && used_ + wanted > page_) {
    if (const int code = put_mark(); code != 0) return code;
    used_ = mark_.empty() ? last_bytes_ : bytes_on_page(mark_.size(), 0);
  }
  used_ += wanted;
  MDB_val k = view_of(key);
  last_key_ = as_text(key);
  last_bytes_ = wanted;
  return mdb_cursor_put(cursor_.get(), &k, &value, MDB_RESERVE);
}

/// Where a record goes behind a full page, the library takes the page's last one with it to the new page, to
/// have two there. So a record with next to nothing in it becomes the last one, for a while.
int LmdbRun::put_mark() {
  if (!mark_.empty() || last_key_.empty() || used_ + bytes_on_page(last_key_.size() + 1, 0) > page_) return 0;
  mark_ = last_key_ + '\0';
  MDB_val key{mark_.size(), mark_.data()};
  MDB_val nothing{0, mark_.data()};
  return mdb_cursor_put(cursor_.get(), &key, &nothing, 0);
}

int LmdbRun::erase_mark() {
  MDB_val key{mark_.size(), mark_.data()};
  MDB_val value{};
  if (const int code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_SET); code != 0) return code;
  used_ -= std::min(used_, bytes_on_page(mark_.size(), 0));
  mark_.clear();
  return mdb_cursor_del(cursor_.get(), 0);
}

/// The first one behind `key`.
int LmdbRun::take(Bytes key) {
  MDB_val k = view_of(key);
  MDB_val value{};
  if (const int code = mdb_cursor_get(cursor_.get(), &k, &value, MDB_SET_RANGE); code != 0) {
    behind_ = 0;  // nothing is there after all
    return code == MDB_NOTFOUND ? 0 : code;
  }
  taken_.push_back({k.mv_size, value.mv_size});
  bytes_ += as_text(bytes_of(k));
  bytes_ += as_text(bytes_of(value));
  used_ -= std::min(used_, bytes_on_page(k.mv_size, value.mv_size));
  --behind_;
  return mdb_cursor_del(cursor_.get(), 0);
}

int LmdbRun::end() {
  behind_ = 0;
  is_known_ = false;
  char* at = bytes_.data();
  for (const auto& [key_size, value_size] : taken_) {
    MDB_val key{key_size, at};
    MDB_val value{value_size, at + key_size};
    if (const int code = mdb_cursor_put(cursor_.get(), &key, &value, 0); code != 0) return code;
    at += key_size + value_size;
  }
  taken_.clear();
  bytes_.clear();
  const int code = mark_.empty() ? 0 : erase_mark();
  used_ = 0;
  last_key_.clear();
  return code;
}

/// Pages lie in the map as they lie in the file. One that this transaction has written lies anywhere, and may
/// be taken for two, or two for one: then less is taken out than would be good, or more.
bool LmdbRun::is_on_page_of(const MDB_val& key, const MDB_val& other) const {
  const auto page_of = [this](const MDB_val& record) {
    return reinterpret_cast<std::uintptr_t>(record.mv_data) / (page_ + kPageHead);
  };
  return page_of(key) == page_of(other);
}

bool LmdbRun::is_inline(std::size_t key, std::size_t value) const {
  return kNodeHead + key + value <= largest_node();
}

/// What is larger has its value on pages of its own.
std::size_t LmdbRun::largest_node() const {
  return page_ / 4 * 2 - kNodePointer;
}

}  // namespace hermod::store
