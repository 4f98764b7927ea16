#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "store/checkpoint_due.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/memtable.h"
#include "store/message_counts.h"
#include "store/options.h"
#include "store/room.h"
#include "store/segment_journal.h"

namespace hermod::store {

/// Brings the tables up to date and trims the journal: when enough has been journaled, when enough time has
/// passed, and when asked. Owns its thread and the counts of shared messages; lives as long as the store.
class Checkpointer {
 public:
  struct Numbers {
    std::uint64_t checkpoints = 0;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t last_micros = 0;
  };

  Checkpointer(const Options& options, Memtable& memtable, LmdbTables& tables, SegmentJournal& journal);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Everything applied before the call is in the tables behind it, or the error says why not. Any thread.
  Status run_once();
  void start();
  /// Ends the thread; does not write.
  void stop();
  Numbers numbers() const;
  /// The store refuses what may be refused. Any thread.
  bool full() const { return room_.full(); }

 private:
  void run();
  /// Any thread; told by the memtable.
  void on_growth(Memtable::Growth active);
  /// What the next checkpoint would write.
  CheckpointDue::Waiting waiting() const;
  /// Whether it is worth it now; otherwise says when to look again.
  bool is_due();
  Status write_frozen(const Generation& generation);
  /// Looks at what the tables use, and says so in the log when the store has become full or has room again.
  void measure();
  /// Says in the log when checkpoints begin to fail, and when they go on. `fails`: how it was and is.
  static void tell(const Status& result, bool& fails);
  /// How long nothing is written when little is journaled.
  std::chrono::seconds pause(bool written) const;
  /// Sets when the memtable is large enough to be looked at.
  void look_again();
  void set_look(CheckpointDue::Look look);

  const Options options_;
  Memtable& memtable_;
  LmdbTables& tables_;
  SegmentJournal& journal_;
  Room room_;
  const CheckpointDue due_;

  std::mutex writing_;  // one checkpoint at a time
  MessageCounts counts_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable frozen_;  // the active generation is small again, or nobody will make it so
  bool grown_ = false;
  bool stopping_ = false;
  bool failing_ = false;                // the last checkpoint did not end
  std::atomic<std::uint64_t> look_at_;  // active bytes
  std::atomic<std::uint64_t> look_at_memory_;
  std::thread thread_;
  Numbers numbers_;
};

}  // namespace hermod::store
