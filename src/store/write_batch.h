#pragma once
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "store/varint.h"

namespace hermod::store {

/// The tables of the store. The numbers are part of the file format: never change or reuse one.
enum class Table : std::uint8_t {
  Messages = 0,
  Entries = 1,
  Sessions = 2,
  Subscriptions = 3,
  InboundIds = 4,
  Retained = 5,
  Delayed = 6,
  Meta = 7,
  /// Stream id (8 bytes) -> the reserved next sequence of the stream (8 bytes). Written by the committer.
  Streams = 8,
  /// Named queues by their numbers, what is stored at their entries (key: entry_key()), and the message
  /// identifiers of a while (key: queue and a number, 16 bytes).
  Queues = 9,
  Deliveries = 10,
  MessageIds = 11,
};
inline constexpr std::size_t kTableCount = 12;
/// LMDB's limit, kept for every journal.
inline constexpr std::size_t kMaxKeySize = 511;

/// One change of a batch; views into the batch.
struct Op {
  enum class Kind : std::uint8_t {
    Put = 1,
    Erase = 2,
    /// A new entry with everything inside.
    Append = 3,
    /// A new entry whose body is a message in Table::Messages.
    AppendShared = 4,
    /// Overwrites an entry that is there; everything is inside.
    PutEntry = 5,
    EraseEntry = 6,
    /// Every entry of a stream and its record in Table::Streams.
    EraseStream = 7,
  };
  Kind kind{};
  Table table{};
  StreamId stream;    // kinds 3 to 7
  Seq seq;            // kinds 3 to 6; zero in an append until the committer has given one
  MessageId message;  // AppendShared
  Bytes key;          // Put, Erase
  Bytes value;        // Put, Append, AppendShared, PutEntry
};

/// A batch in the form in which it is journaled: its ops, and the sequences of its appends, which stand
/// behind them because only the committer knows them.
struct EncodedBatch {
  Bytes ops;
  Bytes sequences;
};

/// Which stream and sequence an op names, told by what the op before it named. Both sides count along.
class EntryNames {
 public:
  bool is_same(StreamId stream) const { return is_named_ && stream == stream_; }
  void add_stream(std::string& out, StreamId stream);
  void add_seq(std::string& out, Seq seq);
  bool take_stream(Bytes& rest, bool is_same, StreamId& stream);
  bool take_seq(Bytes& rest, Seq& seq);

 private:
  void name(StreamId stream);

  bool is_named_ = false;
  StreamId stream_;
  Seq seq_;  // that an op has named in this stream
};

/// Reads the ops of an encoded batch one by one and checks every byte. Borrows the bytes.
class OpReader {
 public:
  /// Without sequences, or with fewer than there are appends, these have sequence zero.
  explicit OpReader(const EncodedBatch& batch) : rest_(batch.ops), sequences_(batch.sequences) {}
  explicit OpReader(Bytes ops) : OpReader(EncodedBatch{ops, {}}) {}
  /// The next op; nothing at the end or at the first damage.
  std::optional<Op> next();
  /// False when the bytes are not what WriteBatch writes: unknown kind or table, a key of 0 or more than
  /// kMaxKeySize bytes or of a size that its table has not, a key in Table::Entries, a stream that was to be
  /// named before, a number past the end or not in its shortest form, a message id of zero.
  bool ok() const { return ok_; }
  /// What no append has taken so far.
  Bytes rest_of_sequences() const { return sequences_; }

 private:
  std::optional<std::size_t> length();
  std::optional<Op> damaged();
  bool read_keyed(Op& op);
  bool read_entry(Op& op, bool is_same_stream);
  bool read_sequence(Op& op);
  bool read_value(Op& op);

  Bytes rest_;
  Bytes sequences_;
  EntryNames names_;
  bool ok_ = true;
};

/// Changes that become visible together or not at all. Owns its bytes, in the form in which they are
/// journaled, and is filled by one thread, then handed to the committer. An empty batch owns nothing: it is a
/// barrier, done when everything submitted before it is done.
class WriteBatch {
 public:
  WriteBatch() = default;
  /// With memory that another batch has left; what is in it is forgotten.
  explicit WriteBatch(std::string memory) : ops_(std::move(memory)) { ops_.clear(); }
  /// Leaves an empty batch.
  std::string take_memory() &&;

  /// Preconditions: 1 <= key.size() <= kMaxKeySize, or what its table wants (key_size_of); value.size() <
  /// 2^32; entries have functions of their own.
  void put(Table table, Bytes key, Bytes value);
  void erase(Table table, Bytes key);
  /// A message body, stored once for all entries that name it. It lives as long as an entry names it: the
  /// same batch must append one. Precondition: id is not zero.
  void put_message(MessageId id, Bytes body);
  /// Adds an entry to the end of `stream`; the committer gives its sequence. Returns the op's index, by which
  /// Appended names it. Never for a stream that this or an earlier batch erases.
  std::size_t append(StreamId stream, Bytes value);
  /// The same for a value of so many bytes that is made where it stays: fill(char*) writes them there.
  template <class Fill>
  std::size_t append(StreamId stream, std::size_t size, Fill&& fill) {
    begin_entry(Op::Kind::Append, stream, size);
    add_length(size);
    const std::size_t begin = ops_.size();
    ops_.resize(begin + size);
    fill(ops_.data() + begin);
    value_bytes_ += size;
    return close_append(stream);
  }
  /// The same for an entry whose body is a message: put in this batch, or held by an entry that is not
  /// erased.
  std::size_t append_shared(StreamId stream, MessageId message, Bytes value);
  /// Overwrites an entry, its body included, with an inline value. Nothing, when the entry is not there any
  /// more: no mark brings back what has ended.
  void put_entry(StreamId stream, Seq seq, Bytes value);
  void erase_entry(StreamId stream, Seq seq);
  /// Ends the stream: its entries and its reserved sequence go. Its id is never appended to again.
  void erase_stream(StreamId stream);

  /// What this batch stores is new, and whoever sent it hears when it is refused. A full store refuses such
  /// batches alone: what moves, marks or ends something that is stored is always taken.
  void refuse_when_full() { refused_when_full_ = true; }
  bool is_refused_when_full() const { return refused_when_full_; }

  bool empty() const { return op_count_ == 0; }
  std::size_t op_count() const { return op_count_; }
  std::size_t append_count() const { return appends_.size(); }
  /// Size in a group; as long as the sequences are not given, with a byte for each.
  std::size_t bytes() const {
    return empty() ? 0 : head_size() + ops_.size() + std::max(sequences_.size(), appends_.size());
  }
  /// Of the values alone, without what the store records for itself: what it was asked to keep.
  std::size_t value_bytes() const { return value_bytes_; }
  void reserve(std::size_t size) { ops_.reserve(size); }

  /// What stands in front of the ops in a group: their size and their number. Precondition: !empty().
  void add_head(std::string& out) const;
  std::size_t head_size() const { return varint_size(ops_.size()) + varint_size(op_count_); }
  EncodedBatch encoded() const { return {as_bytes(ops_), as_bytes(sequences_)}; }
  OpReader ops() const { return OpReader(encoded()); }

  /// Gives every append its sequence, in order: give(op index, stream) -> Seq. Committer only.
  template <class Give>
  void give_sequences(Give&& give) {
    sequences_.clear();
    for (const Appending& append : appends_) add_varint(sequences_, give(append.op, append.stream).v);
  }

  /// Calls visit(stream) for every append, in order.
  template <class Visit>
  void each_append(Visit&& visit) const {
    for (const Appending& append : appends_) visit(append.stream);
  }

 private:
  struct Appending {
    StreamId stream;
    std::size_t op = 0;
  };
  void begin_keyed(Op::Kind kind, Table table, Bytes key, std::size_t value_size);
  void begin_entry(Op::Kind kind, StreamId stream, std::size_t value_size);
  void add_u64(std::uint64_t value);
  void add_length(std::size_t value);
  void add_value(Bytes value);
  std::size_t close_append(StreamId stream);
  std::size_t close_op();

  std::string ops_;
  std::string sequences_;  // of appends_, once they are given
  absl::InlinedVector<Appending, 1> appends_;
  EntryNames names_;
  std::uint32_t op_count_ = 0;
  std::size_t value_bytes_ = 0;
  bool refused_when_full_ = false;
};

/// What the keys of a table measure; zero: anything.
std::size_t key_size_of(Table table);
/// The key of an entry in Table::Entries, and of what is stored at it: stream and sequence, big-endian, 16
/// bytes.
std::string entry_key(StreamId stream, Seq seq);
/// The same in a string that is there.
void set_entry_key(std::string& key, StreamId stream, Seq seq);
/// The key of a message, a stream or a queue: the number, big-endian, 8 bytes.
std::string number_key(std::uint64_t number);

}  // namespace hermod::store
