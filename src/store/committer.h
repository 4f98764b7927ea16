#pragma once
#include <absl/container/flat_hash_set.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/batch_memory.h"
#include "store/commit_sink.h"
#include "store/group_codec.h"
#include "store/held_batches.h"
#include "store/journal.h"
#include "store/options.h"
#include "store/sequence_table.h"
#include "store/submission.h"
#include "store/syncer.h"

namespace hermod::store {

/// Upward door: told on the committer's thread, in the order of submission, except that what may wait and
/// only erases may come later. Each batch comes once in on_sequenced and then once in on_durable or
/// on_failed; only a batch that is refused because the store is read-only or full goes straight to on_failed.
/// One group may take several calls of each.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  /// Stage one: the entries have their sequences, in memory. QoS 1 may be delivered where the sequence may be
  /// told; nothing may be answered.
  virtual void on_sequenced(std::span<Done> group) = 0;
  /// Stage two: on disk as far as it needs to be, or elided. Acks and QoS 2 may leave.
  virtual void on_durable(std::span<Done> group) = 0;
  /// Nothing of these batches may be believed; a sequence they got is never given again. Without a batch: a
  /// sync failed of what was told to be durable.
  virtual void on_failed(std::span<Done> group, const Error& why) = 0;
};

/// The only writer and the sequencer: takes what all shards have waiting, gives sequences, appends each group
/// as one journal record. Owns the next sequence of every stream, which is reserved ahead in the same group
/// (see SequenceTable), so that no sequence is given twice even when its entry has left no trace; but for
/// gapless streams (ADR 0030), which go on behind their last entry. Its work is done by one thread, its own
/// (start) or the test's (run_once); submit is for any thread. Lives between the journal and the shards.
///
/// A batch that may wait is held for up to Options::elide_wait while nothing else has to be written: entries
/// that are erased meanwhile are not written at all (see HeldBatches).
///
/// With a thread of its own, a large group is synced beside it: meanwhile what comes in is sequenced, and
/// makes the next group as soon as the sync has ended, so a sync never waits for the processor. What the
/// first group leaves to do is done while the second is synced. When so much comes in that the next group is
/// full before the sync has ended, it is written at once, and its sync follows directly.
///
/// A group is synced before it counts as durable when a batch in it needs that, or its flush policy says so:
/// its own, or Options::flush. What was written without that is synced when the first of the intervals is
/// over that its batches have. A sequence that is not reserved on the disk needs the sync too: whoever is
/// told of it later must never hear it twice.
///
/// After a failed append or sync the store is read-only: every batch that holds a change fails until
/// resume(). Empty batches need no disk and still succeed. When the sink has no room, the batches that may be
/// refused fail, and they alone; the store stays writable.
class Committer {
 public:
  /// `sink` may be null: then nobody reads what is committed.
  Committer(const Options& options, Journal& journal, CommitObserver& observer, const Clock& clock,
            CommitSink* sink = nullptr);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Any thread. Batches of one thread keep their order. Not after stop().
  void submit(WriteBatch batch, std::unique_ptr<Ticket> ticket, bool may_wait = false,
              bool needs_sync = true);
  /// Submits all of `batches` in order under one lock and leaves it empty: one call per shard and tick. When
  /// `spent` is empty it gets the memory of batches that are done.
  void submit_all(std::vector<Submission>& batches, BatchMemory* spent = nullptr);
  /// Somebody waits for what is held: it is written now. Takes effect behind everything submitted before. Any
  /// thread.
  void hurry();

  /// The next append to `stream` gets at least `next`. After recovery `next` is the stream's record in
  /// Table::Streams. Call before that append is submitted; any thread.
  void restore_next(StreamId stream, Seq next);
  /// The same for a stream whose sequences are counted without a gap, and whose entries are told to nobody
  /// before they are durable: what the entries of a failed group got is given again behind resume(). After
  /// recovery `next` is the one behind the last entry. Call before the first append is submitted; any thread.
  void restore_gapless(StreamId stream, Seq next);
  /// The stream has ended; takes effect behind everything submitted before. Its id must never be used again.
  void forget(StreamId stream);

  /// Cost of what is submitted and not finished: encoded bytes and a fixed amount per batch. Any thread.
  std::size_t bytes_in_flight() const { return bytes_in_flight_.load(std::memory_order_relaxed); }
  /// Groups that were written, refused or failed so far; stands still while the journal does. Any thread.
  std::uint64_t groups_finished() const { return groups_finished_.load(std::memory_order_relaxed); }
  /// False from a failed append or sync until resume(). Any thread.
  bool healthy() const { return healthy_.load(std::memory_order_acquire); }
  /// The journal has been opened, after a failure replayed again, and the next group gets this number. Takes
  /// effect behind everything submitted before, which still fails: it may build on what has failed. So call
  /// it when every submitter has heard of the failure. Any thread.
  void resume(GroupNo next_group);

  /// Commits everything that waits, but for what may be held and whose time has not come; false when there
  /// was nothing to do. For tests and the simulator, without start().
  bool run_once();
  /// Something is held. The thread that calls run_once().
  bool holds_any() const { return held_.size() > 0; }
  /// Makes the committer's own thread.
  void start();
  /// Finishes everything submitted, on the own thread and then on the caller's, and ends the thread.
  void stop();

  /// What one batch adds to bytes_in_flight().
  static std::size_t cost(const WriteBatch& batch) { return batch.bytes() + sizeof(Submission); }

 private:
  /// What waits for the committer, guarded by mutex_.
  struct Inbox {
    std::vector<Submission> batches;
    std::vector<std::pair<StreamId, Seq>> restored;
    std::vector<std::pair<StreamId, Seq>> gapless;
    std::vector<StreamId> forgotten;
    std::optional<GroupNo> resumed;
    std::size_t before_resume = 0;  // so many of the batches were submitted before
    bool hurry = false;
    bool has_work() const { return !batches.empty() || resumed.has_value() || hurry; }
    void clear() {
      hurry = false;
      batches.clear();
      restored.clear();
      gapless.clear();
      forgotten.clear();
      resumed.reset();
    }
  };

  /// A group in the journal. Number zero: there was nothing to write.
  struct Written {
    GroupNo number;
    WallTime batch_time{};
  };
  /// A group that is synced beside the committer.
  struct Flying {
    HeldBatches batches;
    Written written;
    bool is_synced = false;  ///< and not told to anybody yet
  };

  void run();
  void wait(std::unique_lock<std::mutex>& lock);
  void process();
  void commit_all(std::span<Submission> batches);
  /// How many of `waiting` make one group with what is held.
  std::size_t group_size(std::span<const Submission> waiting) const;
  void take(std::span<Submission> group);
  void expect_sequences(const WriteBatch& batch) const;
  void refuse(std::span<Submission> group);
  void sequence(Submission& submission, std::optional<MonotonicTime>& wait_until);
  /// Adds the records in Table::Streams to a batch whose appends take their streams near what is reserved.
  void reserve(WriteBatch& batch, std::span<const std::pair<StreamId, Seq>> reservations);
  bool has_room_for(const WriteBatch& batch) const;
  void tell_sequenced(std::span<Done> done);
  void tell_durable(std::span<Done> done);
  bool is_due() const;
  void write_held();
  void write_full();
  bool is_worth_beside() const;
  void look();
  /// Answers what needs no disk, or writes what has to be written now.
  void go_on();
  Result<Written> append(std::span<const Submission> group, Journal::Sync sync, const Flush& flush);
  /// The strictest that holds for a batch of the group now; a sync that is due is for everybody.
  Flush flush_for(std::span<const Submission> group) const;
  /// `group` is on the disk: readers find it, and its submitters hear of it.
  void arrive(HeldBatches& group, const Written& written);
  void depart(const Written& written);
  bool is_syncing();
  /// False, these three: a sync has failed, and with it everything that is here.
  bool hear_syncs();
  bool wait_for_a_sync();
  bool wait_for_syncs();
  void land();
  /// When what is written has to be synced at the latest.
  std::optional<MonotonicTime> sync_at() const;
  bool is_sync_due() const;
  void sync_written();
  /// Reservations that are on the disk count from now on.
  void settle_reservations();
  /// The store is read-only, and what is held or synced has failed.
  void fail(const Error& why);
  void fail_all(HeldBatches& group);
  void give_back_gapless(std::span<const Done> failed);
  /// So much is not in flight any more.
  void finished(std::size_t cost);

  const Options options_;
  Journal& journal_;
  CommitObserver& observer_;
  const Clock& clock_;
  CommitSink* const sink_;

  std::mutex mutex_;
  std::condition_variable work_;
  Inbox inbox_;
  BatchMemory given_back_;  // for whoever submits next
  bool sleeping_ = false;
  bool stopping_ = false;
  std::deque<Status> syncs_ended_;  // what the syncer said, until the committer has heard it
  std::thread thread_;
  std::unique_ptr<Syncer> syncer_;  // while there is the thread

  std::atomic<std::size_t> bytes_in_flight_{0};
  std::atomic<std::uint64_t> groups_finished_{0};
  std::atomic<bool> healthy_{true};

  // The committer's thread only.
  GroupNo next_group_{1};
  SequenceTable sequences_;
  absl::flat_hash_set<StreamId> gapless_;
  Inbox in_hand_;
  HeldBatches held_;
  bool hurry_ = false;              // what is held is written at the next moment
  std::deque<Flying> flying_;       // in the journal
  std::size_t syncs_begun_ = 0;     // the last so many of them: of their syncs nothing has been heard
  std::deque<HeldBatches> spares_;  // empty, with their memory
  BatchMemory spent_;
  std::vector<Appended> appended_;                      // of the batch that is being sequenced
  std::vector<std::pair<StreamId, Seq>> reservations_;  // made by what is held
  struct Reservation {
    GroupNo group;
    StreamId stream;
    Seq bound;
  };
  std::deque<Reservation> unsettled_;  // written, not known to be synced
  /// What is written has to be synced by then, or earlier; the end of time: when somebody else needs it;
  /// nothing: it is.
  std::optional<MonotonicTime> sync_by_;
  GroupEncoder encoder_;
  Error failure_;  // why the store is read-only
};

}  // namespace hermod::store
