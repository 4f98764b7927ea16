#pragma once
#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "queue/queue_records.h"
#include "store/read_view.h"
#include "store/write_batch.h"

namespace hermod::queue {

// The changes of the store that named queues make, and their keys. None reads anything: what is erased need
// not be there, and what is recorded says what is.

/// The queue is there, or has another definition.
void record_queue(store::WriteBatch& batch, QueueId queue, const QueueRecord& record);
/// The queue is gone, and with it what is left of its entries. Before that its delivery states and message
/// identifiers have been erased; a start erases those it finds without their queue. A queue whose record is
/// there and cannot be read, as one with an option that this broker does not know, is there. Nobody appends
/// to it any more: what is submitted behind this batch may stay in the store for ever, or be dropped unheard.
void erase_queue(store::WriteBatch& batch, QueueId queue);
/// Numbers below this one are never given again, whatever becomes of their queues. In the batch that records
/// the queue before it; one thread gives numbers, and submits in their order.
void record_next_queue(store::WriteBatch& batch, std::uint64_t number);

/// Adds the entry to the end of the queue; the committer gives the sequence.
void append_queue_entry(store::WriteBatch& batch, QueueId queue, const QueueEntry& entry);
/// The same for a message that others share. `stored` is its id, put into this batch before.
void append_queue_entry(store::WriteBatch& batch, QueueId queue, const QueueEntry& entry, MessageId stored);
/// The entry goes, and with `has_state` what is stored at it.
void erase_queue_entry(store::WriteBatch& batch, QueueId queue, Seq seq, bool has_state);
void record_delivery_state(store::WriteBatch& batch, QueueId queue, Seq seq, const DeliveryState& state);
void erase_delivery_state(store::WriteBatch& batch, QueueId queue, Seq seq);

void record_message_id(store::WriteBatch& batch, QueueId queue, std::uint64_t number, std::string_view id,
                       WallTime admitted_at);
void erase_message_id(store::WriteBatch& batch, QueueId queue, std::uint64_t number);

/// `session`: the stream of the consumer's queue; the sequence that the committer gives is the exchange's.
void append_claim(store::WriteBatch& batch, StreamId session, const ClaimRecord& claim);
/// The client has not answered in time: the claim has the message inside now, and its exchange goes on
/// without the queue.
void leave_claim_unanswered(store::WriteBatch& batch, StreamId session, Seq seq,
                            const UnansweredClaim& unanswered);
/// The claim becomes the mark *released*, or goes. Nothing when the session has ended meanwhile, and its
/// stream with it.
void end_claim(store::WriteBatch& batch, StreamId session, Seq seq, bool is_released);

/// A key of Table::Queues, Deliveries or MessageIds: the queue and, behind it, the sequence of the entry or
/// the number of the identifier. Errors: Corruption, also when it is no named queue's.
struct QueueKey {
  QueueId queue;
  std::uint64_t number = 0;
};
Result<QueueKey> decode_queue_key(store::Table table, Bytes key);

/// An entry as ReadView::read_stream() gives it, its message included. Errors: those of the decoders.
Result<QueueEntry> queue_entry_from(const store::StoredEntry& stored);

}  // namespace hermod::queue
