#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "queue/queue_definition.h"
#include "queue/queue_effect.h"

namespace hermod::queue {

// The records of named queues: everything that a start needs to have its groups, their leases at QoS 2 and
// their windows of identifiers again. Each begins with records.h's kRecordVersion; numbers are big-endian,
// times are the wall's, in microseconds since the epoch. Decoding never trusts what it reads: Unsupported for
// another version, else Corruption with what is wrong.

/// Table `queues`, under the queue's id: what there is of a named queue besides its messages. Every option is
/// stored, so that a default which changes does not change the queues that are there.
struct QueueRecord {
  QueueDefinition definition;
  bool is_paused = false;  ///< nothing is delivered until an operator says so
  bool is_ending = false;  ///< it is being deleted, and a start ends that
  friend bool operator==(const QueueRecord&, const QueueRecord&) = default;
};
std::string encode_queue(const QueueRecord& queue);
/// Also Corruption when check() refuses the definition, with its error.
Result<QueueRecord> decode_queue(Bytes record);

/// Table `meta`, under kNextQueueKey: the number that the next new queue gets.
inline constexpr std::string_view kNextQueueKey = "queues.next";
std::string encode_next_queue(std::uint64_t number);
Result<std::uint64_t> decode_next_queue(Bytes record);

/// Table `entries`, under queue and sequence; the message is inside.
std::string encode_queue_entry(const QueueEntry& entry);
/// How many bytes that are, and the same written over as many.
std::size_t encoded_size(const QueueEntry& entry);
void write_encoded(ByteFiller& out, const QueueEntry& entry);
Result<QueueEntry> decode_queue_entry(Bytes record);
/// The same for a message that is stored once for several queues.
std::string encode_shared_queue_entry(const QueueEntry& entry);
Result<QueueEntry> decode_shared_queue_entry(Bytes record, MessagePtr message);
/// Message::size() of what is in it, without reading the message: from the beginning of the record
/// (store::ReadView::kHeadSize bytes are enough), its size, and the size of the message's record when that is
/// stored by itself, else 0.
Result<std::size_t> queue_message_size(Bytes head, std::size_t record_size, std::size_t message_record_size);

/// Table `deliveries`, under queue and sequence.
std::string encode_delivery_state(const DeliveryState& state);
Result<DeliveryState> decode_delivery_state(Bytes record);

/// Table `message_ids`, under queue and number: one claim of the dedup_window on an identifier.
struct MessageIdRecord {
  std::string id;
  WallTime admitted_at{};
  friend bool operator==(const MessageIdRecord&, const MessageIdRecord&) = default;
};
std::string encode_message_id(std::string_view id, WallTime admitted_at);
Result<MessageIdRecord> decode_message_id(Bytes record);

/// In the stream of a session, in the place of an entry: its consumer has this entry of a named queue at
/// QoS 2. The sequence of the record gives the packet identifier. is_released() is what it becomes, or an
/// UnansweredClaim.
struct ClaimRecord {
  QueueId queue;
  Seq seq;
  std::uint32_t deliveries = 0;  ///< this one included
  friend bool operator==(const ClaimRecord&, const ClaimRecord&) = default;
};
std::string encode_claim(const ClaimRecord& claim);
/// Whether a record of a session's stream is one; decode_claim() says whether it is good.
bool is_claim(Bytes record);
Result<ClaimRecord> decode_claim(Bytes record);

/// In its place when the queue waits for the answer no longer, but the client has it still to give. It was
/// sent, so no rule of the session's queue may take it out, and none of what waits there counts it.
struct UnansweredClaim {
  ClaimRecord claim;
  MessagePtr message;  ///< to be sent again: the queue's entry may be gone by then
};
std::string encode_unanswered_claim(const UnansweredClaim& unanswered);
bool is_unanswered_claim(Bytes record);
Result<UnansweredClaim> decode_unanswered_claim(Bytes record);

}  // namespace hermod::queue
