#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/write_batch.h"

namespace hermod::store {

/// What a change leaves of a record.
enum class Change : std::uint8_t {
  Nothing,  // came and went: nothing to do
  Put,      // a value (of an entry: an inline one)
  Shared,   // an entry whose body is a message
  Erased,   // the tables may hold it; it is gone
};

/// A change with the place of its value in the journal: no bytes are kept in memory.
struct Place {
  std::uint64_t group : 56;
  std::uint64_t change : 7;
  std::uint64_t
      fresh : 1;  // the entry came with this generation: unless a checkpoint failed, no table has it
  std::uint32_t offset;
  std::uint32_t size;  // of a shared entry: u64 message id, length, value

  Change kind() const { return static_cast<Change>(change); }
  bool has_value() const { return kind() == Change::Put || kind() == Change::Shared; }
  /// Of an entry: it was overwritten, which counts only when there is an older one.
  bool needs_older() const { return has_value() && fresh == 0; }
};
static_assert(sizeof(Place) == 16);

Place place_of(Change change, GroupNo group = {}, std::size_t offset = 0, std::size_t size = 0);

struct EntryChange {
  std::uint64_t seq;
  Place place;
};
static_assert(sizeof(EntryChange) == 24);

/// The changes of one stream in sequence order, complete up to and including `bound`.
struct StreamChanges {
  static constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();
  bool ended = false;  // nothing older than these is left of the stream
  std::uint64_t bound = kNoBound;
  std::vector<EntryChange> entries;
};

/// Changes of one table in key order, complete up to and including the last key unless `complete`.
struct KeyChanges {
  bool complete = true;
  std::vector<std::pair<std::string, Place>> records;
};

/// The net effect of a run of neighbouring groups. What was appended and erased within it leaves nothing;
/// an erase is remembered only where the tables may hold the record. Filled by one thread; the memtable
/// guards it as long as it grows.
class Generation {
 public:
  /// `tables_may_know`: the tables may hold changes of these very groups already, from a checkpoint that did
  /// not end. Then every erase is remembered.
  explicit Generation(bool tables_may_know) : tables_may_know_(tables_may_know) {}

  /// One batch of a group, and where its ops begin in the group's record.
  struct BatchInRecord {
    EncodedBatch batch;
    std::size_t offset;
  };
  /// Applies the ops of all batches of a group, in order.
  void apply(GroupNo group, std::span<const BatchInRecord> batches);
  /// The size of the record, and that there is one.
  void count_group(GroupNo group, std::size_t record_bytes);

  bool empty() const { return first_.v == 0; }
  GroupNo first() const { return first_; }
  GroupNo last() const { return last_; }
  std::uint64_t record_bytes() const { return record_bytes_; }
  /// Entries that a checkpoint would write: their number, their bytes, and over how many streams.
  std::uint64_t live_entries() const { return live_entries_; }
  std::uint64_t live_bytes() const { return live_bytes_; }
  std::size_t streams() const { return streams_.size(); }
  /// About so much memory it takes.
  std::uint64_t memory_bytes() const { return memory_bytes_ + streams_.size() * kStreamMemory; }
  bool tables_may_know() const { return tables_may_know_; }
  void set_tables_may_know() { tables_may_know_ = true; }

  std::optional<Place> find(Table table, Bytes key) const;
  std::optional<Place> find_message(MessageId id) const;
  /// At most `max` changes from `from` on, those that leave nothing not among them. max > 0.
  StreamChanges stream(StreamId stream, Seq from, std::size_t max) const;
  KeyChanges keys(Table table, Bytes from, std::size_t max) const;
  /// In order.
  std::vector<StreamId> stream_ids() const;
  const absl::btree_map<std::uint64_t, Place>& messages() const { return messages_; }
  const absl::btree_map<std::string, Place, std::less<>>& records(Table table) const {
    return tables_[static_cast<std::size_t>(table)];
  }

 private:
  /// An EntryChange in two thirds of its size: there are many.
  struct Appended {
    std::uint64_t seq : 32;    // from Stream::base on
    std::uint64_t group : 29;  // from base_group_ on, when there is a value
    std::uint64_t change : 2;
    std::uint64_t fresh : 1;
    std::uint32_t offset;
    std::uint32_t size;

    static bool is_before(const Appended& appended, std::uint64_t seq) { return appended.seq < seq; }
  };
  static_assert(sizeof(Appended) == 16);
  struct Stream {
    std::vector<Appended> appended;  // rising; those before `head` have left nothing
    std::uint64_t base = 0;          // the sequence of the first one there was
    std::uint32_t head = 0;
    bool ended = false;
    absl::btree_map<std::uint64_t, Place> older;  // changes of entries that were there before
  };
  /// With what a map adds to a node or a slot that is not full.
  static constexpr std::uint64_t kStreamMemory = 2 * (sizeof(Stream) + 8);
  static constexpr std::uint64_t kPlaceMemory = 36;
  static constexpr std::uint64_t kRecordMemory = 96;
  struct Step {
    Op op;
    std::size_t at = 0;  // where the value begins in the group's record
    Stream* stream = nullptr;
  };
  void apply(GroupNo group, std::span<Step> steps);
  void apply(GroupNo group, const Step& step);
  void apply_keyed(const Op& op, Place place);
  void append(Stream& stream, Seq seq, Place place);
  void replace(Place& there, Place place);
  void put_entry(Stream& stream, Seq seq, Place place);
  void erase_entry(Stream& stream, Seq seq);
  void erase_stream(Stream& stream, StreamId id);
  static void expect_changes(const Stream& stream);
  static Appended* find_appended(Stream& stream, std::uint64_t seq);
  /// Whether it can be an Appended.
  bool is_near(const Stream& stream, Seq seq, const Place& place) const;
  Appended packed(const Stream& stream, std::uint64_t seq, const Place& place) const;
  Place place_of_appended(const Appended& appended) const;
  void replace(const Stream& stream, Appended& there, Place place);
  void count(const Place& place, int sign);
  Place& older(Stream& stream, std::uint64_t seq);

  bool tables_may_know_;
  GroupNo first_;
  GroupNo last_;
  std::uint64_t base_group_ = 0;  // the first one that was applied
  std::uint64_t record_bytes_ = 0;
  std::uint64_t live_entries_ = 0;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t memory_bytes_ = 0;  // without streams_ itself
  absl::flat_hash_map<std::uint64_t, Stream> streams_;
  absl::btree_map<std::uint64_t, Place> messages_;
  std::array<absl::btree_map<std::string, Place, std::less<>>, kTableCount> tables_;
};

/// An entry's bytes taken apart; views into what was given.
struct EntryParts {
  MessageId message;  // zero: everything is in the value
  Bytes value;
};
/// From the bytes that a Place names in the journal.
Result<EntryParts> parts_in_journal(Change change, Bytes bytes);
/// From a value in Table::Entries: u8 0 (inline) or 1 (shared), then for shared u64 message id, then the
/// value.
Result<EntryParts> parts_in_table(Bytes value);
inline constexpr std::uint8_t kInlineEntry = 0;
inline constexpr std::uint8_t kSharedEntry = 1;

}  // namespace hermod::store
