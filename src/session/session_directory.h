#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "session/session_slots.h"

namespace hermod::session {

/// Client identifier -> session and owner shard. At most one connection at a time is bound to a session:
/// whoever wants it claims it here, waits until the owner hands it over, and says when it has arrived.
/// Shared by all shards, locked, small; lives as long as the broker.
class SessionDirectory {
 public:
  struct Options {
    std::uint32_t max_sessions = 1'000'000;
    std::uint32_t takeovers_per_minute = 600;  ///< per client identifier
  };
  explicit SessionDirectory(Options options) : options_(options) {}

  enum class ClaimKind {
    Fresh,      ///< nobody had it: `session` is new and belongs to the claimer
    Ask,        ///< ask shard `owner` to hand it over
    Wait,       ///< others were first: the claimer is asked for later through Handed::next
    Throttled,  ///< taken over too often [MQTT5 4.13.2: 0x89 Server busy]
    Full,       ///< max_sessions reached
  };
  struct Claim {
    ClaimKind kind;
    SessionId session{};
    ShardId owner{};
  };
  /// A session that the store holds. Before any shard runs; then finish_restoring().
  /// False when another session has this client identifier or this cell, or when there is no such cell.
  bool restore(std::string_view client_id, SessionId id, ShardId owner);
  /// Takes back restore(). Precondition: the session was restored.
  void forget(std::string_view client_id);
  void finish_restoring();

  /// Connection `claimer` wants the session of `client_id`.
  Claim claim(std::string_view client_id, ConnectionId claimer, MonotonicTime now);

  /// The session is now at `shard`; if another connection waits for it, the owner must hand it over to that
  /// one next.
  std::optional<ConnectionId> arrived(std::string_view client_id, ShardId shard);

  /// The session of `client_id` ended while its claimer goes on: the claimer's session gets a new identifier.
  SessionId renew(std::string_view client_id, ShardId shard);

  /// The connection that was given a fresh session left before it began; end() follows.
  void give_up(std::string_view client_id);

  /// The session ended. If somebody waits for the identifier, that connection gets a fresh session and calls
  /// arrived(). If a claimer's request is still on its way to the owner, the claimer gets find(client_id).
  struct Heir {
    ConnectionId connection;
    SessionId session;
  };
  std::optional<Heir> end(std::string_view client_id);

  const SessionSlots& slots() const { return slots_; }
  SessionSlots& slots() { return slots_; }
  std::size_t count() const;
  /// The owner's shard and session of a client identifier; for admin.
  std::optional<SessionId> find(std::string_view client_id) const;

 private:
  struct Record {
    SessionId id;
    ShardId owner;
    bool moving = false;
    std::unique_ptr<std::deque<ConnectionId>> waiters;
    std::uint32_t takeovers = 0;  // in the running minute
    std::uint32_t minute = 0;
  };

  static constexpr std::size_t kMostSlots = SessionSlots::kChunk * SessionSlots::kChunks;

  SessionId open_slot(ShardId shard);
  void close_slot(SessionId id);
  bool throttled(Record& record, MonotonicTime now) const;
  static std::optional<ConnectionId> next_waiter(Record& record);

  const Options options_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Record> records_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slots_used_ = 0;
  SessionSlots slots_;
  std::vector<bool> restored_;  ///< cells taken, until finish_restoring()
};

}  // namespace hermod::session
