#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "queue/queue_effect.h"

namespace hermod::queue {

// The records of named queues: everything that a start needs to have its groups, their leases at QoS 2 and
// their windows of identifiers again. Each begins with records.h's kRecordVersion; numbers are big-endian,
// times are the wall's, in microseconds since the epoch. Decoding never trusts what it reads: Unsupported for
// another version, else Corruption with what is wrong.

/// Table `entries`, under queue and sequence; the message is inside.
std::string encode_queue_entry(const QueueEntry& entry);
Result<QueueEntry> decode_queue_entry(Bytes record);
/// The same for a message that is stored once for several queues.
std::string encode_shared_queue_entry(const QueueEntry& entry);
Result<QueueEntry> decode_shared_queue_entry(Bytes record, MessagePtr message);

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
/// QoS 2. The sequence of the record gives the packet identifier. is_released() is what it becomes.
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

}  // namespace hermod::queue
