#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ids.h"

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
};
inline constexpr std::size_t kTableCount = 8;
/// LMDB's limit, kept for every journal.
inline constexpr std::size_t kMaxKeySize = 511;

/// One change of a batch; views into the batch.
struct Op {
  enum class Kind : std::uint8_t {
    Put = 1,
    Erase = 2,
    /// A put into Table::Entries whose key is made of stream and sequence (entry_key()).
    Append = 3,
  };
  Kind kind{};
  Table table{};
  StreamId stream;  // Append only
  Seq seq;          // Append only; zero until the committer has given one
  Bytes key;        // Put, Erase
  Bytes value;      // Put, Append
};

/// Reads the ops of an encoded batch one by one and checks every byte. Borrows the bytes.
class OpReader {
 public:
  explicit OpReader(Bytes ops) : rest_(ops) {}
  /// The next op; nothing at the end or at the first damage.
  std::optional<Op> next();
  /// False when the bytes are not what WriteBatch writes: unknown kind or table, a key of 0 or more than
  /// kMaxKeySize bytes, a length past the end or not in its shortest form.
  bool ok() const { return ok_; }

 private:
  std::optional<std::size_t> length();
  std::optional<Op> damaged();

  Bytes rest_;
  bool ok_ = true;
};

/// Changes that become visible together or not at all. Owns its bytes (one string, in the form in which they
/// are journaled) and is filled by one thread, then handed to the committer. An empty batch owns nothing: it
/// is a barrier, done when everything submitted before it is done.
class WriteBatch {
 public:
  /// Preconditions: 1 <= key.size() <= kMaxKeySize, value.size() < 2^32.
  void put(Table table, Bytes key, Bytes value);
  void erase(Table table, Bytes key);
  /// Adds an entry to the end of `stream`; the committer gives its sequence. Returns the op's index, by which
  /// Appended names it.
  std::size_t append(StreamId stream, Bytes value);

  bool empty() const { return op_count_ == 0; }
  std::size_t op_count() const { return op_count_; }
  std::size_t append_count() const { return append_count_; }
  /// Size of encoded().
  std::size_t bytes() const { return encoded_.size(); }
  void reserve(std::size_t size) { encoded_.reserve(size + kFrameSize); }

  /// The frame of a batch in a group: u32 size of the ops, u32 their number, the ops. Nothing when empty.
  Bytes encoded() const { return as_bytes(encoded_); }
  OpReader ops() const;

  /// Writes a sequence into every append, in order: give(op index, stream) -> Seq. Committer only.
  template <class Give>
  void give_sequences(Give&& give) {
    if (append_count_ == 0) return;
    for (AppendPlace place = first_append(); place.offset != 0; place = append_after(place))
      write_seq(place, give(place.op, stream_at(place)));
  }

  static constexpr std::size_t kFrameSize = 8;

 private:
  /// Where an append op begins. Offset zero is inside the frame: nowhere.
  struct AppendPlace {
    std::size_t offset = 0;
    std::size_t op = 0;
  };
  void begin_op(Op::Kind kind, Table table, std::size_t size_hint);
  void add_length(std::size_t value);
  void close_op();
  AppendPlace first_append() const { return find_append(kFrameSize, 0); }
  AppendPlace append_after(AppendPlace place) const;
  AppendPlace find_append(std::size_t offset, std::size_t op) const;
  StreamId stream_at(AppendPlace place) const;
  void write_seq(AppendPlace place, Seq seq);

  std::string encoded_;
  std::uint32_t op_count_ = 0;
  std::uint32_t append_count_ = 0;
};

/// The key of an appended entry in Table::Entries: stream and sequence, big-endian, 16 bytes.
std::string entry_key(StreamId stream, Seq seq);

}  // namespace hermod::store
