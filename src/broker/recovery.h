#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/result.h"
#include "broker/options.h"
#include "broker/retained_read.h"
#include "queue/queue_records.h"
#include "queue/queue_window.h"
#include "retain/retained_index.h"
#include "session/records.h"
#include "session/session_directory.h"
#include "store/committer.h"
#include "store/read_view.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

/// What a start found in the store.
struct Recovered {
  std::uint64_t sessions = 0;
  std::uint64_t subscriptions = 0;
  std::uint64_t queued_messages = 0;
  std::uint64_t remaining_messages = 0;  ///< of sessions that have ended, for others of their groups
  std::uint64_t exchanges = 0;           ///< QoS 2 identifiers that clients or we still hold
  std::uint64_t retained_messages = 0;
  std::uint64_t orphans = 0;  ///< records of sessions that had ended, erased now
  std::uint64_t damaged = 0;  ///< records that could not be read, left where they are and logged
};

/// Brings back what the store holds: sessions with their subscriptions, queues and exchanges, and retained
/// messages. Runs once, on the starting thread, before any other one; then it is thrown away.
class Recovery {
 public:
  struct Parts {
    const Options& options;
    topic::SubscriptionIndex& subscriptions;
    retain::RetainedIndex& retained;
    session::SessionDirectory& directory;
    store::Committer& committer;
    std::size_t shards;
    WallTime now;
  };
  /// What lives on the shards from now on.
  struct Living {
    struct Home {
      ShardId shard;
      std::unique_ptr<session::Session> session;
      std::vector<RetainedRead> retained_reads;  ///< that were not finished
    };
    /// The queue of a session that has ended, whose messages were being handed to others.
    struct Remains {
      ShardId shard;
      SessionId ended;
      queue::QueueWindow queue;
    };
    /// A message of a named queue that a session has at QoS 2; the sequence is that of the session's stream.
    /// It stays in the store until the owner of its queue has decided about it.
    struct Claim {
      SessionId session;
      Seq seq;
      queue::ClaimRecord record;
    };
    std::vector<Home> sessions;
    std::vector<Remains> remains;
    std::vector<Claim> claims;
    /// What is reserved of the streams of named queues, whose kind QueueStart knows.
    std::vector<std::pair<StreamId, Seq>> reserved;
  };
  /// Told how far it is, about ten times a second; for systemd's status line.
  using Progress = std::function<void(const Recovered&)>;

  Recovery(const Parts& parts, store::ReadView& view, Progress progress)
      : parts_(parts), view_(view), progress_(std::move(progress)) {}

  /// Errors: Io of the store. Damaged records are counted and logged, and everything else goes on.
  Result<Recovered> run(Living& living);
  /// The number of this start: higher than at every start before.
  std::uint64_t epoch() const { return epoch_; }

 private:
  struct Waiting {
    Seq first;  ///< the entries that wait are from here
    Seq last;   ///< up to here,
    queue::Amount amount;
    void add(Seq seq, std::size_t size);
  };
  /// What is left of a session that has ended: the broker stopped while others got its messages.
  struct Remains {
    Seq next;
    Waiting waiting;
  };
  struct Loaded {
    std::unique_ptr<session::Session> session;
    std::vector<RetainedRead> retained_reads;
    bool was_online = false;
    Seq sent_before;
    Seq next;            ///< what its queue gives out next
    Seq first_exchange;  ///< 0: there is none
    Seq sent_up_to;      ///< entries below may have reached the client,
    queue::Amount sent;  ///< so many
    /// Deliveries of named queues that the client has to answer, and nobody waits for.
    std::vector<Seq> unanswered;
    bool is_sent(Seq seq);
    /// It can have an exchange beside the one that is first, which it becomes when there is none.
    bool has_packet_id(Seq seq);
    Waiting waiting;
  };

  Status read_epoch();
  Status read_sessions();
  void end_older(SessionId id, const std::string& client_id);
  void end(SessionId older);
  Status read_subscriptions();
  Status read_inbound_ids();
  Status read_streams();
  Status count_entries();
  void count_entry(Loaded& loaded, const store::ReadView::EntryHead& entry);
  void restore_claim(Loaded& loaded, const store::ReadView::EntryHead& entry);
  void count_remaining(SessionId ended, const store::ReadView::EntryHead& entry);
  Status read_in_flight();
  Status restore_unanswered(session::Session& session, Seq own);
  Status read_retained();
  void restore_sent(Loaded& loaded, queue::Entry& entry);
  void hand_over(Living& living);
  Loaded* find(SessionId id);
  void damaged(std::string_view table, const Error& error);
  void orphan(const std::function<void(store::WriteBatch&)>& erase);
  void tell_progress();
  ShardId home_of(SessionId id) const {
    return ShardId{static_cast<std::uint16_t>(static_cast<std::uint32_t>(id.v) % parts_.shards)};
  }

  const Parts parts_;
  store::ReadView& view_;
  const Progress progress_;
  Recovered found_;
  std::uint64_t epoch_ = 0;
  std::uint64_t since_progress_ = 0;
  absl::flat_hash_map<SessionId, Loaded> sessions_;
  absl::flat_hash_map<SessionId, Remains> remains_;
  std::vector<Living::Claim> claims_;
  std::vector<std::pair<StreamId, Seq>> reserved_;
  store::WriteBatch cleaning_;
};

}  // namespace hermod::broker
