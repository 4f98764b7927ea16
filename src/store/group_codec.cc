#include "store/group_codec.h"

#include <utility>

#include "base/assert.h"

namespace hermod::store {
namespace {

tl::unexpected<Error> damaged(std::string what) {
  return failure(Errc::Corruption, "journal record: " + std::move(what));
}

/// Checks that `ops` holds exactly `op_count` whole ops with their sequences given.
Status check_ops(Bytes ops, std::uint32_t op_count, std::uint32_t batch) {
  const std::string where = " in batch " + std::to_string(batch);
  OpReader reader(ops);
  std::uint32_t seen = 0;
  while (const std::optional<Op> op = reader.next()) {
    if (op->kind == Op::Kind::Append && op->seq.v == 0)
      return damaged("op " + std::to_string(seen) + where + " has no sequence");
    ++seen;
  }
  if (!reader.ok()) return damaged("op " + std::to_string(seen) + where + " is malformed");
  if (seen == 0 || seen != op_count)
    return damaged("expected " + std::to_string(op_count) + " ops, found " + std::to_string(seen) + where);
  return {};
}

}  // namespace

void GroupEncoder::begin() {
  pieces_.assign(1, Bytes{});  // the place of the header
  batch_count_ = 0;
  body_size_ = 0;
}

void GroupEncoder::add(const WriteBatch& batch) {
  if (batch.empty()) return;
  pieces_.push_back(batch.encoded());
  ++batch_count_;
  body_size_ += batch.bytes();
}

std::span<const Bytes> GroupEncoder::finish(GroupNo number, WallTime batch_time) {
  HERMOD_ASSERT(!empty());
  header_.clear();
  ByteWriter header(header_);
  header.u32(kGroupMagic);
  header.u64(number.v);
  header.u64(micros_of(batch_time));
  header.u32(batch_count_);
  header.u64(body_size_);
  pieces_.front() = as_bytes(header_);

  Checksum checksum;
  for (const Bytes piece : pieces_) checksum.add(piece);
  trailer_.clear();
  ByteWriter(trailer_).u32(checksum.value());
  pieces_.push_back(as_bytes(trailer_));
  return pieces_;
}

Result<Group> decode_group(Bytes record) {
  if (record.size() < kGroupHeaderSize + kGroupTrailerSize)
    return damaged("only " + std::to_string(record.size()) + " bytes");
  ByteReader reader(record);
  if (reader.u32() != kGroupMagic) return damaged("not a commit group");
  Checksum checksum;
  checksum.add(record.first(record.size() - kGroupTrailerSize));
  if (ByteReader(record.last(kGroupTrailerSize)).u32() != checksum.value()) return damaged("wrong checksum");

  Group group;
  group.number = {reader.u64()};
  group.batch_time = wall_time_of(reader.u64());
  const std::uint32_t batch_count = reader.u32();
  const std::uint64_t body_size = reader.u64();
  if (body_size != record.size() - kGroupHeaderSize - kGroupTrailerSize) return damaged("wrong size");
  if (batch_count == 0) return damaged("no batches");

  ByteReader body(reader.bytes(body_size));
  for (std::uint32_t batch = 0; batch < batch_count; ++batch) {
    const std::uint32_t size = body.u32();
    const std::uint32_t op_count = body.u32();
    const Bytes ops = body.bytes(size);
    if (!body.ok()) return damaged("batch " + std::to_string(batch) + " is cut off");
    if (Status status = check_ops(ops, op_count, batch); !status) return tl::unexpected(status.error());
    group.batches.push_back(ops);
  }
  if (body.remaining() != 0) return damaged("bytes behind the last batch");
  return group;
}

}  // namespace hermod::store
