#include "queue/queue_changes.h"

#include <utility>

#include "queue/queue_id.h"
#include "queue/records.h"

namespace hermod::queue {
namespace {

using store::Table;

std::string queue_key_of(QueueId queue) {
  return store::number_key(queue.v);
}

/// Of the entry's state, or of an identifier.
std::string key_at(QueueId queue, std::uint64_t number) {
  return store::entry_key(stream_of(queue), Seq{number});
}

}  // namespace

void record_queue(store::WriteBatch& batch, QueueId queue, const QueueRecord& record) {
  batch.put(Table::Queues, as_bytes(queue_key_of(queue)), as_bytes(encode_queue(record)));
}

void erase_queue(store::WriteBatch& batch, QueueId queue) {
  batch.erase(Table::Queues, as_bytes(queue_key_of(queue)));
  batch.erase_stream(stream_of(queue));
}

void record_next_queue(store::WriteBatch& batch, std::uint64_t number) {
  batch.put(Table::Meta, as_bytes(kNextQueueKey), as_bytes(encode_next_queue(number)));
}

void append_queue_entry(store::WriteBatch& batch, QueueId queue, const QueueEntry& entry) {
  batch.append(stream_of(queue), encoded_size(entry), [&](char* at) {
    ByteFiller out(at);
    write_encoded(out, entry);
  });
}

void append_queue_entry(store::WriteBatch& batch, QueueId queue, const QueueEntry& entry, MessageId stored) {
  batch.append_shared(stream_of(queue), stored, as_bytes(encode_shared_queue_entry(entry)));
}

void erase_queue_entry(store::WriteBatch& batch, QueueId queue, Seq seq, bool has_state) {
  batch.erase_entry(stream_of(queue), seq);
  if (has_state) erase_delivery_state(batch, queue, seq);
}

void record_delivery_state(store::WriteBatch& batch, QueueId queue, Seq seq, const DeliveryState& state) {
  batch.put(Table::Deliveries, as_bytes(key_at(queue, seq.v)), as_bytes(encode_delivery_state(state)));
}

void erase_delivery_state(store::WriteBatch& batch, QueueId queue, Seq seq) {
  batch.erase(Table::Deliveries, as_bytes(key_at(queue, seq.v)));
}

void record_message_id(store::WriteBatch& batch, QueueId queue, std::uint64_t number, std::string_view id,
                       WallTime admitted_at) {
  batch.put(Table::MessageIds, as_bytes(key_at(queue, number)), as_bytes(encode_message_id(id, admitted_at)));
}

void erase_message_id(store::WriteBatch& batch, QueueId queue, std::uint64_t number) {
  batch.erase(Table::MessageIds, as_bytes(key_at(queue, number)));
}

void append_claim(store::WriteBatch& batch, StreamId session, const ClaimRecord& claim) {
  batch.append(session, as_bytes(encode_claim(claim)));
}

void leave_claim_unanswered(store::WriteBatch& batch, StreamId session, Seq seq,
                            const UnansweredClaim& unanswered) {
  batch.put_entry(session, seq, as_bytes(encode_unanswered_claim(unanswered)));
}

void end_claim(store::WriteBatch& batch, StreamId session, Seq seq, bool is_released) {
  is_released ? record_released(batch, session, seq) : batch.erase_entry(session, seq);
}

Result<QueueKey> decode_queue_key(Table table, Bytes bytes) {
  ByteReader in(bytes);
  QueueKey key;
  key.queue = QueueId{in.u64()};
  if (table != Table::Queues) key.number = in.u64();
  if (!in.ok() || in.remaining() != 0)
    return failure(Errc::Corruption, "a key of another length than its table's");
  if (!is_named(key.queue)) return failure(Errc::Corruption, "a key that no named queue has");
  return key;
}

Result<QueueEntry> queue_entry_from(const store::StoredEntry& stored) {
  if (!stored.shared) return decode_queue_entry(as_bytes(stored.value));
  auto message = decode_message(as_bytes(stored.body));
  if (!message) return tl::unexpected(message.error());
  return decode_shared_queue_entry(as_bytes(stored.value), std::move(*message));
}

}  // namespace hermod::queue
