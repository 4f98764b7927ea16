#include "session/records.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "queue/records.h"

namespace hermod::session {
namespace {

using store::Table;

std::string key_of(SessionId session) {
  std::string key;
  ByteWriter(key).u64(session.v);
  return key;
}

/// Filters may be longer than a key of the store: the key holds their hash, the value their text.
std::string subscription_key(SessionId session, std::string_view filter) {
  std::string key = key_of(session);
  ByteWriter(key).u64(stable_hash(filter));
  return key;
}

std::string inbound_key(SessionId session, wire::PacketId id) {
  std::string key = key_of(session);
  ByteWriter(key).u16(id.v);
  return key;
}

}  // namespace

std::string encode_session(const Session& session) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.sized16(session.client_id());
  out.u32(session.expiry_interval());
  const Will* will = session.will();
  out.u8(will != nullptr ? 1 : 0);
  if (will == nullptr) return record;
  out.u8(static_cast<std::uint8_t>(will->qos));
  out.u8(will->retain ? 1 : 0);
  out.u32(will->delay);
  out.u8(will->message_expiry_interval ? 1 : 0);
  out.u32(will->message_expiry_interval.value_or(0));
  out.sized16(will->topic);
  out.sized32(will->forwarded_properties);
  out.sized32(will->payload);
  return record;
}

void record_session(store::WriteBatch& batch, const Session& session) {
  batch.put(Table::Sessions, as_bytes(key_of(session.id())), as_bytes(encode_session(session)));
}

void erase_session(store::WriteBatch& batch, const Session& session) {
  batch.erase(Table::Sessions, as_bytes(key_of(session.id())));
  for (const Subscription& subscription : session.subscriptions().items())
    erase_subscription(batch, session, subscription.filter);
  for (const qos::InboundExchange& exchange : session.inbound().exchanges())
    if (exchange.phase != qos::InboundExchange::Phase::Publishing)
      erase_inbound_id(batch, session.id(), exchange.id);
  session.queue().for_each(
      [&](const queue::Entry& entry) { queue::erase_entry(batch, session.stream(), entry.seq); });
}

void record_subscription(store::WriteBatch& batch, const Session& session, std::string_view filter,
                         const topic::SubscriptionOptions& options) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u8(static_cast<std::uint8_t>(options.granted_qos | (options.no_local ? 0x04 : 0) |
                                   (options.retain_as_published ? 0x08 : 0)));
  out.u32(options.identifier);
  out.sized16(filter);
  batch.put(Table::Subscriptions, as_bytes(subscription_key(session.id(), filter)), as_bytes(record));
}

void erase_subscription(store::WriteBatch& batch, const Session& session, std::string_view filter) {
  batch.erase(Table::Subscriptions, as_bytes(subscription_key(session.id(), filter)));
}

void record_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id) {
  const std::uint8_t version = kRecordVersion;
  batch.put(Table::InboundIds, as_bytes(inbound_key(session, id)), {&version, 1});
}

void erase_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id) {
  batch.erase(Table::InboundIds, as_bytes(inbound_key(session, id)));
}

}  // namespace hermod::session
