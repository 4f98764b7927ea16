#include "queue/stream_records.h"

#include "queue/queue_id.h"
#include "queue/records.h"

namespace hermod::queue {

std::string encode_stream_position(const StreamPosition& position) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u64(position.next.v);
  out.u64(micros_of(position.not_before));
  return record;
}

Result<StreamPosition> decode_stream_position(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "reader's position: unknown version");
  StreamPosition position;
  position.next = Seq{in.u64()};
  position.not_before = wall_time_of(in.u64());
  if (!in.ok()) return failure(Errc::Corruption, "reader's position: it ends too early");
  if (in.remaining() != 0) return failure(Errc::Corruption, "reader's position: bytes behind its end");
  if (position.next.v == 0) return failure(Errc::Corruption, "reader's position: of no entry");
  return position;
}

void record_reader(store::WriteBatch& batch, QueueId stream, SessionId reader,
                   const StreamPosition& position) {
  batch.put(store::Table::Deliveries, as_bytes(store::entry_key(stream_of(stream), Seq{reader.v})),
            as_bytes(encode_stream_position(position)));
}

void erase_reader(store::WriteBatch& batch, QueueId stream, SessionId reader) {
  batch.erase(store::Table::Deliveries, as_bytes(store::entry_key(stream_of(stream), Seq{reader.v})));
}

}  // namespace hermod::queue
