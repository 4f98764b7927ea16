// A commit group of the journal as a damaged or crafted file may have it, under a header and a checksum that
// are right: the first byte says how many batches there are and, with its high bit, that it is a group of
// format 3; the rest are the batches. Whatever the bytes are, decoding must not crash; what it takes is what
// a batch of the same ops would be, written once more, and a generation takes it too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/assert.h"
#include "store/checksum.h"
#include "store/format3.h"
#include "store/generation.h"
#include "store/group_codec.h"

namespace {

using namespace hermod;
using namespace hermod::store;

std::string sealed(std::uint32_t magic, std::uint32_t batches, Bytes body) {
  std::string record;
  ByteWriter out(record);
  out.u32(magic);
  out.u64(7);
  out.u64(0);
  out.u32(batches);
  out.u64(body.size());
  out.bytes(body);
  out.u32(checksum_of(as_bytes(record)));
  return record;
}

std::vector<Op> ops_in(const EncodedBatch& batch) {
  std::vector<Op> ops;
  OpReader reader(batch);
  while (const auto op = reader.next()) ops.push_back(*op);
  HERMOD_ASSERT(reader.ok());
  return ops;
}

void add(WriteBatch& batch, const Op& op) {
  switch (op.kind) {
    case Op::Kind::Put:
      return batch.put(op.table, op.key, op.value);
    case Op::Kind::Erase:
      return batch.erase(op.table, op.key);
    case Op::Kind::Append:
      batch.append(op.stream, op.value);
      return;
    case Op::Kind::AppendShared:
      batch.append_shared(op.stream, op.message, op.value);
      return;
    case Op::Kind::PutEntry:
      return batch.put_entry(op.stream, op.seq, op.value);
    case Op::Kind::EraseEntry:
      return batch.erase_entry(op.stream, op.seq);
    case Op::Kind::EraseStream:
      return batch.erase_stream(op.stream);
  }
}

bool is_same(const Op& a, const Op& b) {
  return a.kind == b.kind && a.table == b.table && a.stream == b.stream && a.seq == b.seq &&
         a.message == b.message && std::ranges::equal(a.key, b.key) && std::ranges::equal(a.value, b.value);
}

void check_written_again(const EncodedBatch& encoded) {
  const std::vector<Op> ops = ops_in(encoded);
  WriteBatch again;
  std::vector<Seq> sequences;
  for (const Op& op : ops) {
    add(again, op);
    if (op.kind == Op::Kind::Append || op.kind == Op::Kind::AppendShared) sequences.push_back(op.seq);
  }
  auto next = sequences.begin();
  again.give_sequences([&](std::size_t, StreamId) { return *next++; });
  const std::vector<Op> read = ops_in(again.encoded());
  HERMOD_ASSERT(std::ranges::equal(ops, read, is_same));
}

void check_group(std::uint32_t batches, Bytes body) {
  const std::string record = sealed(kGroupMagic, batches, body);
  const auto group = decode_group(as_bytes(record));
  if (!group) return;
  std::vector<Generation::BatchInRecord> placed;
  for (const EncodedBatch& batch : group->batches) {
    check_written_again(batch);
    placed.push_back({batch, static_cast<std::size_t>(batch.ops.data() - as_bytes(record).data())});
  }
  for (const bool tables_may_know : {false, true}) {
    Generation generation(tables_may_know);
    generation.apply(group->number, placed);
    for (const StreamId stream : generation.stream_ids())
      for (const EntryChange& change : generation.stream(stream, {0}, 100).entries) {
        if (!change.place.has_value()) continue;
        HERMOD_ASSERT(change.place.offset + std::size_t{change.place.size} <= record.size());
        const Bytes bytes = as_bytes(record).subspan(change.place.offset, change.place.size);
        HERMOD_ASSERT(parts_in_journal(change.place.kind(), bytes).has_value());
      }
  }
}

void check_group_of_format_3(std::uint32_t batches, Bytes body) {
  const auto group = decode_group_of_format_3(as_bytes(sealed(0x484D4731, batches, body)));
  if (!group) return;
  for (const WriteBatch& batch : group->batches) check_written_again(batch.encoded());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes body(data + 1, size - 1);
  const std::uint32_t batches = data[0] & 0x7FU;
  (data[0] & 0x80U) != 0 ? check_group_of_format_3(batches, body) : check_group(batches, body);
  return 0;
}
