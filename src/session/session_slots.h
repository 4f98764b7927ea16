#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/ids.h"

namespace hermod::session {

/// What every shard may know of a session without asking its owner.
struct Location {
  ShardId shard;
  bool online = false;     ///< a connection is bound to it
  bool durable = false;    ///< outlives its connection
  bool congested = false;  ///< its client reads slower than it is written to; publishers wait
  bool busy = false;       ///< its Receive Maximum is used up; other members of a shared group come first
  bool late = false;       ///< its client acknowledges too late for a write to wait for it
  bool stalled = false;    ///< it was congested for too long; nobody waits, QoS 0 is dropped
};

/// One cell per session, read and written without a lock: where the session lives and how full its queue is.
/// Shared by all shards; lives as long as the broker. A session identifier carries its cell and the cell's
/// generation, so an identifier of an ended session finds nothing. Generations of new sessions have 31 bits:
/// the one above them is that of named queues (queue/queue_id.h).
class SessionSlots {
 public:
  static constexpr std::size_t kChunk = 1024;
  static constexpr std::size_t kChunks = 8192;

  SessionSlots() = default;
  ~SessionSlots();
  SessionSlots(const SessionSlots&) = delete;
  SessionSlots& operator=(const SessionSlots&) = delete;

  /// Brings a cell to life and returns the identifier of its new generation. Caller holds the directory's
  /// lock.
  SessionId open(std::uint32_t slot, ShardId shard);
  /// Brings back the cell of an identifier that the store knows. Before any shard runs.
  void restore(SessionId id, ShardId shard);
  /// New generations of cells that were never used begin above this one, of which the lower 31 bits count.
  /// Before any open().
  void begin_generations_at(std::uint32_t generation);
  /// Ends the identifier. Caller holds the directory's lock.
  void close(SessionId id);

  std::optional<Location> locate(SessionId id) const;
  /// The session that lives in the cell of `id`; it may be of another generation.
  std::optional<SessionId> in_cell_of(SessionId id) const;
  /// Owner shard only (or the claimer while the session is on its way to it).
  void place(SessionId id, const Location& location);

  enum class Room { Reserved, Full, Gone };
  /// Counts one message of `bytes` into the session's queue unless that passes a limit. Any shard.
  Room reserve(SessionId id, std::uint64_t bytes, std::uint32_t max_messages, std::uint64_t max_bytes);
  /// The same without a limit, for what must be kept: drop-oldest makes room afterwards.
  void reserve_anyway(SessionId id, std::uint64_t bytes);
  /// Gives back what reserve() counted.
  void release(SessionId id, std::uint32_t messages, std::uint64_t bytes);

  struct Fill {
    std::uint32_t messages = 0;
    std::uint64_t bytes = 0;
  };
  Fill fill(SessionId id) const;
  struct Total {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };
  /// What all queues hold, as of about now: each cell is read by itself. Looks at every cell; any thread.
  Total total() const;

 private:
  struct Slot {
    std::atomic<std::uint64_t> state{0};  // generation << 32 | shard << 16 | flags
    // Both carry the generation they count for, so that who comes late counts for nobody.
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> bytes{0};
  };
  using Chunk = std::array<Slot, kChunk>;

  Slot* find(SessionId id) const;
  Slot& at(std::uint32_t slot) const;
  Slot& make(std::uint32_t slot);
  static void begin(Slot& cell, SessionId id, ShardId shard);

  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
  std::uint32_t first_generation_ = 0;
};

}  // namespace hermod::session
