#include "queue/queue_records.h"

#include <algorithm>
#include <utility>

#include "queue/queue_id.h"
#include "queue/queue_option.h"
#include "queue/records.h"

namespace hermod::queue {
namespace {

/// In place of the QoS of a session's entry, where 0xFF is the mark *released*.
constexpr std::uint8_t kClaimMark = 0xFE;
constexpr std::uint8_t kUnansweredMark = 0xFD;
constexpr std::uint8_t kMovedFlag = 0x01;
constexpr std::uint8_t kPausedFlag = 0x01;  ///< of a queue
constexpr std::uint8_t kEndingFlag = 0x02;  ///< of a queue
constexpr auto kLastOutcome = static_cast<std::uint8_t>(Outcome::ConnectionLost);
constexpr auto kLastDeathReason = static_cast<std::uint8_t>(DeathReason::DeliveryLimit);

/// Version, flags, and how much of the head follows.
constexpr std::size_t kEntryFront = 1 + 1 + 4;

/// Everything of an entry but its message.
std::size_t head_size(const QueueEntry& entry) {
  std::size_t size = (entry.moved_at ? 8 : 0) + 2 + entry.key.size() + 2;
  for (const Death& death : entry.deaths) size += 2 + death.queue.size() + 1 + 4 + 8;
  return size;
}

void write_queue_entry(ByteFiller& out, const QueueEntry& entry) {
  out.u8(kRecordVersion);
  out.u8(entry.moved_at ? kMovedFlag : 0);
  out.u32(static_cast<std::uint32_t>(head_size(entry)));
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

Result<Death> read_death(ByteReader& in) {
  Death death;
  death.queue = as_text(in.sized16());
  const std::uint8_t reason = in.u8();
  if (reason > kLastDeathReason) return failure(Errc::Corruption, "queue entry record: unknown death");
  death.reason = static_cast<DeathReason>(reason);
  death.deliveries = in.u32();
  death.at = wall_time_of(in.u64());
  return death;
}

/// How much of the record stands in front of the message.
Result<std::size_t> read_front(ByteReader& in, std::uint8_t& flags) {
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "queue entry record: unknown version");
  flags = in.u8();
  const std::uint32_t size = in.u32();
  if (!in.ok()) return failure(Errc::Corruption, "queue entry record: it ends too early");
  if ((flags & ~kMovedFlag) != 0) return failure(Errc::Corruption, "queue entry record: unknown flags");
  return kEntryFront + size;
}

Result<QueueEntry> read_queue_entry(ByteReader& record) {
  std::uint8_t flags = 0;
  const auto size = read_front(record, flags);
  if (!size) return tl::unexpected(size.error());
  ByteReader in(record.bytes(*size - kEntryFront));
  QueueEntry entry;
  if ((flags & kMovedFlag) != 0) entry.moved_at = wall_time_of(in.u64());
  entry.key = as_text(in.sized16());
  for (std::uint16_t deaths = in.u16(); deaths > 0 && in.ok(); --deaths) {
    auto death = read_death(in);
    if (!death) return tl::unexpected(death.error());
    entry.deaths.push_back(std::move(*death));
  }
  if (!record.ok() || !in.ok()) return failure(Errc::Corruption, "queue entry record: it ends too early");
  if (in.remaining() != 0) return failure(Errc::Corruption, "queue entry record: bytes behind the deaths");
  return entry;
}

void write_claim(std::string& record, std::uint8_t mark, const ClaimRecord& claim) {
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u8(mark);
  out.u64(claim.queue.v);
  out.u64(claim.seq.v);
  out.u32(claim.deliveries);
}

/// From behind the mark; what follows it stays unread.
Result<ClaimRecord> read_claim(ByteReader& in) {
  ClaimRecord claim;
  claim.queue = QueueId{in.u64()};
  claim.seq = Seq{in.u64()};
  claim.deliveries = in.u32();
  if (!in.ok()) return failure(Errc::Corruption, "claim: it ends too early");
  if (!is_named(claim.queue) || claim.seq.v == 0 || claim.deliveries == 0)
    return failure(Errc::Corruption, "claim: of no delivery of a named queue");
  return claim;
}

/// What a record of fixed parts has to be when everything of it was read.
Status check_end(const ByteReader& in, std::string_view what) {
  if (!in.ok()) return failure(Errc::Corruption, std::string(what) + ": it ends too early");
  if (in.remaining() != 0) return failure(Errc::Corruption, std::string(what) + ": bytes behind its end");
  return {};
}

}  // namespace

/// Every option, but for one that the first records did not have: it is there when it is not at its default.
std::string encode_queue(const QueueRecord& queue) {
  const QueueDefinition& definition = queue.definition;
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u8(
      static_cast<std::uint8_t>((queue.is_paused ? kPausedFlag : 0) | (queue.is_ending ? kEndingFlag : 0)));
  out.sized16(definition.name);
  out.u16(static_cast<std::uint16_t>(definition.bind.size()));
  for (const std::string& filter : definition.bind) out.sized16(filter);
  const auto options = option_names(definition.kind);
  const auto is_stored = [&](std::string_view option) {
    return option != kFlushOption || definition.flush.has_value();
  };
  out.u16(static_cast<std::uint16_t>(std::ranges::count_if(options, is_stored)));
  for (const std::string_view option : options) {
    if (!is_stored(option)) continue;
    out.sized16(option);
    out.sized32(option_text(definition, option));
  }
  return record;
}

Result<QueueRecord> decode_queue(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "queue record: unknown version");
  const std::uint8_t flags = in.u8();
  if ((flags & ~(kPausedFlag | kEndingFlag)) != 0)
    return failure(Errc::Corruption, "queue record: unknown flags");
  QueueRecord queue;
  queue.is_paused = (flags & kPausedFlag) != 0;
  queue.is_ending = (flags & kEndingFlag) != 0;
  QueueDefinition& definition = queue.definition;
  definition.name = as_text(in.sized16());
  for (std::uint16_t left = in.u16(); left > 0 && in.ok(); --left)
    definition.bind.emplace_back(as_text(in.sized16()));
  for (std::uint16_t left = in.u16(); left > 0 && in.ok(); --left) {
    const std::string_view option = as_text(in.sized16());
    const std::string_view value = as_text(in.sized32());
    if (!in.ok()) break;
    const Status set = set_option(definition, option, value);
    if (!set && set.error().code == Errc::NotFound)
      return failure(Errc::Corruption, "queue record: unknown option " + std::string(option));
    if (!set) return failure(Errc::Corruption, "queue record: " + set.error().detail);
  }
  if (const Status status = check_end(in, "queue record"); !status) return tl::unexpected(status.error());
  if (Status checked = check(definition); !checked)
    return failure(Errc::Corruption, "queue record: " + checked.error().detail);
  return queue;
}

std::string encode_next_queue(std::uint64_t number) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u64(number);
  return record;
}

Result<std::uint64_t> decode_next_queue(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "next queue: unknown version");
  const std::uint64_t number = in.u64();
  if (const Status status = check_end(in, "next queue"); !status) return tl::unexpected(status.error());
  if (number >= kNamedQueueBit) return failure(Errc::Corruption, "next queue: there is none");
  return number;
}

Result<std::size_t> queue_message_size(Bytes head, std::size_t record_size, std::size_t message_record_size) {
  ByteReader in(head);
  std::uint8_t flags = 0;
  const auto before = read_front(in, flags);
  if (!before) return tl::unexpected(before.error());
  const std::size_t message =
      message_record_size != 0 ? message_record_size : record_size - std::min(*before, record_size);
  const auto size = size_in_record(message);
  if (!size || record_size < *before || (message_record_size != 0 && record_size != *before))
    return failure(Errc::Corruption, "queue entry record: it has another size than it says");
  return *size;
}

std::string encode_queue_entry(const QueueEntry& entry) {
  std::string record(encoded_size(entry), '\0');
  ByteFiller out(record.data());
  write_encoded(out, entry);
  return record;
}

std::size_t encoded_size(const QueueEntry& entry) {
  return kEntryFront + head_size(entry) + encoded_size(*entry.message);
}

void write_encoded(ByteFiller& out, const QueueEntry& entry) {
  write_queue_entry(out, entry);
  write_encoded(out, *entry.message);
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
  std::string record(kEntryFront + head_size(entry), '\0');
  ByteFiller out(record.data());
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
  const bool has_failed = last != static_cast<std::uint8_t>(Outcome::Done) && last <= kLastOutcome;
  if (pause > static_cast<std::uint64_t>(kLongest.count()) || !has_failed || state.deliveries == 0)
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
  write_claim(record, kClaimMark, claim);
  return record;
}

bool is_claim(Bytes record) {
  return record.size() >= 2 && record[0] == kRecordVersion && record[1] == kClaimMark;
}

Result<ClaimRecord> decode_claim(Bytes record) {
  if (!is_claim(record)) return failure(Errc::Corruption, "claim: it is none");
  ByteReader in(record.subspan(2));
  auto claim = read_claim(in);
  if (!claim) return claim;
  if (const Status status = check_end(in, "claim"); !status) return tl::unexpected(status.error());
  return claim;
}

std::string encode_unanswered_claim(const UnansweredClaim& unanswered) {
  std::string record;
  record.reserve(96 + unanswered.message->size());
  write_claim(record, kUnansweredMark, unanswered.claim);
  record += encode_message(*unanswered.message);
  return record;
}

bool is_unanswered_claim(Bytes record) {
  return record.size() >= 2 && record[0] == kRecordVersion && record[1] == kUnansweredMark;
}

Result<UnansweredClaim> decode_unanswered_claim(Bytes record) {
  if (!is_unanswered_claim(record)) return failure(Errc::Corruption, "unanswered claim: it is none");
  ByteReader in(record.subspan(2));
  const auto claim = read_claim(in);
  if (!claim) return tl::unexpected(claim.error());
  auto message = decode_message(in.rest());
  if (!message) return tl::unexpected(message.error());
  return UnansweredClaim{*claim, std::move(*message)};
}

}  // namespace hermod::queue
