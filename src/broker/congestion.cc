// Backpressure from a slow reader to its publishers: first they wait, then it is stalled and QoS 0 is
// dropped.

#include <algorithm>

#include "broker/shard.h"

namespace hermod::broker {

namespace {

/// Unread messages of a shard from which on publishers of other shards wait.
constexpr std::size_t kMailboxFull = 20'000;

}  // namespace

/// Tells publishers of all shards whether they should wait for this session's client, and when to stop
/// waiting.
void Shard::watch_congestion(session::Session& session) {
  session::SessionSlots& slots = shared_.directory.slots();
  Connection* c = live(session.connection());
  const LimitOptions& limits = shared_.options.limits;
  const std::size_t queued = session.queue().waiting();
  const std::size_t output = c != nullptr ? c->unsent_bytes() : 0;
  const bool full = c != nullptr && (output >= limits.outbound_buffer / 2 || queued >= kCongestedFrom ||
                                     session.queue().bytes() >= limits.outbound_buffer);
  const bool clear = c == nullptr || (output <= limits.outbound_buffer / 8 && queued <= kCongestedFrom / 4 &&
                                      session.queue().bytes() <= limits.outbound_buffer / 4);
  if (!session.congested_since) {
    if (!full) return;
    session.congested_since = now();
    congested_.push_back(session.id());
    schedule_deadlines();
  } else if (clear) {
    session.congested_since.reset();
  } else {
    return;
  }
  auto where = *slots.locate(session.id());
  where.congested = session.congested_since.has_value();
  where.stalled = false;
  slots.place(session.id(), where);
}

/// True while a shard has more mail than it can soon read.
bool Shard::is_behind(ShardId shard) const {
  return shard != id_ && shared_.mailboxes[shard.v]->size() > kMailboxFull;
}

/// Ends what has lasted long enough: a receiver that stayed congested beyond its patience is stalled, and
/// publishers whose receiver is clear, stalled or gone are read again.
void Shard::check_congestion() {
  session::SessionSlots& slots = shared_.directory.slots();
  std::erase_if(congested_, [&](SessionId id) {
    session::Session* session = sessions_.find(id);
    if (session == nullptr || !session->congested_since) return true;
    watch_congestion(*session);
    if (!session->congested_since) return true;
    if (now() - *session->congested_since < shared_.options.limits.slow_reader_patience) return false;
    auto where = slots.locate(id);
    where->stalled = true;
    slots.place(id, *where);
    return false;
  });
  std::erase_if(waiting_publishers_, [&](const WaitingPublisher& waiting) {
    const auto where = slots.locate(waiting.receiver);
    if ((where && where->congested && !where->stalled) || is_behind(waiting.shard)) return false;
    if (Connection* c = connections_.find(waiting.publisher)) c->resume(Connection::Pause::SlowReader, now());
    return true;
  });
}

}  // namespace hermod::broker
