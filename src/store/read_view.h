#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/write_batch.h"

namespace hermod::store {

class SegmentJournal;
class LmdbTables;
class Memtable;

/// An entry as it is stored. `body` is the shared message's, when there is one.
struct StoredEntry {
  Seq seq;
  std::string value;
  std::string body;
  bool shared = false;
  MessageId message;
};

/// Neighbours of one stream. `end`: nothing of the stream lies behind them.
struct Slice {
  struct Damaged {
    Seq seq;
    std::string why;
  };
  std::vector<StoredEntry> entries;
  std::vector<Damaged> damaged;  ///< among them, and cannot be read
  bool end = false;
};

/// Reads what is committed: the memtable merged over the tables. Every call sees at least what was committed
/// before it and is consistent in itself; a scan is consistent slice by slice. May block on the disk, so it
/// is for reader threads. Owns nothing between calls; lives no longer than its store, used by one thread.
///
/// Errors of all calls: Io, and Corruption with the table and key when a stored record is damaged.
class ReadView {
 public:
  ReadView(const Memtable& memtable, LmdbTables& tables, SegmentJournal& journal)
      : memtable_(memtable), tables_(tables), journal_(journal) {}

  /// The value of a key, nothing when there is none. Precondition: not Table::Entries.
  Result<std::optional<std::string>> get(Table table, Bytes key);
  /// Entries of one stream from `from` on, at most `max_entries` and about `max_bytes` (at least one), in
  /// sequence order, the bodies of shared ones resolved. What is damaged is only named.
  /// Precondition: max_entries > 0.
  Result<Slice> read_stream(StreamId stream, Seq from, std::size_t max_entries, std::size_t max_bytes);
  /// Every record of a table from `from_key` on, in key order, until visit returns false. `visit` may take
  /// its time: no transaction is open meanwhile. Precondition: not Table::Entries.
  Status scan(Table table, Bytes from_key, const std::function<bool(Bytes key, Bytes value)>& visit);
  /// Where an entry stands and how large it is.
  struct EntryHead {
    StreamId stream;
    Seq seq;
    Bytes head;  ///< of the value, kHeadSize bytes at most
    std::size_t value_size = 0;
    MessageId message;          ///< zero: everything is in the value
    std::size_t body_size = 0;  ///< of the message
  };
  /// Enough for what a start has to know of an entry, and for the whole record of a claim.
  static constexpr std::size_t kHeadSize = 24;
  /// For recovery: every entry of every stream, in (stream, sequence) order, until visit returns false. One
  /// that cannot be one comes without a head, and one whose message is missing without the size of its body.
  using VisitEntry = std::function<bool(const EntryHead&)>;
  Status scan_entries(const VisitEntry& visit) { return scan_entries(StreamId{0}, visit); }
  /// The same from this stream on.
  Status scan_entries(StreamId first, const VisitEntry& visit);

 private:
  struct Snapshot;
  struct Found;
  /// Both transactions, and what is in memory, as of one moment; `look` runs under the memtable's lock.
  template <class Look>
  Result<Snapshot> snapshot(Look&& look);
  Result<std::string> body_of(Snapshot& snapshot, MessageId message);
  Result<std::size_t> body_size_of(Snapshot& snapshot, MessageId message);
  /// One slice of a scan: adds to `found`; gives false at the end of the table.
  Result<bool> scan_slice(Table table, std::string& from,
                          std::vector<std::pair<std::string, std::string>>& found);
  Result<bool> entry_slice(const std::vector<StreamId>& in_memory, StreamId& stream, Seq& from,
                           std::vector<Found>& found);

  const Memtable& memtable_;
  LmdbTables& tables_;
  SegmentJournal& journal_;
};

}  // namespace hermod::store
