#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/container/node_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "queue/property_filter.h"
#include "queue/queue_catalog.h"
#include "queue/queue_effect.h"
#include "queue/queue_window.h"
#include "wire/types.h"

namespace hermod::session {

/// A session as consumer of one named queue.
struct QueueConsumer {
  queue::NamedQueuePtr queue;
  queue::AttachmentNo attachment{};  ///< of the connection it has, or had; zero: it was never attached
  bool is_attached = false;
  wire::QoS qos{};
  queue::PropertyFilter filter{};            ///< nothing else is sent, also of what was lent before it
  std::vector<std::uint32_t> identifiers{};  ///< of its subscriptions
  std::uint64_t taken = 0;                   ///< deliveries that came since it was attached
  std::uint64_t limit = 0;                   ///< so many may come
  std::uint32_t held = 0;                    ///< of those, what has not ended
  bool has_no_credit = false;  ///< it has handed something back: its owner lends nothing until the next grant
};

/// A delivery of a named queue that waits until the connection has room for it.
struct QueueDelivery {
  QueueId queue;
  queue::Deliver it;
};

/// What a session has of named queues: where it consumes, what it was lent, and what is with its client. The
/// rule of credit is here: a queue lends no more than the connection can take. Owned by its session, touched
/// by its shard; most sessions have none.
class QueueConsumers {
 public:
  /// A delivery that was sent with a packet identifier, until the client answers.
  struct Sent {
    QueueId queue;
    queue::AttachmentNo attachment;
    queue::LeaseId lease;
    Seq entry;
    bool is_settled = false;  ///< the owner has been told how it ended; the client says nothing new
    bool is_nacked = false;   ///< the owner knows that it is refused; PUBACK or PUBREC is still to come
    bool is_ended = false;    ///< the end of its claim is durable,
    bool is_entry = false;    ///< which left the exchange open: it goes on as that of an entry of the session
    /// At QoS 2 with a durable session: what is sent again on the next connection. Its claim is in the store,
    /// under the session's own sequence.
    std::unique_ptr<queue::Deliver> claimed{};
  };

  /// The consumer of that queue; null when there is none.
  QueueConsumer* find(QueueId queue);
  QueueConsumer& add(queue::NamedQueuePtr queue);
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [id, consumer] : consumers_) visit(consumer);
  }

  /// A new connection, or a new subscription on the same: nothing of the stay before is meant any more.
  void attach(QueueConsumer& consumer);

  /// A delivery came. False: it is of another stay, or none, and is not for this connection.
  bool take(QueueDelivery&& delivery);
  /// The oldest that waits; null: none.
  const QueueDelivery* next_waiting() const { return waiting_.empty() ? nullptr : &waiting_.front(); }
  /// It went out, or will not. `ended`: nothing more comes of it.
  void pop_waiting(bool ended);
  std::size_t waiting() const { return waiting_.size(); }
  /// Called back, or handed back for another reason: it has not been sent, and is not to be. Nothing: it does
  /// not wait here.
  bool call_back(QueueId queue, queue::LeaseId lease);
  /// The same for all that a queue has lent.
  std::vector<queue::LeaseId> call_back_all(QueueId queue);

  /// It went out under the packet identifier of this sequence of the session's own.
  void sent(Seq own, const QueueDelivery& delivery);
  /// The exchange is over.
  std::optional<Sent> finish(Seq own);
  Sent* find_sent(Seq own);
  /// What was delivered last as this entry of the queue, if the client has not answered yet. Entry 0: as any,
  /// and the oldest of them.
  Sent* find_sent(QueueId queue, Seq entry);
  /// The connection is gone: the sequences of what was with the client and has no claim, or none any more.
  /// Nothing is left but the claims and the numbers.
  struct Left {
    std::vector<Seq> with_client;
    std::deque<QueueDelivery> waiting;  ///< for the caller to hand back
  };
  Left disconnect();

  // QoS 2 of a durable session: first the claim is stored, then the message is sent.

  void begin_claim(QueueId queue);
  /// The claim could not be stored: the delivery is handed back.
  void claim_failed(QueueId queue);
  /// It is, under this sequence. Also at a start, with `begun` false.
  void claimed(Seq own, QueueDelivery delivery, bool begun = true);
  /// At a start: its client has still to answer it, and its queue waits for that no longer.
  void restore_unanswered(Seq own, QueueDelivery delivery);
  /// Stored and not sent yet, the oldest first.
  std::optional<Seq> next_claimed() const;
  void claim_sent() { to_send_.pop_front(); }
  /// It is not to be sent any more. False: it was.
  bool forget_unsent(Seq own);
  std::size_t claims_on_their_way() const { return claiming_ + to_send_.size(); }
  void add_claim_owner(QueueId queue) { claim_owners_.insert(queue); }
  /// Queues whose owners may know a claim of this session.
  const absl::flat_hash_set<QueueId>& claim_owners() const { return claim_owners_; }

  // PUBREL goes out in the order of the PUBRECs. [MQTT-4.6.0-4]

  void owe_pubrel(Seq own);
  bool owes_pubrels() const { return !owed_pubrels_.empty(); }
  /// It may leave. What may leave now, in order; itself, when it is not owed.
  std::vector<Seq> pubrel_ready(Seq own);

  /// Of so many exchanges that the connection may have what each consumer that needs them may have: they
  /// share them, so that a queue that is empty keeps nothing from one that is not. Costs a look at each
  /// consumer.
  std::uint64_t share_of(std::uint64_t quota) const;
  /// What the owner should be told: the consumer takes so many in all. Nothing: no news. `left`: exchanges
  /// that nothing uses.
  std::optional<std::uint64_t> grant(QueueConsumer& consumer, std::uint64_t share, std::uint64_t left) const;

  /// Sequences of the session's stream that nobody else has.
  std::optional<Seq> next_sequence() const;
  void use_sequence() { ++sequences_from_; }
  std::uint64_t sequences_left() const { return sequences_to_ - sequences_from_; }
  void give_sequences(Seq first, std::uint32_t count);
  /// Those that are left are too old beside `next`, which the session's queue gives out next: packet
  /// identifiers of both could meet.
  void drop_old_sequences(Seq next);
  bool is_asking_for_sequences = false;

 private:
  absl::node_hash_map<QueueId, QueueConsumer> consumers_;
  QueueConsumer* last_found_ =
      nullptr;  ///< of these: each delivery asks some times, and most sessions have one
  std::deque<QueueDelivery> waiting_;
  absl::flat_hash_map<Seq, Sent> sent_;
  std::deque<Seq> to_send_;
  std::size_t claiming_ = 0;
  absl::flat_hash_set<QueueId> claim_owners_;
  std::deque<std::pair<Seq, bool>> owed_pubrels_;
  std::uint64_t last_attachment_ = 0;
  std::uint64_t sequences_from_ = 0;
  std::uint64_t sequences_to_ = 0;
};

}  // namespace hermod::session
