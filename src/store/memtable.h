#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "store/commit_sink.h"
#include "store/committer.h"
#include "store/generation.h"
#include "store/room.h"

namespace hermod::store {

/// The net effect of all groups that are not in the tables yet, in two generations: the active one, which
/// grows, and the frozen one, which a checkpoint writes to the tables. Values stay in the journal. The
/// committer's thread adds, the checkpointer freezes and drops, readers look under a short shared lock.
class Memtable final : public CommitSink {
 public:
  /// What a reader holds on to: both generations as they were when it looked.
  struct Capture {
    std::shared_ptr<const Generation> active;
    std::shared_ptr<const Generation> frozen;  // may be null
  };

  /// `recovering`: what is applied before the first freeze comes from a replay.
  explicit Memtable(bool recovering = false);

  /// What the active generation has grown to, in bytes.
  struct Growth {
    std::uint64_t records = 0;  ///< that wait for a checkpoint, in the journal
    std::uint64_t memory = 0;
  };
  /// Told behind every group, on the committer's thread, which waits for it to return.
  void set_on_growth(std::function<void(Growth)> on_growth) { on_growth_ = std::move(on_growth); }
  /// What has_room() asks; null: there is room. Before the first group; outlives the last one.
  void set_room(const Room* room) { room_ = room; }
  bool has_room(std::size_t bytes) const override;
  void applied(GroupNo number, WallTime batch_time, std::span<const Submission> group) override;
  /// The same from a journal record, for replay. Errors: Corruption.
  Status replay(GroupNo number, Bytes record);

  /// Freezes the active generation unless one is frozen; gives the frozen one, null when there is nothing.
  std::shared_ptr<const Generation> freeze();
  /// The checkpoint of the frozen generation did not end: its next one must expect traces of it.
  void mark_frozen_unknown();
  void drop_frozen();

  /// For a look at several things at once: hold the lock and use the functions that want it held.
  std::shared_lock<std::shared_mutex> lock() const { return std::shared_lock(mutex_); }
  Capture capture() const { return {active_, frozen_}; }                   // lock held
  StreamChanges stream(StreamId stream, Seq from, std::size_t max) const;  // lock held
  static StreamChanges stream_in(const Capture& capture, StreamId stream, Seq from,
                                 std::size_t max);                  // lock held
  KeyChanges keys(Table table, Bytes from, std::size_t max) const;  // lock held
  std::optional<Place> find(Table table, Bytes key) const;          // lock held
  std::vector<StreamId> stream_ids() const;                         // lock held
  /// A message as a reader that captured sees it; takes the lock.
  std::optional<Place> find_message(const Capture& capture, MessageId id) const;

  /// Where recovery found the end of the journal.
  void set_next_group(GroupNo next) { next_group_.store(next.v, std::memory_order_release); }
  /// Of the values in all groups that were applied, without those of a replay. Any thread.
  std::uint64_t accepted_bytes() const { return accepted_bytes_.load(std::memory_order_relaxed); }
  GroupNo next_group() const { return {next_group_.load(std::memory_order_acquire)}; }
  /// Bytes of the active generation's records: what starts a checkpoint.
  std::uint64_t active_bytes() const { return active_bytes_.load(std::memory_order_relaxed); }
  /// About so much memory the active generation takes.
  std::uint64_t active_memory() const { return active_memory_.load(std::memory_order_relaxed); }
  struct Size {
    std::uint64_t live_entries = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t streams = 0;
    std::uint64_t record_bytes = 0;
    std::uint64_t memory_bytes = 0;
  };
  Size active_size() const;
  Size size() const;  // both generations

 private:
  void count(GroupNo number, std::size_t record_bytes);  // lock held
  void finish(GroupNo number, std::size_t record_bytes);

  mutable std::shared_mutex mutex_;
  std::shared_ptr<Generation> active_;
  std::shared_ptr<Generation> frozen_;
  std::vector<Generation::BatchInRecord> batches_;  // of the group that is applied; the committer's thread
  std::function<void(Growth)> on_growth_;
  const Room* room_ = nullptr;
  std::atomic<std::uint64_t> next_group_{1};
  std::atomic<std::uint64_t> active_bytes_{0};
  std::atomic<std::uint64_t> frozen_bytes_{0};
  std::atomic<std::uint64_t> active_memory_{0};
  std::atomic<std::uint64_t> accepted_bytes_{0};
};

}  // namespace hermod::store
