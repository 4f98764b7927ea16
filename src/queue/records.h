#pragma once
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/queue_window.h"
#include "store/write_batch.h"

namespace hermod::queue {

/// The first byte of every record of this room.
inline constexpr std::uint8_t kRecordVersion = 1;

/// A message as bytes; numbers big-endian, times in microseconds since the epoch.
std::string encode_message(const Message& message);
/// How many bytes that are, and the same written over as many.
std::size_t encoded_size(const Message& message);
void write_encoded(ByteFiller& out, const Message& message);
/// Errors: Corruption with what is wrong.
Result<MessagePtr> decode_message(Bytes record);

/// An entry with its message inside.
std::string encode_entry(const Delivery& delivery);
Result<Delivery> decode_entry(Bytes record);

/// An entry whose message is stored once for several queues.
std::string encode_shared_entry(const Delivery& delivery);
Result<Delivery> decode_shared_entry(Bytes record, MessagePtr message);
/// What the entry counts for in limits, from the beginning of its record (store::ReadView::kHeadSize bytes
/// are enough), the record's size, and the size of the message's record when that is stored by itself, else
/// 0.
Result<std::size_t> message_size(Bytes head, std::size_t record_size, std::size_t message_record_size);
/// Message::size() of the message whose record has this size; nothing when it is too small to be one.
std::optional<std::size_t> size_in_record(std::size_t record_size);
/// True for the record of an entry that was released: only its sequence is left.
bool is_released(Bytes record);

/// Adds the delivery to the end of a queue; the committer gives the sequence.
void append_entry(store::WriteBatch& batch, StreamId queue, const Delivery& delivery);
/// The same for a message that several queues share. `stored` is its id, put into this batch before.
void append_entry(store::WriteBatch& batch, StreamId queue, const Delivery& delivery, MessageId stored);
/// The message of all entries that name this id.
void put_message(store::WriteBatch& batch, MessageId id, const Message& message);
/// Its exchange is over.
void erase_entry(store::WriteBatch& batch, StreamId queue, Seq seq);
/// PUBREC arrived: from now on only PUBREL is sent for it.
void record_released(store::WriteBatch& batch, StreamId queue, Seq seq);

}  // namespace hermod::queue
