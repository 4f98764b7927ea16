#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "session/session.h"
#include "store/write_batch.h"
#include "wire/types.h"

namespace hermod::session {

/// The first byte of every record of this room,
inline constexpr std::uint8_t kRecordVersion = 1;
/// but of a subscription with a property filter.
inline constexpr std::uint8_t kFilteredSubscriptionVersion = 2;

/// What of a session is in its own record. Times are wall time, in microseconds since the epoch.
struct SessionRecord {
  std::string client_id;
  std::uint32_t expiry_interval = 0;     ///< seconds
  std::optional<WallTime> absent_since;  ///< nothing: a client was connected
  Seq sent_before{};                     ///< entries below may be with the client already
  std::unique_ptr<Will> will;
};
std::string encode_session(const Session& session);
/// Errors: Corruption, Unsupported, with what is wrong.
Result<SessionRecord> decode_session(Bytes record);

void record_session(store::WriteBatch& batch, const Session& session);
/// The session with its subscriptions, inbound identifiers and entries.
void erase_session(store::WriteBatch& batch, const Session& session, bool with_queue = true);

/// A subscription as it is stored.
struct SubscriptionRecord {
  std::string filter;
  topic::SubscriptionOptions options;
  std::string property_filter;  ///< the user property `filter`; empty: it was not there
  bool retained_due = false;    ///< not all retained messages that it asked for are in the queue
};
/// `number` is what Subscriptions::number_for() gave; `property_filter` as in SubscriptionRecord.
void record_subscription(store::WriteBatch& batch, SessionId session, std::uint32_t number,
                         std::string_view filter, const topic::SubscriptionOptions& options,
                         bool retained_due = false, std::string_view property_filter = {});
void erase_subscription(store::WriteBatch& batch, SessionId session, std::uint32_t number);
/// Errors: Corruption, Unsupported.
Result<SubscriptionRecord> decode_subscription(Bytes record);

/// A QoS 2 packet identifier of the client is taken, in the batch of its message. [MQTT-4.3.3-10]
void record_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id);
void erase_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id);

/// A key of Table::Sessions, Subscriptions or InboundIds: the session and, behind it, the number of the
/// subscription or the packet identifier. Errors: Corruption.
struct RecordKey {
  SessionId session;
  std::uint32_t number = 0;
};
Result<RecordKey> decode_key(store::Table table, Bytes key);

}  // namespace hermod::session
