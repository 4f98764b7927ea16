#include "queue/group_records.h"

#include "queue/queue_definition.h"
#include "queue/queue_id.h"
#include "queue/records.h"

namespace hermod::queue {
namespace {

/// In the place of the version of a reader's record; this record's own follows.
constexpr std::uint8_t kGroupMark = 0xFB;

std::string key_of(QueueId stream, std::uint64_t number) {
  return store::entry_key(stream_of(stream), Seq{number});
}

tl::unexpected<Error> corrupt(const char* what) {
  return failure(Errc::Corruption, std::string("consumer group: ") + what);
}

}  // namespace

std::string encode_group(const GroupRecord& group) {
  std::string record;
  ByteWriter out(record);
  out.u8(kGroupMark);
  out.u8(kRecordVersion);
  out.u8(static_cast<std::uint8_t>(group.name.size()));
  record += group.name;
  out.u64(group.position.next().v);
  out.u64(micros_of(group.position.begin().not_before));
  out.u32(static_cast<std::uint32_t>(group.position.behind().size()));
  for (const auto& [from, to] : group.position.behind()) {
    out.u64(from.v);
    out.u64(to.v);
  }
  return record;
}

bool is_group(Bytes record) {
  return !record.empty() && record.front() == kGroupMark;
}

Result<GroupRecord> decode_group(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kGroupMark) return corrupt("another kind of record");
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "consumer group: unknown version");
  GroupRecord group;
  group.name = as_text(in.bytes(in.u8()));
  StreamPosition begin;
  begin.next = Seq{in.u64()};
  begin.not_before = wall_time_of(in.u64());
  std::uint32_t left = in.u32();
  if (!in.ok() || in.remaining() < std::size_t{left} * 16) return corrupt("it ends too early");
  if (!is_queue_name(group.name)) return corrupt("its name");
  if (begin.next.v == 0) return corrupt("at no entry");
  group.position = GroupPosition(begin);
  for (Seq last = begin.next; left > 0; --left) {
    const Seq from{in.u64()};
    const Seq to{in.u64()};
    if (from <= last || to <= from) return corrupt("what is settled does not rise");
    group.position.settle(from, to);
    last = to;
  }
  if (in.remaining() != 0) return corrupt("bytes behind its end");
  return group;
}

void record_group(store::WriteBatch& batch, QueueId stream, std::uint64_t number, const GroupRecord& group) {
  batch.put(store::Table::Deliveries, as_bytes(key_of(stream, number)), as_bytes(encode_group(group)));
}

void erase_group(store::WriteBatch& batch, QueueId stream, std::uint64_t number) {
  batch.erase(store::Table::Deliveries, as_bytes(key_of(stream, number)));
}

}  // namespace hermod::queue
