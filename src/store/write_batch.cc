#include "store/write_batch.h"

#include <array>
#include <limits>

namespace hermod::store {
namespace {

// Op layout: u8 kind << 4 | table, then
//   put            length of key, length of value, key, value
//   erase          length of key, key
//   append         u64 stream, u64 sequence, length of value, value
//   append shared  u64 stream, u64 sequence, u64 message, length of value, value
//   put entry      u64 stream, u64 sequence, length of value, value
//   erase entry    u64 stream, u64 sequence
//   erase stream   u64 stream
// A length has seven bits per byte, low ones first, high bit set when more follow.
constexpr std::size_t kTagSize = 1;
constexpr std::size_t kNumberSize = 8;
constexpr std::size_t kSeqOffset = kTagSize + kNumberSize;
constexpr std::size_t kMaxLengthSize = 5;

bool may_be_key(Table table, std::size_t size) {
  if (table == Table::Entries || size == 0 || size > kMaxKeySize) return false;
  return key_size_of(table) == 0 || key_size_of(table) == size;
}

std::uint8_t tag_for(Op::Kind kind, Table table) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(kind) << 4 | static_cast<unsigned>(table));
}

void store_u32(char* at, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *at++ = static_cast<char>(value >> shift);
}

void store_u64(char* at, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = static_cast<char>(value >> shift);
}

/// A length in bytes that this process wrote, and where it ends.
std::size_t trusted_length(const std::string& bytes, std::size_t& offset) {
  std::size_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes[offset++]);
    value |= std::size_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

}  // namespace

void WriteBatch::put(Table table, Bytes key, Bytes value) {
  HERMOD_ASSERT(may_be_key(table, key.size()));
  begin_op(Op::Kind::Put, table, key.size() + value.size());
  add_length(key.size());
  add_length(value.size());
  encoded_.append(as_text(key));
  encoded_.append(as_text(value));
  if (table != Table::Streams) value_bytes_ += value.size();  // those are the store's own
  close_op();
}

void WriteBatch::erase(Table table, Bytes key) {
  HERMOD_ASSERT(may_be_key(table, key.size()));
  begin_op(Op::Kind::Erase, table, key.size());
  add_length(key.size());
  encoded_.append(as_text(key));
  close_op();
}

void WriteBatch::put_message(MessageId id, Bytes body) {
  HERMOD_ASSERT(id.v != 0);
  put(Table::Messages, as_bytes(number_key(id.v)), body);
}

std::size_t WriteBatch::append(StreamId stream, Bytes value) {
  begin_op(Op::Kind::Append, Table::Entries, 2 * kNumberSize + value.size());
  add_u64(stream.v);
  add_u64(0);  // until the committer gives one
  add_sized(value);
  ++append_count_;
  close_op();
  return op_count_ - 1;
}

std::size_t WriteBatch::append_shared(StreamId stream, MessageId message, Bytes value) {
  HERMOD_ASSERT(message.v != 0);
  begin_op(Op::Kind::AppendShared, Table::Entries, 3 * kNumberSize + value.size());
  add_u64(stream.v);
  add_u64(0);
  add_u64(message.v);
  add_sized(value);
  ++append_count_;
  close_op();
  return op_count_ - 1;
}

void WriteBatch::put_entry(StreamId stream, Seq seq, Bytes value) {
  begin_op(Op::Kind::PutEntry, Table::Entries, 2 * kNumberSize + value.size());
  add_u64(stream.v);
  add_u64(seq.v);
  add_sized(value);
  close_op();
}

void WriteBatch::erase_entry(StreamId stream, Seq seq) {
  begin_op(Op::Kind::EraseEntry, Table::Entries, 2 * kNumberSize);
  add_u64(stream.v);
  add_u64(seq.v);
  close_op();
}

void WriteBatch::erase_stream(StreamId stream) {
  begin_op(Op::Kind::EraseStream, Table::Entries, kNumberSize);
  add_u64(stream.v);
  close_op();
}

OpReader WriteBatch::ops() const {
  return OpReader(empty() ? Bytes{} : encoded().subspan(kFrameSize));
}

void WriteBatch::begin_op(Op::Kind kind, Table table, std::size_t size_hint) {
  if (encoded_.empty()) {
    encoded_.reserve(kFrameSize + kTagSize + 2 * kMaxLengthSize + size_hint);
    encoded_.append(kFrameSize, '\0');
  }
  encoded_.push_back(static_cast<char>(tag_for(kind, table)));
}

void WriteBatch::add_u64(std::uint64_t value) {
  std::array<char, kNumberSize> number{};
  store_u64(number.data(), value);
  encoded_.append(number.data(), number.size());
}

void WriteBatch::add_sized(Bytes value) {
  add_length(value.size());
  encoded_.append(as_text(value));
  value_bytes_ += value.size();
}

void WriteBatch::add_length(std::size_t value) {
  HERMOD_ASSERT(value <= std::numeric_limits<std::uint32_t>::max());
  while (value >= 0x80) {
    encoded_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  encoded_.push_back(static_cast<char>(value));
}

void WriteBatch::close_op() {
  HERMOD_ASSERT(encoded_.size() - kFrameSize <= std::numeric_limits<std::uint32_t>::max());
  ++op_count_;
  store_u32(encoded_.data(), static_cast<std::uint32_t>(encoded_.size() - kFrameSize));
  store_u32(encoded_.data() + 4, op_count_);
}

WriteBatch::AppendPlace WriteBatch::append_after(AppendPlace place) const {
  return find_append(end_of_op(place.offset), place.op + 1);
}

WriteBatch::AppendPlace WriteBatch::find_append(std::size_t offset, std::size_t op) const {
  for (; offset < encoded_.size(); ++op) {
    const auto kind = static_cast<Op::Kind>(static_cast<std::uint8_t>(encoded_[offset]) >> 4);
    if (kind == Op::Kind::Append || kind == Op::Kind::AppendShared) return {offset, op};
    offset = end_of_op(offset);
  }
  return {};
}

std::size_t WriteBatch::end_of_op(std::size_t offset) const {
  const auto kind = static_cast<Op::Kind>(static_cast<std::uint8_t>(encoded_[offset]) >> 4);
  offset += kTagSize;
  std::size_t size = 0;
  switch (kind) {
    case Op::Kind::Put:
      size = trusted_length(encoded_, offset);
      size += trusted_length(encoded_, offset);
      break;
    case Op::Kind::Erase:
      size = trusted_length(encoded_, offset);
      break;
    case Op::Kind::Append:
    case Op::Kind::PutEntry:
      offset += 2 * kNumberSize;
      size = trusted_length(encoded_, offset);
      break;
    case Op::Kind::AppendShared:
      offset += 3 * kNumberSize;
      size = trusted_length(encoded_, offset);
      break;
    case Op::Kind::EraseEntry:
      size = 2 * kNumberSize;
      break;
    case Op::Kind::EraseStream:
      size = kNumberSize;
      break;
  }
  return offset + size;
}

StreamId WriteBatch::stream_at(AppendPlace place) const {
  return {ByteReader(encoded().subspan(place.offset + kTagSize)).u64()};
}

void WriteBatch::write_seq(AppendPlace place, Seq seq) {
  store_u64(encoded_.data() + place.offset + kSeqOffset, seq.v);
}

std::optional<std::size_t> OpReader::length() {
  std::size_t value = 0;
  for (unsigned i = 0; i < kMaxLengthSize; ++i) {
    if (i >= rest_.size()) return std::nullopt;
    const std::uint8_t byte = rest_[i];
    value |= std::size_t{byte & 0x7FU} << (7 * i);
    if (byte >= 0x80) continue;
    const bool shortest = i == 0 || byte != 0;
    if (!shortest || value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    rest_ = rest_.subspan(i + 1);
    return value;
  }
  return std::nullopt;
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
  const unsigned table = rest_[0] & 0xFU;
  if (kind < 1 || kind > 7 || table >= kTableCount) return damaged();
  op.kind = static_cast<Op::Kind>(kind);
  op.table = static_cast<Table>(table);
  rest_ = rest_.subspan(kTagSize);
  const bool keyed = op.kind == Op::Kind::Put || op.kind == Op::Kind::Erase;
  if (keyed == (op.table == Table::Entries)) return damaged();
  if (!(keyed ? read_keyed(op) : read_entry(op))) return damaged();
  return op;
}

bool OpReader::read_keyed(Op& op) {
  const std::optional<std::size_t> key_size = length();
  if (!key_size || !may_be_key(op.table, *key_size)) return false;
  const std::optional<std::size_t> value_size = op.kind == Op::Kind::Put ? length() : 0;
  if (!value_size || *key_size + *value_size > rest_.size()) return false;
  op.key = rest_.first(*key_size);
  op.value = rest_.subspan(*key_size, *value_size);
  rest_ = rest_.subspan(*key_size + *value_size);
  return true;
}

bool OpReader::read_entry(Op& op) {
  ByteReader numbers(rest_);
  op.stream = {numbers.u64()};
  if (op.kind != Op::Kind::EraseStream) op.seq = {numbers.u64()};
  if (op.kind == Op::Kind::AppendShared) op.message = {numbers.u64()};
  if (!numbers.ok() || (op.kind == Op::Kind::AppendShared && op.message.v == 0)) return false;
  rest_ = numbers.rest();
  if (op.kind == Op::Kind::EraseStream || op.kind == Op::Kind::EraseEntry) return true;
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
  std::string key(16, '\0');
  store_u64(key.data(), stream.v);
  store_u64(key.data() + 8, seq.v);
  return key;
}

std::string number_key(std::uint64_t number) {
  std::string key(kNumberSize, '\0');
  store_u64(key.data(), number);
  return key;
}

}  // namespace hermod::store
