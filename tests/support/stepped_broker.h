#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/counters.h"
#include "broker/address_limits.h"
#include "broker/commit_fanout.h"
#include "broker/options.h"
#include "broker/queue_ids.h"
#include "broker/recovery.h"
#include "queue/delayed_room.h"
#include "queue/queue_catalog.h"
#include "queue/transaction_numbers.h"
#include "retain/retained_index.h"
#include "session/session_directory.h"
#include "store/committer.h"
#include "store/memory_journal.h"
#include "tests/support/fake_transport.h"
#include "tests/support/manual_clock.h"
#include "tests/support/page_desk.h"
#include "tests/support/stream_store.h"
#include "tests/support/temporary_store.h"
#include "topic/subscription_index.h"

namespace hermod::broker {
class Shard;
}

namespace hermod::test {

/// The whole broker without threads, sockets and disk: the parts of broker::Broker, put together in the same
/// order, each stepped by the test. What happens, and in which order, is the test's choice alone.
class SteppedBroker {
 public:
  /// What is there before a broker starts and after it has crashed.
  struct Ground {
    ManualClock& clock;
    Counters& counters;  ///< with one block more than there are threads
    TemporaryStore& store;
  };

  /// `options.threads` shards. Without a journal of the test's own everything is durable at once.
  explicit SteppedBroker(broker::Options options, store::Journal* journal = nullptr);
  /// The same over a store on disk, whose contents are recovered. `options.threads` is not 0.
  SteppedBroker(broker::Options options, const Ground& ground);
  SteppedBroker(const SteppedBroker&) = delete;
  SteppedBroker& operator=(const SteppedBroker&) = delete;
  /// Answers every ticket that is still out. For a crash the power is cut before, and the peers have lost it.
  ~SteppedBroker();

  ManualClock& clock() { return clock_; }
  std::size_t shard_count() const { return shards_.size(); }
  broker::Shard& shard(std::size_t index) { return *shards_[index]; }
  broker::ShardMailbox& mailbox(std::size_t index) { return *mailbox_list_[index]; }
  store::Committer& committer() { return *committer_; }
  session::SessionDirectory& directory() { return directory_; }
  topic::SubscriptionIndex& subscriptions() { return subscriptions_; }
  retain::RetainedIndex& retained() { return retained_; }
  queue::QueueCatalog& queues() { return queues_; }
  const queue::DelayedRoom& delayed() const { return delayed_; }
  const queue::TransactionNumbers& transactions() const { return transactions_; }
  std::uint64_t counted(Counter counter) const { return counters_.total(counter); }
  const broker::Options& options() const { return options_; }
  /// What the start found in the store.
  const broker::Recovered& recovered() const { return recovered_; }
  const std::vector<broker::Recovery::Living::Claim>& claims() const { return claims_; }

  /// A new connection that shard `index` has accepted.
  std::shared_ptr<FakePeer> connect(std::size_t index);
  /// Timers of one shard, and transports that go on reading after a pause.
  void run_timers(std::size_t index) { loops_[index]->run_timers(); }
  /// When the first of them is due.
  std::optional<MonotonicTime> next_timer(std::size_t index) { return loops_[index]->timers().next_due(); }
  /// The second half of a shard's tick: its own work, then its output. True when it has more to do at once.
  bool step(std::size_t index);
  /// Everything that waits for the committer becomes durable, or fails, but for what `store.elide_wait` lets
  /// it hold; false when nothing waited.
  bool commit() { return committer_->run_once(); }

  /// The store has no room for what may be refused, or has it again. Not over a store on disk.
  void set_full(bool full) { streams_->set_full(full); }

  /// What shards read of their queues: pages are given when the test says so.
  PageDesk& pages() { return *pages_; }

  /// Transports read, shards step, the committer commits, pages are read, until nothing is left to do. The
  /// clock stands still.
  void settle();
  /// The same without the committer and without pages.
  void settle_shards();
  /// The clock moves in steps no longer than `resolution`; after each one everything settles.
  void pass(std::chrono::nanoseconds time,
            std::chrono::nanoseconds resolution = std::chrono::milliseconds{100});
  bool has_commits_in_flight() const;
  /// Records of sessions could not be written, and were not written again yet.
  bool owes_records() const;

 private:
  SteppedBroker(broker::Options options, store::Journal* journal, const Ground* ground);
  void build_committer(store::Journal* journal, TemporaryStore* disk);
  std::uint64_t recover(TemporaryStore& disk, broker::Recovery::Living& living);
  void build_shards(TemporaryStore* disk);
  bool poll_transports();
  bool run_shards();

  const broker::Options options_;
  ManualClock own_clock_;
  ManualClock& clock_;
  Counters own_counters_;
  Counters& counters_;
  topic::SubscriptionIndex subscriptions_;
  retain::RetainedIndex retained_;
  session::SessionDirectory directory_;
  queue::QueueCatalog queues_;
  broker::QueueIds queue_ids_;
  queue::DelayedRoom delayed_;
  queue::TransactionNumbers transactions_;
  std::atomic<std::uint32_t> connections_{0};
  broker::AddressLimits addresses_;
  store::MemoryJournal memory_journal_;
  std::vector<std::unique_ptr<broker::ShardMailbox>> mailboxes_;
  std::vector<broker::ShardMailbox*> mailbox_list_;
  std::unique_ptr<PageDesk> pages_;
  StreamStore* streams_ = nullptr;  ///< which it is without a store on disk
  std::unique_ptr<broker::CommitFanout> fanout_;
  std::unique_ptr<store::Committer> committer_;
  std::vector<std::unique_ptr<FakeLoop>> loops_;
  std::vector<std::unique_ptr<broker::Shard>> shards_;
  std::vector<std::weak_ptr<FakePeer>> peers_;
  broker::Recovered recovered_;
  std::vector<broker::Recovery::Living::Claim> claims_;
  bool posted_ = false;  ///< something came into an empty mailbox
};

}  // namespace hermod::test
