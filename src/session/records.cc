#include "session/records.h"

#include <utility>

namespace hermod::session {
namespace {

using store::Table;

constexpr std::uint8_t kNoLocal = 0x04;
constexpr std::uint8_t kRetainAsPublished = 0x08;
constexpr std::uint8_t kRetainedDue = 0x10;

std::string key_of(SessionId session) {
  std::string key;
  ByteWriter(key).u64(session.v);
  return key;
}

std::string subscription_key(SessionId session, std::uint32_t number) {
  std::string key = key_of(session);
  ByteWriter(key).u32(number);
  return key;
}

std::string inbound_key(SessionId session, wire::PacketId id) {
  std::string key = key_of(session);
  ByteWriter(key).u16(id.v);
  return key;
}

void write_will(ByteWriter& out, const Will& will) {
  out.u8(static_cast<std::uint8_t>(will.qos));
  out.u8(will.retain ? 1 : 0);
  out.u32(will.delay);
  out.u8(will.message_expiry_interval ? 1 : 0);
  out.u32(will.message_expiry_interval.value_or(0));
  out.sized16(will.topic);
  out.sized32(will.forwarded_properties);
  out.sized32(will.payload);
}

Result<std::unique_ptr<Will>> read_will(ByteReader& in) {
  auto will = std::make_unique<Will>();
  const std::uint8_t qos = in.u8();
  const std::uint8_t retain = in.u8();
  will->delay = in.u32();
  const std::uint8_t expires = in.u8();
  const std::uint32_t interval = in.u32();
  if (expires == 1) will->message_expiry_interval = interval;
  will->topic = as_text(in.sized16());
  will->forwarded_properties = as_text(in.sized32());
  will->payload = as_text(in.sized32());
  if (!in.ok()) return failure(Errc::Corruption, "session record: it ends inside the will");
  if (qos > 2 || retain > 1 || expires > 1)
    return failure(Errc::Corruption, "session record: unknown will flags");
  will->qos = static_cast<wire::QoS>(qos);
  will->retain = retain == 1;
  return will;
}

}  // namespace

std::string encode_session(const Session& session) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.sized16(session.client_id());
  out.u32(session.expiry_interval());
  out.u64(session.absent_since() ? micros_of(*session.absent_since()) : 0);
  out.u64(session.sent_before().v);
  const Will* will = session.will();
  out.u8(will != nullptr ? 1 : 0);
  if (will != nullptr) write_will(out, *will);
  return record;
}

Result<SessionRecord> decode_session(Bytes bytes) {
  ByteReader in(bytes);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "session record: unknown version");
  SessionRecord record;
  record.client_id = as_text(in.sized16());
  record.expiry_interval = in.u32();
  if (const std::uint64_t since = in.u64(); since != 0) record.absent_since = wall_time_of(since);
  record.sent_before = Seq{in.u64()};
  const std::uint8_t has_will = in.u8();
  if (!in.ok()) return failure(Errc::Corruption, "session record: it ends too early");
  if (has_will > 1) return failure(Errc::Corruption, "session record: unknown flags");
  if (has_will == 1) {
    auto will = read_will(in);
    if (!will) return tl::unexpected(will.error());
    record.will = std::move(*will);
  }
  if (in.remaining() != 0) return failure(Errc::Corruption, "session record: bytes behind its end");
  return record;
}

void record_session(store::WriteBatch& batch, const Session& session) {
  batch.put(Table::Sessions, as_bytes(key_of(session.id())), as_bytes(encode_session(session)));
}

void erase_session(store::WriteBatch& batch, const Session& session, bool with_queue) {
  batch.erase(Table::Sessions, as_bytes(key_of(session.id())));
  session.subscriptions().for_each_number(
      [&](std::uint32_t number) { erase_subscription(batch, session.id(), number); });
  for (const wire::PacketId id : session.inbound().exactly_once_ids())
    erase_inbound_id(batch, session.id(), id);
  if (with_queue) batch.erase_stream(session.stream());
}

void record_subscription(store::WriteBatch& batch, SessionId session, std::uint32_t number,
                         std::string_view filter, const topic::SubscriptionOptions& options,
                         bool retained_due, std::string_view property_filter) {
  std::string record;
  ByteWriter out(record);
  out.u8(property_filter.empty() ? kRecordVersion : kFilteredSubscriptionVersion);
  out.u8(static_cast<std::uint8_t>(options.granted_qos | (options.no_local ? kNoLocal : 0) |
                                   (options.retain_as_published ? kRetainAsPublished : 0) |
                                   (retained_due ? kRetainedDue : 0)));
  out.u32(options.identifier);
  out.sized16(filter);
  if (!property_filter.empty()) out.sized16(property_filter);
  batch.put(Table::Subscriptions, as_bytes(subscription_key(session, number)), as_bytes(record));
}

void erase_subscription(store::WriteBatch& batch, SessionId session, std::uint32_t number) {
  batch.erase(Table::Subscriptions, as_bytes(subscription_key(session, number)));
}

Result<SubscriptionRecord> decode_subscription(Bytes bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  if (version != kRecordVersion && version != kFilteredSubscriptionVersion)
    return failure(Errc::Unsupported, "subscription record: unknown version");
  SubscriptionRecord subscription;
  const std::uint8_t flags = in.u8();
  subscription.options.identifier = in.u32();
  subscription.filter = as_text(in.sized16());
  if (version == kFilteredSubscriptionVersion) subscription.property_filter = as_text(in.sized16());
  if (!in.ok() || in.remaining() != 0)
    return failure(Errc::Corruption, "subscription record: not as long as it says");
  if ((flags & ~(kNoLocal | kRetainAsPublished | kRetainedDue | 0x03)) != 0 || (flags & 0x03) == 3)
    return failure(Errc::Corruption, "subscription record: unknown flags");
  subscription.options.granted_qos = flags & 0x03;
  subscription.options.no_local = (flags & kNoLocal) != 0;
  subscription.retained_due = (flags & kRetainedDue) != 0;
  subscription.options.retain_as_published = (flags & kRetainAsPublished) != 0;
  return subscription;
}

Result<RecordKey> decode_key(Table table, Bytes bytes) {
  ByteReader in(bytes);
  RecordKey key;
  key.session = SessionId{in.u64()};
  if (table == Table::Subscriptions) key.number = in.u32();
  if (table == Table::InboundIds) key.number = in.u16();
  if (!in.ok() || in.remaining() != 0)
    return failure(Errc::Corruption, "a key of another length than its table's");
  return key;
}

void record_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id) {
  const std::uint8_t version = kRecordVersion;
  batch.put(Table::InboundIds, as_bytes(inbound_key(session, id)), {&version, 1});
}

void erase_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id) {
  batch.erase(Table::InboundIds, as_bytes(inbound_key(session, id)));
}

}  // namespace hermod::session
