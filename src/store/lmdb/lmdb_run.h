#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/lmdb/lmdb_environment.h"

struct MDB_txn;
struct MDB_val;

namespace hermod::store {

/// Puts a run of records with rising keys into one database so that they fill their pages. The library splits
/// a full page in the middle, and what it leaves behind stays half empty; only where a record goes to the
/// page's end it leaves the page full, but for the last record, which it takes with it: for that there is a
/// mark without a value, for a while. So what lies behind the run on the page where it begins is taken out,
/// and put back behind the run. All of it happens in the transaction: nobody sees it, and a crash knows
/// nothing of it.
///
/// Functions give the library's code. One transaction, and nothing else changes the database between begin()
/// and end().
class LmdbRun {
 public:
  LmdbRun(MDB_txn* txn, unsigned database) : txn_(txn), database_(database) {}

  /// A run begins with this key, and has about so many bytes. The table has nothing between its keys.
  int begin(Bytes first, std::uint64_t bytes);
  /// The next record, with room for its value. Without begin() it is a put like any other.
  int put(Bytes key, MDB_val& value);
  /// Puts back what was taken out, and erases the mark.
  int end();

 private:
  struct Taken {
    std::size_t key;
    std::size_t value;
  };
  int open();
  int look_around(Bytes first, std::uint64_t bytes);
  int take(Bytes key);
  int put_mark();
  int erase_mark();
  bool is_on_page_of(const MDB_val& key, const MDB_val& other) const;
  bool is_inline(std::size_t key, std::size_t value) const;
  std::size_t largest_node() const;
  /// What a record takes of a page.
  std::size_t bytes_on_page(std::size_t key, std::size_t value) const;

  MDB_txn* txn_;
  unsigned database_;
  LmdbCursor cursor_;
  std::size_t page_ = 0;        // bytes of one that hold records; 0: not known yet
  std::size_t behind_ = 0;      // records behind the run on its page
  bool is_known_ = false;       // whether used_ is
  std::size_t used_ = 0;        // bytes of the page that is being filled
  std::size_t last_bytes_ = 0;  // what the last record of the run takes of it
  std::string last_key_;
  std::string mark_;  // the key of a record that is there for a while, or empty
  std::vector<Taken> taken_;
  std::string bytes_;  // keys and values of taken_
};

}  // namespace hermod::store
