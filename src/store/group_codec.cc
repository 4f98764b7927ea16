#include "store/group_codec.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

/// Pieces whose memory is waited for together, and what of each.
constexpr std::size_t kPiecesAhead = 8;
constexpr std::size_t kMostOfPiece = 512;
constexpr std::size_t kCacheLineSize = 64;

void fetch_piece(Bytes piece) {
  for (std::size_t at = 0; at < std::min(piece.size(), kMostOfPiece); at += kCacheLineSize)
    __builtin_prefetch(piece.data() + at);
}

tl::unexpected<Error> damaged(std::string what) {
  return failure(Errc::Corruption, "journal record: " + std::move(what));
}

/// The next batch, when it holds exactly the ops that it says, with their sequences given.
Result<EncodedBatch> take_batch(Bytes& rest, std::uint32_t batch) {
  const std::string where = " in batch " + std::to_string(batch);
  const auto size = take_varint(rest, std::numeric_limits<std::uint32_t>::max());
  const auto count = size ? take_varint(rest, std::numeric_limits<std::uint32_t>::max()) : std::nullopt;
  if (!count || *size > rest.size()) return damaged("batch " + std::to_string(batch) + " is cut off");
  const Bytes ops = rest.first(*size);
  const Bytes behind = rest.subspan(*size);
  OpReader reader(EncodedBatch{ops, behind});
  std::uint64_t seen = 0;
  while (const std::optional<Op> op = reader.next()) {
    const bool is_append = op->kind == Op::Kind::Append || op->kind == Op::Kind::AppendShared;
    if (is_append && op->seq.v == 0)
      return damaged("op " + std::to_string(seen) + where + " has no sequence");
    ++seen;
  }
  if (!reader.ok()) return damaged("op " + std::to_string(seen) + where + " is malformed");
  if (seen == 0 || seen != *count)
    return damaged("expected " + std::to_string(*count) + " ops, found " + std::to_string(seen) + where);
  rest = reader.rest_of_sequences();
  return EncodedBatch{ops, behind.first(behind.size() - rest.size())};
}

}  // namespace

void GroupEncoder::begin() {
  batches_.clear();
  between_.assign(kGroupHeaderSize, '\0');
  body_size_ = 0;
}

void GroupEncoder::add(const WriteBatch& batch) {
  if (batch.empty()) return;
  batch.add_head(between_);
  const EncodedBatch encoded = batch.encoded();
  batches_.push_back({encoded.ops, between_.size()});
  between_.append(as_text(encoded.sequences));
  body_size_ += batch.head_size() + encoded.ops.size() + encoded.sequences.size();
}

std::span<const Bytes> GroupEncoder::finish(GroupNo number, WallTime batch_time) {
  HERMOD_ASSERT(!empty());
  std::string header;
  ByteWriter out(header);
  out.u32(kGroupMagic);
  out.u64(number.v);
  out.u64(micros_of(batch_time));
  out.u32(static_cast<std::uint32_t>(batches_.size()));
  out.u64(body_size_);
  between_.replace(0, kGroupHeaderSize, header);
  between_.reserve(between_.size() + kGroupTrailerSize);  // from here on it stays where it is

  pieces_.clear();
  std::size_t begin = 0;
  for (const Batch& batch : batches_) {
    pieces_.push_back(as_bytes(between_).subspan(begin, batch.head_end - begin));
    pieces_.push_back(batch.ops);
    begin = batch.head_end;
  }
  pieces_.push_back(as_bytes(between_).subspan(begin));
  Checksum checksum;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    // Each was written by another thread, and lies somewhere else: waiting for one after the other takes
    // long.
    if (i + kPiecesAhead < pieces_.size()) fetch_piece(pieces_[i + kPiecesAhead]);
    checksum.add(pieces_[i]);
  }
  ByteWriter(between_).u32(checksum.value());
  pieces_.back() = as_bytes(between_).subspan(begin);
  return pieces_;
}

Result<Group> decode_group(Bytes record) {
  if (record.size() < kGroupHeaderSize + kGroupTrailerSize)
    return damaged("only " + std::to_string(record.size()) + " bytes");
  ByteReader reader(record);
  if (reader.u32() != kGroupMagic) return damaged("not a commit group");
  if (ByteReader(record.last(kGroupTrailerSize)).u32() !=
      checksum_of(record.first(record.size() - kGroupTrailerSize)))
    return damaged("wrong checksum");

  Group group;
  group.number = {reader.u64()};
  group.batch_time = wall_time_of(reader.u64());
  const std::uint32_t batch_count = reader.u32();
  const std::uint64_t body_size = reader.u64();
  if (body_size != record.size() - kGroupHeaderSize - kGroupTrailerSize) return damaged("wrong size");
  if (batch_count == 0) return damaged("no batches");

  Bytes body = reader.bytes(body_size);
  for (std::uint32_t number = 0; number < batch_count; ++number) {
    const auto batch = take_batch(body, number);
    if (!batch) return tl::unexpected(batch.error());
    group.batches.push_back(*batch);
  }
  if (!body.empty()) return damaged("bytes behind the last batch");
  return group;
}

}  // namespace hermod::store
