#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/admission.h"
#include "queue/dedup_window.h"
#include "queue/dispatcher.h"
#include "queue/due_index.h"
#include "queue/lanes.h"
#include "queue/moment.h"
#include "queue/property_filter.h"
#include "queue/queue_definition.h"
#include "queue/queue_effect.h"
#include "queue/queue_window.h"
#include "queue/token_bucket.h"

namespace hermod::queue {

/// The rules of one named queue put together: what comes in, who gets it, what becomes of it. Decides and
/// remembers; what is to be sent and stored it says in effects, which the caller takes and carries out in
/// their order. Everything it knows about messages can be built again from what was stored.
///
/// Owned by the shard that owns the queue, touched by its thread; lives as long as the queue. Holds the
/// entries it was given. What it is told about time goes forward on the steady clock.
class QueueGroup {
 public:
  /// Precondition: check(definition).
  QueueGroup(QueueDefinition definition, Moment now);

  // What comes in. Sequences rise.

  Admission admit(const Arrival& arrival, Moment now);
  /// The batch of the admission is durable: the entry is in, its evictions are gone. Also for one that
  /// nobody asked about, with its arrival. Who waits for it, because his was a duplicate, has success.
  std::vector<WaiterId> on_stored(AdmissionId id, Seq seq, Moment now);
  void on_stored(const Arrival& arrival, Seq seq, Moment now);
  /// It is not, or is withdrawn: nothing has changed. Who waits for it fails with it.
  std::vector<WaiterId> on_failed(AdmissionId id, Moment now);

  // What a start finds in the store, before anything else: entries in their order, identifiers in theirs.

  void restore(Seq seq, QueueEntry entry, const std::optional<DeliveryState>& state, Moment now);
  void restore_message_id(std::uint64_t number, std::string_view id, WallTime admitted_at);
  /// All claims that the sessions have, behind the entries and in any order: each entry is with a QoS 2
  /// consumer that is not connected yet. Decides whatever it finds, because a start cannot ask.
  RestoredClaims restore_claims(std::vector<Claim> claims);
  /// That was all: what was to happen when the broker ended happens now.
  void resume(Moment now);

  // Who takes messages.

  struct ConsumerOptions {
    wire::QoS qos = wire::QoS::AtLeastOnce;
    std::uint32_t prefetch = 32;  ///< the lower of max_inflight and Receive Maximum, at least 1
    PropertyFilter filter;
  };
  /// A consumer is connected. Precondition: it is not.
  void join(ConsumerId id, ConsumerOptions options, Moment now);
  /// Its connection is lost: what it has at QoS 1 goes back, what it has at QoS 2 stays with it.
  void disconnect(ConsumerId id, Moment now);
  /// It will not come back: everything it has goes back. Connected or not; nothing happens if it is unknown.
  /// Precondition: the end of its session is durable, and with it that of its claims.
  void leave(ConsumerId id, Moment now);
  /// A paused consumer gets nothing: its output is full. Precondition: it is connected.
  void set_paused(ConsumerId id, bool paused, Moment now);

  enum class Settled : std::uint8_t {
    Now,
    Late,    ///< the lease had timed out; only its place in the prefetch is free again
    Unknown  ///< there is no such lease, or no longer
  };
  /// A delivery ended. At QoS 2 with PUBREC. `retry_after` is the consumer's wish.
  Settled settle(LeaseId lease, Outcome outcome, std::optional<std::chrono::seconds> retry_after, Moment now);

  /// What was wanted of the store for this entry is durable: EraseEntry, PutDeliveryState or
  /// MoveToDeadLetters. Until then the entry keeps its room and goes to nobody. A batch that failed is not
  /// told; it is made again, before anything newer of this queue. Precondition: one of these was wanted and
  /// has not been told.
  void on_settled(Seq seq, Moment now);

  // Time and operators.

  /// Does what is due.
  void advance(Moment now);
  /// When advance() has something to do next.
  std::optional<MonotonicTime> next_due(Moment now) const;
  void set_paused(bool paused, Moment now);
  /// Everything leaves that no consumer has.
  void purge(Moment now);

  std::vector<QueueEffect> take_effects() { return std::exchange(effects_, {}); }
  bool has_effects() const { return !effects_.empty(); }

  const QueueDefinition& definition() const { return definition_; }
  /// Entries as the store has them, and what is admitted and not stored yet; never above the limits.
  const Amount& amount() const { return amount_; }
  /// What leaves is one until it has left.
  std::size_t entries() const { return items_.size(); }
  std::size_t leases() const { return leases_.size(); }

 private:
  struct Item {
    MessagePtr message;
    std::vector<Death> deaths{};
    WallTime expires_at = Message::kNever;
    std::uint32_t deliveries = 0;
    bool has_state = false;
    bool is_leaving = false;   ///< for an admission that is not settled
    bool is_settling = false;  ///< the store has not made yet what was decided about it
    bool is_gone = false;      ///< by that
    LeaseId lease{};           ///< zero: nobody has it
    LeaseId ended_claim{};     ///< goes with the next change
  };
  struct Pending {
    QueueEntry entry;
    std::uint64_t message_id_number = 0;
    std::vector<Seq> evictions{};
    Amount reserved{};  ///< beyond what the evictions had
    std::vector<WaiterId> waiters{};
  };
  struct Lease {
    ConsumerId consumer;
    Seq seq;
    bool is_claim = false;   ///< it is stored with the consumer's session
    bool timed_out = false;  ///< timed out; the client has not answered yet
    bool may_time_out = false;
    MonotonicTime deadline{};
    std::list<LeaseId>::iterator in_timeouts{};  ///< if it may time out
  };
  struct Consumer {
    ConsumerOptions options;
    bool is_connected = false;
    absl::btree_set<LeaseId> leases;
  };
  struct Next {
    Seq seq;
    ConsumerId consumer;
  };

  // admission
  std::optional<Admission> answer_duplicate(const Arrival& arrival, Moment now);
  bool make_room(std::uint64_t size, std::vector<Seq>& leaving) const;
  Amount amount_of(const std::vector<Seq>& entries) const;
  bool fits(const Amount& more) const;
  std::vector<Seq> replaced_by(std::string_view key) const;
  Eviction evict(Seq seq, Removal why, Moment now);
  static bool may_leave(const Item& item) {
    return item.lease.v == 0 && !item.is_leaving && !item.is_settling;
  }
  Pending take_pending(AdmissionId id);
  void stay(Seq seq);
  void add(Seq seq, QueueEntry entry);
  void watch_expiry(Seq seq);
  void drop_replaced(Seq newest);

  // delivery
  void pump(Moment now);
  std::optional<Next> choose() const;
  std::optional<ConsumerId> consumer_for(LaneNo lane, Seq seq) const;
  bool accepts(ConsumerId id, Seq seq) const;
  static bool is_choosy(const ConsumerOptions& options);
  void lend(const Next& next, Moment now);
  void requeue_all(ConsumerId id, bool keep_claims, Moment now);
  LeaseId claim(const Claim& it);

  // settlement
  void end_lease(LeaseId id, Outcome outcome, std::optional<std::chrono::seconds> retry_after, Moment now);
  void forget_lease(LeaseId id);
  void try_again(Seq seq, Outcome outcome, std::chrono::milliseconds pause, Moment now);
  bool has_newer(Seq seq) const;
  void die(Seq seq, DeathReason reason, Moment now);
  QueueEntry dead_entry(Seq seq, DeathReason reason, Moment now) const;
  void remove(Seq seq, Removal why);
  void begin_end(Seq seq);
  void drop_item(Seq seq);

  // time
  void end_overdue(Moment now);
  void wake_retries(Moment now);
  void drop_expired(Moment now);
  void forget_message_ids(Moment now);

  Item& item(Seq seq) const;

  const QueueDefinition definition_;
  const std::string dead_letter_target_;
  Lanes lanes_;
  Dispatcher dispatcher_;
  std::optional<TokenBucket> rate_in_;
  std::optional<TokenBucket> rate_out_;
  DedupWindow message_ids_;

  absl::btree_map<Seq, std::unique_ptr<Item>> items_;
  absl::flat_hash_map<AdmissionId, Pending> pending_;
  absl::flat_hash_map<std::uint64_t, AdmissionId> pending_message_ids_;
  absl::flat_hash_map<LeaseId, Lease> leases_;
  absl::flat_hash_map<ConsumerId, Consumer> consumers_;
  Amount amount_;

  std::list<LeaseId> ack_timeouts_;  ///< of the leases that may time out, by their deadlines
  DueIndex<MonotonicTime, Seq> retries_;
  DueIndex<WallTime, Seq> expiries_;

  std::vector<QueueEffect> effects_;
  std::size_t choosy_ = 0;  ///< connected consumers that do not take everything
  std::uint64_t last_admission_ = 0;
  std::uint64_t last_lease_ = 0;
  bool is_paused_ = false;
};

}  // namespace hermod::queue
