#pragma once
#include <atomic>
#include <cstdint>

namespace hermod::store {

/// How far store.max_size has been used: what is accepted must fit into the tables, and may wait in the
/// journal until it is there. So a full store is one that says no before it writes, and never one that cannot
/// write what it has said yes to: then nobody could empty it. The checkpointer says what the tables use; any
/// thread may ask. Lives as long as the checkpointer.
class Room {
 public:
  /// Bytes that may be used of each.
  Room(std::uint64_t journal, std::uint64_t tables);

  /// Whether `bytes` more may be journaled when `waiting` bytes are not in the tables yet.
  bool has(std::uint64_t bytes, std::uint64_t waiting) const;
  /// Full from a little below the limit on, and until there is twice as much room as that.
  bool full() const { return full_.load(std::memory_order_relaxed); }
  /// Bytes that wait for a checkpoint: from here on it is due.
  std::uint64_t due_at() const { return is_small() ? left() / 8 : journal_ / 8; }
  /// And here commits wait for it to begin.
  std::uint64_t wait_at() const { return is_small() ? left() / 3 : journal_ / 6; }

  /// The pages in use. True when the store is full now and was not, or the other way round. One thread.
  bool set_tables_used(std::uint64_t bytes);

 private:
  std::uint64_t left() const { return left_.load(std::memory_order_relaxed); }
  /// Two generations wait at most, so that they fit into what the tables have left. A full store takes
  /// nothing that needs it.
  bool is_small() const { return !full() && left() < journal_ / 2; }

  const std::uint64_t journal_;
  const std::uint64_t tables_;
  const std::uint64_t margin_;  // that stays free for the pages of a checkpoint
  std::atomic<std::uint64_t> left_;
  std::atomic<bool> full_{false};
};

}  // namespace hermod::store
