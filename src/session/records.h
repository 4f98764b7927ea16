#pragma once
#include <string>
#include <string_view>

#include "base/ids.h"
#include "session/session.h"
#include "store/write_batch.h"
#include "wire/types.h"

namespace hermod::session {

/// The first byte of every record of this room.
inline constexpr std::uint8_t kRecordVersion = 1;

/// What must outlive the process: client identifier, expiry, will.
std::string encode_session(const Session& session);

void record_session(store::WriteBatch& batch, const Session& session);
/// The session with its subscriptions and inbound identifiers.
void erase_session(store::WriteBatch& batch, const Session& session);

void record_subscription(store::WriteBatch& batch, const Session& session, std::string_view filter,
                         const topic::SubscriptionOptions& options);
void erase_subscription(store::WriteBatch& batch, const Session& session, std::string_view filter);

/// A QoS 2 packet identifier of the client is taken, in the batch of its message. [MQTT-4.3.3-10]
void record_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id);
void erase_inbound_id(store::WriteBatch& batch, SessionId session, wire::PacketId id);

}  // namespace hermod::session
