#include "store/write_batch.h"

#include <array>
#include <bit>
#include <limits>

namespace hermod::store {
namespace {

// Op layout: u8 kind << 4 | table, in ops of entries also 8 when the stream is that of the last one; then
//   put            key, value, each with its length in front
//   erase          key
//   append         stream, value
//   append shared  stream, u64 message, value
//   put entry      stream, sequence, value
//   erase entry    stream, sequence
//   erase stream   stream
// A key of a table whose keys have all the same size has no length. EntryNames has what stands for a stream
// and for a sequence; lengths are varints.
constexpr unsigned kSameStream = 8;
constexpr std::size_t kTagSize = 1;
constexpr std::size_t kNumberSize = 8;
constexpr std::uint64_t kMostLength = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kAnyNumber = std::numeric_limits<std::uint64_t>::max();

bool may_be_key(Table table, std::size_t size) {
  if (table == Table::Entries || size == 0 || size > kMaxKeySize) return false;
  return key_size_of(table) == 0 || key_size_of(table) == size;
}

char tag_for(Op::Kind kind, unsigned table) {
  return static_cast<char>(static_cast<unsigned>(kind) << 4 | table);
}

void store_u64(char* at, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = static_cast<char>(value >> shift);
}

/// The upper half of a stream's number: the generation of a session, or the bit of a named queue, which comes
/// down so that it is short.
std::uint32_t upper(StreamId stream) {
  return std::rotl(static_cast<std::uint32_t>(stream.v >> 32), 1);
}

}  // namespace

void EntryNames::name(StreamId stream) {
  is_named_ = true;
  stream_ = stream;
  seq_ = {};
}

/// Generations of neighbours are much alike.
void EntryNames::add_stream(std::string& out, StreamId stream) {
  add_varint(out, upper(stream) ^ upper(stream_));
  add_varint(out, stream.v & kMostLength);
  name(stream);
}

bool EntryNames::take_stream(Bytes& rest, bool is_same, StreamId& stream) {
  if (is_same) {
    stream = stream_;
    return is_named_;
  }
  const auto high = take_varint(rest, kMostLength);
  const auto low = high ? take_varint(rest, kMostLength) : std::nullopt;
  if (!low) return false;
  const std::uint32_t turned = static_cast<std::uint32_t>(*high) ^ upper(stream_);
  stream = StreamId{std::uint64_t{std::rotr(turned, 1)} << 32 | *low};
  name(stream);
  return true;
}

void EntryNames::add_seq(std::string& out, Seq seq) {
  add_varint(out, seq_.v == 0 ? seq.v : folded(seq_.v, seq.v));
  seq_ = seq;
}

bool EntryNames::take_seq(Bytes& rest, Seq& seq) {
  const auto number = take_varint(rest, kAnyNumber);
  if (!number) return false;
  seq = Seq{seq_.v == 0 ? *number : unfolded(seq_.v, *number)};
  seq_ = seq;
  return true;
}

std::string WriteBatch::take_memory() && {
  std::string memory = std::move(ops_);
  *this = WriteBatch();
  return memory;
}

void WriteBatch::put(Table table, Bytes key, Bytes value) {
  begin_keyed(Op::Kind::Put, table, key, value.size());
  add_length(value.size());
  ops_.append(as_text(key));
  ops_.append(as_text(value));
  if (table != Table::Streams) value_bytes_ += value.size();  // those are the store's own
  close_op();
}

void WriteBatch::erase(Table table, Bytes key) {
  begin_keyed(Op::Kind::Erase, table, key, 0);
  ops_.append(as_text(key));
  close_op();
}

void WriteBatch::put_message(MessageId id, Bytes body) {
  HERMOD_ASSERT(id.v != 0);
  put(Table::Messages, as_bytes(number_key(id.v)), body);
}

std::size_t WriteBatch::append(StreamId stream, Bytes value) {
  begin_entry(Op::Kind::Append, stream, value.size());
  add_value(value);
  return close_append(stream);
}

std::size_t WriteBatch::append_shared(StreamId stream, MessageId message, Bytes value) {
  HERMOD_ASSERT(message.v != 0);
  begin_entry(Op::Kind::AppendShared, stream, value.size());
  add_u64(message.v);
  add_value(value);
  return close_append(stream);
}

void WriteBatch::put_entry(StreamId stream, Seq seq, Bytes value) {
  begin_entry(Op::Kind::PutEntry, stream, value.size());
  names_.add_seq(ops_, seq);
  add_value(value);
  close_op();
}

void WriteBatch::erase_entry(StreamId stream, Seq seq) {
  begin_entry(Op::Kind::EraseEntry, stream, 0);
  names_.add_seq(ops_, seq);
  close_op();
}

void WriteBatch::erase_stream(StreamId stream) {
  begin_entry(Op::Kind::EraseStream, stream, 0);
  close_op();
}

void WriteBatch::add_head(std::string& out) const {
  HERMOD_ASSERT(!empty());
  add_varint(out, ops_.size());
  add_varint(out, op_count_);
}

void WriteBatch::begin_keyed(Op::Kind kind, Table table, Bytes key, std::size_t value_size) {
  HERMOD_ASSERT(may_be_key(table, key.size()));
  if (ops_.empty()) ops_.reserve(kTagSize + 2 * varint_size(kMostLength) + key.size() + value_size);
  ops_.push_back(tag_for(kind, static_cast<unsigned>(table)));
  if (key_size_of(table) == 0) add_length(key.size());
}

void WriteBatch::begin_entry(Op::Kind kind, StreamId stream, std::size_t value_size) {
  constexpr auto kEntries = static_cast<unsigned>(Table::Entries);
  if (ops_.empty()) ops_.reserve(kTagSize + 3 * varint_size(kMostLength) + kNumberSize + value_size);
  const bool is_same = names_.is_same(stream);
  ops_.push_back(tag_for(kind, is_same ? kEntries | kSameStream : kEntries));
  if (!is_same) names_.add_stream(ops_, stream);
}

void WriteBatch::add_u64(std::uint64_t value) {
  std::array<char, kNumberSize> number{};
  store_u64(number.data(), value);
  ops_.append(number.data(), number.size());
}

void WriteBatch::add_value(Bytes value) {
  add_length(value.size());
  ops_.append(as_text(value));
  value_bytes_ += value.size();
}

void WriteBatch::add_length(std::size_t value) {
  HERMOD_ASSERT(value <= kMostLength);
  add_varint(ops_, value);
}

std::size_t WriteBatch::close_append(StreamId stream) {
  appends_.push_back({stream, op_count_});
  return close_op();
}

std::size_t WriteBatch::close_op() {
  HERMOD_ASSERT(ops_.size() <= kMostLength);
  return op_count_++;
}

std::optional<std::size_t> OpReader::length() {
  return take_varint(rest_, kMostLength);
}

std::optional<Op> OpReader::damaged() {
  ok_ = false;
  rest_ = {};
  return std::nullopt;
}

std::optional<Op> OpReader::next() {
  if (rest_.empty()) return std::nullopt;
  Op op;
  const unsigned kind = rest_[0] >> 4;
  unsigned table = rest_[0] & 0xFU;
  if (kind < 1 || kind > 7) return damaged();
  op.kind = static_cast<Op::Kind>(kind);
  rest_ = rest_.subspan(kTagSize);
  const bool is_keyed = op.kind == Op::Kind::Put || op.kind == Op::Kind::Erase;
  const bool is_same_stream = !is_keyed && (table & kSameStream) != 0;
  if (is_same_stream) table &= ~kSameStream;
  if (table >= kTableCount) return damaged();
  op.table = static_cast<Table>(table);
  if (is_keyed == (op.table == Table::Entries)) return damaged();
  if (!(is_keyed ? read_keyed(op) : read_entry(op, is_same_stream))) return damaged();
  return op;
}

bool OpReader::read_keyed(Op& op) {
  const std::size_t fixed = key_size_of(op.table);
  const std::optional<std::size_t> key_size = fixed != 0 ? fixed : length();
  if (!key_size || !may_be_key(op.table, *key_size)) return false;
  const std::optional<std::size_t> value_size = op.kind == Op::Kind::Put ? length() : 0;
  if (!value_size || *key_size + *value_size > rest_.size()) return false;
  op.key = rest_.first(*key_size);
  op.value = rest_.subspan(*key_size, *value_size);
  rest_ = rest_.subspan(*key_size + *value_size);
  return true;
}

bool OpReader::read_entry(Op& op, bool is_same_stream) {
  if (!names_.take_stream(rest_, is_same_stream, op.stream)) return false;
  switch (op.kind) {
    case Op::Kind::EraseStream:
      return true;
    case Op::Kind::EraseEntry:
      return names_.take_seq(rest_, op.seq);
    case Op::Kind::PutEntry:
      return names_.take_seq(rest_, op.seq) && read_value(op);
    case Op::Kind::AppendShared: {
      ByteReader numbers(rest_);
      op.message = {numbers.u64()};
      rest_ = numbers.rest();
      if (op.message.v == 0) return false;
      break;
    }
    case Op::Kind::Append:
    case Op::Kind::Put:
    case Op::Kind::Erase:
      break;
  }
  return read_sequence(op) && read_value(op);
}

bool OpReader::read_sequence(Op& op) {
  if (sequences_.empty()) return true;
  const auto seq = take_varint(sequences_, kAnyNumber);
  if (!seq) return false;
  op.seq = Seq{*seq};
  return true;
}

bool OpReader::read_value(Op& op) {
  const std::optional<std::size_t> size = length();
  if (!size || *size > rest_.size()) return false;
  op.value = rest_.first(*size);
  rest_ = rest_.subspan(*size);
  return true;
}

std::size_t key_size_of(Table table) {
  switch (table) {
    case Table::Messages:
    case Table::Streams:
    case Table::Queues:
      return kNumberSize;
    case Table::Entries:
    case Table::Deliveries:
    case Table::MessageIds:
      return 2 * kNumberSize;
    case Table::Sessions:
    case Table::Subscriptions:
    case Table::InboundIds:
    case Table::Retained:
    case Table::Delayed:
    case Table::Meta:
      break;
  }
  return 0;
}

std::string entry_key(StreamId stream, Seq seq) {
  std::string key;
  set_entry_key(key, stream, seq);
  return key;
}

void set_entry_key(std::string& key, StreamId stream, Seq seq) {
  key.resize(2 * kNumberSize);
  store_u64(key.data(), stream.v);
  store_u64(key.data() + kNumberSize, seq.v);
}

std::string number_key(std::uint64_t number) {
  std::string key(kNumberSize, '\0');
  store_u64(key.data(), number);
  return key;
}

}  // namespace hermod::store
