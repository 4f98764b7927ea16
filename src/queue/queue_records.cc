#include "queue/queue_records.h"

#include <algorithm>
#include <utility>

#include "queue/records.h"

namespace hermod::queue {
namespace {

/// In place of the QoS of a session's entry, where 0xFF is the mark *released*.
constexpr std::uint8_t kClaimMark = 0xFE;
constexpr std::uint8_t kMovedFlag = 0x01;
constexpr auto kLastOutcome = static_cast<std::uint8_t>(Outcome::ConnectionLost);
constexpr auto kLastDeathReason = static_cast<std::uint8_t>(DeathReason::DeliveryLimit);

/// Everything of an entry but its message.
void write_queue_entry(ByteWriter& out, const QueueEntry& entry) {
  out.u8(kRecordVersion);
  out.u8(entry.moved_at ? kMovedFlag : 0);
  if (entry.moved_at) out.u64(micros_of(*entry.moved_at));
  out.sized16(entry.key);
  out.u16(static_cast<std::uint16_t>(entry.deaths.size()));
  for (const Death& death : entry.deaths) {
    out.sized16(death.queue);
    out.u8(static_cast<std::uint8_t>(death.reason));
    out.u32(death.deliveries);
    out.u64(micros_of(death.at));
  }
}

Result<QueueEntry> read_queue_entry(ByteReader& in) {
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "queue entry record: unknown version");
  QueueEntry entry;
  const std::uint8_t flags = in.u8();
  if ((flags & ~kMovedFlag) != 0) return failure(Errc::Corruption, "queue entry record: unknown flags");
  if ((flags & kMovedFlag) != 0) entry.moved_at = wall_time_of(in.u64());
  entry.key = as_text(in.sized16());
  for (std::uint16_t deaths = in.u16(); deaths > 0 && in.ok(); --deaths) {
    Death death;
    death.queue = as_text(in.sized16());
    const std::uint8_t reason = in.u8();
    if (reason > kLastDeathReason) return failure(Errc::Corruption, "queue entry record: unknown death");
    death.reason = static_cast<DeathReason>(reason);
    death.deliveries = in.u32();
    death.at = wall_time_of(in.u64());
    entry.deaths.push_back(std::move(death));
  }
  if (!in.ok()) return failure(Errc::Corruption, "queue entry record: it ends too early");
  return entry;
}

/// What a record of fixed parts has to be when everything of it was read.
Status check_end(const ByteReader& in, std::string_view what) {
  if (!in.ok()) return failure(Errc::Corruption, std::string(what) + ": it ends too early");
  if (in.remaining() != 0) return failure(Errc::Corruption, std::string(what) + ": bytes behind its end");
  return {};
}

}  // namespace

std::string encode_queue_entry(const QueueEntry& entry) {
  std::string record;
  record.reserve(96 + entry.message->size());
  ByteWriter out(record);
  write_queue_entry(out, entry);
  out.bytes(encode_message(*entry.message));
  return record;
}

Result<QueueEntry> decode_queue_entry(Bytes record) {
  ByteReader in(record);
  auto entry = read_queue_entry(in);
  if (!entry) return entry;
  auto message = decode_message(in.rest());
  if (!message) return tl::unexpected(message.error());
  entry->message = std::move(*message);
  return entry;
}

std::string encode_shared_queue_entry(const QueueEntry& entry) {
  std::string record;
  ByteWriter out(record);
  write_queue_entry(out, entry);
  return record;
}

Result<QueueEntry> decode_shared_queue_entry(Bytes record, MessagePtr message) {
  ByteReader in(record);
  auto entry = read_queue_entry(in);
  if (!entry) return entry;
  if (const Status status = check_end(in, "queue entry record"); !status)
    return tl::unexpected(status.error());
  entry->message = std::move(message);
  return entry;
}

std::string encode_delivery_state(const DeliveryState& state) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u32(state.deliveries);
  out.u64(micros_of(state.due));
  out.u64(static_cast<std::uint64_t>(state.pause.count()));
  out.u8(static_cast<std::uint8_t>(state.last));
  return record;
}

Result<DeliveryState> decode_delivery_state(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "delivery state: unknown version");
  DeliveryState state;
  state.deliveries = in.u32();
  state.due = wall_time_of(in.u64());
  const std::uint64_t pause = in.u64();
  const std::uint8_t last = in.u8();
  if (const Status status = check_end(in, "delivery state"); !status) return tl::unexpected(status.error());
  constexpr std::chrono::milliseconds kLongest = kLongestPause;
  if (pause > static_cast<std::uint64_t>(kLongest.count()) || last > kLastOutcome || state.deliveries == 0)
    return failure(Errc::Corruption, "delivery state: no delivery ends like that");
  state.pause = std::chrono::milliseconds(static_cast<std::int64_t>(pause));
  state.last = static_cast<Outcome>(last);
  return state;
}

std::string encode_message_id(std::string_view id, WallTime admitted_at) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u64(micros_of(admitted_at));
  out.sized16(id);
  return record;
}

Result<MessageIdRecord> decode_message_id(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "message identifier: unknown version");
  MessageIdRecord it;
  it.admitted_at = wall_time_of(in.u64());
  it.id = as_text(in.sized16());
  if (const Status status = check_end(in, "message identifier"); !status)
    return tl::unexpected(status.error());
  if (it.id.empty()) return failure(Errc::Corruption, "message identifier: it is empty");
  return it;
}

std::string encode_claim(const ClaimRecord& claim) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u8(kClaimMark);
  out.u64(claim.queue.v);
  out.u64(claim.seq.v);
  out.u32(claim.deliveries);
  return record;
}

bool is_claim(Bytes record) {
  return record.size() >= 2 && record[0] == kRecordVersion && record[1] == kClaimMark;
}

Result<ClaimRecord> decode_claim(Bytes record) {
  if (!is_claim(record)) return failure(Errc::Corruption, "claim: it is none");
  ByteReader in(record.subspan(2));
  ClaimRecord claim;
  claim.queue = QueueId{in.u64()};
  claim.seq = Seq{in.u64()};
  claim.deliveries = in.u32();
  if (const Status status = check_end(in, "claim"); !status) return tl::unexpected(status.error());
  if (claim.seq.v == 0 || claim.deliveries == 0) return failure(Errc::Corruption, "claim: of no delivery");
  return claim;
}

}  // namespace hermod::queue
