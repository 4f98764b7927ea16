#pragma once
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "base/ids.h"
#include "base/result.h"
#include "broker/left_message.h"
#include "broker/publish_ref.h"
#include "broker/queue_message.h"
#include "queue/admission.h"
#include "queue/delayed_index.h"
#include "queue/delayed_records.h"
#include "queue/group_filters.h"
#include "queue/property_filter.h"
#include "queue/queue_catalog.h"
#include "queue/queue_definition.h"
#include "queue/queue_effect.h"
#include "queue/queue_window.h"
#include "queue/sequence_watch.h"
#include "queue/transaction_records.h"
#include "session/queue_consumers.h"
#include "session/subscriptions.h"
#include "store/committer.h"
#include "topic/subscription.h"
#include "wire/types.h"

namespace hermod::broker {

/// One receiver of a message that goes through the committer.
struct CommitTarget {
  SessionId session;
  queue::Delivery delivery;
  bool durable = false;  ///< has an append in the batch, and its sequence is in the result, in target order
};

/// One named queue that gets a message through the committer; it has an append of its own in the batch,
/// behind those of the sessions, and room for it.
struct CommitQueue {
  queue::NamedQueuePtr queue;
  queue::QueueEntry entry;
  queue::AdmissionId admission{};  ///< zero: its owner was not asked, and its room is taken
  bool is_told = false;            ///< its owner has it since it has a sequence, and `entry` with it
};

/// Nearly always one.
using CommitQueues = absl::InlinedVector<CommitQueue, 1>;

/// A queue wants to hear of a producer's number when the message is stored.
struct NumberedFor {
  QueueId queue;
  std::unique_ptr<queue::NumberedMessage> message;
};

/// A PUBLISH waits for its commit: then it is acknowledged and delivered.
struct PublishCommit {
  wire::PacketId packet_id{};
  wire::QoS qos = wire::QoS::AtMostOnce;
  queue::MessagePtr message;
  std::vector<CommitTarget> targets;
  CommitQueues queues{};
  bool matched = false;               ///< somebody subscribed; else 0x10
  bool retain = false;                ///< becomes the retained message of its topic, or clears it
  std::uint64_t retained_number = 0;  ///< of its record
  queue::WaiterId round{};            ///< zero: it alone decides what the publisher is answered
  std::unique_ptr<PublishRef> ref{};  ///< null: its publisher does not ask
  std::unique_ptr<queue::DelayedMessage> delayed{};    ///< it is published later; null: it is published
  Seq due{};                                           ///< the delayed message that it was; zero: none
  std::unique_ptr<queue::PreparedMessage> prepared{};  ///< it is part of a transaction; null: it is not
  std::vector<NumberedFor> numbered{};
  LeftMessages left{};  ///< for its sake, or itself
  ControlId control{};  ///< commands that are carried out behind it; zero: there are none
};
/// A QoS 2 PUBLISH that was seen before waits for what is pending: then PUBREC.
struct PublishSeenAgain {
  wire::PacketId packet_id{};
};
/// A PUBREL waits until the inbound identifier is erased: then PUBCOMP.
struct InboundReleased {
  wire::PacketId packet_id{};
  bool again = false;  ///< the erase itself is in an earlier batch
};
/// A PUBREC waits until the entry is marked released: then PUBREL.
struct OutboundReleased {
  Seq seq;
  bool again = false;  ///< the mark itself is in an earlier batch
};
/// An answer that needs no commit of its own waits for those that were asked for before it. [MQTT-4.6.0-2]
/// [MQTT-4.6.0-3] [MQTT-4.6.0-4]
struct AnswerLater {
  wire::PacketType type{};
  wire::PacketId packet_id{};
  wire::ReasonCode reason = wire::ReasonCode::Success;
  std::string why{};          ///< for the Reason String; may be empty
  bool ends_publish = false;  ///< the client's PUBLISH ends with it: its quota is free again
};
/// Finished exchanges wait until their entries are erased: then their packet identifiers are free.
struct EntriesErased {
  std::vector<Seq> sequences;
};
/// One filter of a SUBSCRIBE or UNSUBSCRIBE and what it was granted.
struct SubscriptionRequest {
  std::string filter;
  wire::ReasonCode reason = wire::ReasonCode::Success;
  topic::SubscriptionOptions options;
  wire::RetainHandling retain_handling = wire::RetainHandling::SendAtSubscribe;
  std::uint32_t number = 0;                     ///< of its record; 0 when there is none
  bool retained_due = false;                    ///< its record says so
  std::vector<queue::NamedQueuePtr> creates{};  ///< queues that are made for it, their records in its batch,
  queue::QueueCatalog::Hold hold{};             ///< and whose names are held until they are there
  QueueId stream{};                             ///< that it reads,
  std::optional<queue::StreamPosition> position{};  ///< from here on
  queue::NamedQueuePtr group{};                     ///< the consumer group that it joins
  queue::PropertyFilter takes{};                    ///< of a queue or a stream
  std::unique_ptr<session::SubscriptionWish> wish{};

  session::SubscriptionWish& make_wish() {
    if (!wish) wish = std::make_unique<session::SubscriptionWish>();
    return *wish;
  }
};
/// SUBSCRIBE or UNSUBSCRIBE of a durable session: then the index changes and the ack leaves.
struct SubscriptionsStored {
  wire::PacketId packet_id{};
  bool unsubscribe = false;
  std::vector<SubscriptionRequest> requests;
  std::string why{};  ///< for the Reason String, when something was refused; may be empty
};
/// CONNECT of a durable session, or of one in whose place there was one: then CONNACK.
struct SessionStored {
  bool session_present = false;
  Seq sent_before{};  ///< of the record
};
/// Retained messages read for a subscriber leave behind every commit that began before.
struct RetainedBarrier {
  std::uint64_t last_read = 0;  ///< the number of the connection's last one that was planned with it
};
/// A session of a shared group has ended, and messages that were matched for it before may still come.
struct RemainsBarrier {
  SessionId ended;
  bool again = false;  ///< those that came were drawn again before it
};
/// The queue of a session that has ended is erased.
struct RemainsErased {
  SessionId ended;
};
/// What a named queue has decided about its entries. Dead letters are in the batch as appends, in this order.
struct QueueSettled {
  QueueId queue;
  CommitQueues dead_letters{};
  std::vector<Seq> refused{};  ///< dead letters for which there was no room
  std::vector<queue::EndedClaim> claims{};
};
/// Queues are made by a command; their records are in the batch.
struct QueuesMade {
  ControlId asker;
  std::vector<queue::NamedQueuePtr> planned;
};
/// The owner of a queue has recorded what a command changes in it.
struct QueueRecorded {
  QueueId queue;
  /// Not empty: the command could not be carried out after all, and the record is the old one again.
  std::optional<Error> undone{};
};
/// A queue is deleted when nobody publishes into it any more without asking its owner.
struct QueueBarrier {
  QueueId queue;
};
/// The store knows that a queue is being deleted: from now on a start ends what a crash interrupts.
struct QueueEndRecorded {
  QueueId queue;
};
/// Nothing is left of a queue.
struct QueueErased {
  QueueId queue;
};
/// Messages went from one queue to others. They are in the batch as appends, in this order.
struct MessagesMoved {
  QueueId from;
  CommitQueues queues;
  LeftMessages left{};
};
/// A command has cancelled delayed messages.
struct DelayedCancelled {
  std::vector<std::pair<Seq, queue::DelayedIndex::Place>> messages{};
};
/// A transaction ends: what its messages become is in the batch, in this order, and then the record of the
/// end.
struct TransactionEnded {
  std::string id;
  queue::TransactionOutcome outcome{};
  std::vector<PublishCommit> publications{};
  std::uint32_t messages = 0;
  LeftMessages expired{};  ///< of those, and published to nobody
  Seq record{};            ///< of the end
};
/// A claim is to be stored: then the delivery may be sent at QoS 2.
struct ClaimMade {
  session::QueueDelivery delivery;
  Seq own{};  ///< of the claim, in the session's stream; zero: it has none
};
/// Sequences of a session's stream for packet identifiers of what named queues deliver.
struct SequencesTaken {
  std::uint32_t count = 0;
  Seq first{};  ///< zero: there are none
};
/// Entries that a stream does not keep any more have left the store.
struct StreamTrimmed {
  QueueId queue;
};
/// Where a consumer group of a stream stands is recorded.
struct GroupRecorded {
  QueueId group;
  std::uint64_t revision = 0;  ///< of its position
  bool is_erased = false;      ///< its record is gone
};
/// A record was written and nobody waits for it.
struct Recorded {
  Seq sent_before{};                            ///< of a session's record
  std::unique_ptr<store::WriteBatch> erases{};  ///< tried again until it is durable; null: there are none
  SessionId ended{};                            ///< the session that is gone with it,
  std::vector<QueueId> claim_owners{};          ///< and who has to hear of that
  std::optional<QueueId> forgotten{};           ///< the queue whose last subscriptions here are gone with it
  std::vector<queue::GroupFilters::Hold> group_filters{};  ///< of that session's subscriptions: until then
};

/// How the committer may treat a batch; see store::Submission.
struct CommitNeeds {
  bool may_wait = false;
  bool sync = true;
  std::optional<store::Flush> flush{};
  store::Taking taking{};
};

/// What a shard wants done when its batch is durable. State belongs to the session, acks belong to the
/// connection: `connection` is the one that asked, and only it is answered.
class CommitTicket final : public store::Ticket {
 public:
  using Work =
      std::variant<PublishCommit, PublishSeenAgain, InboundReleased, OutboundReleased, AnswerLater,
                   EntriesErased, SubscriptionsStored, SessionStored, RetainedBarrier, RemainsBarrier,
                   RemainsErased, QueueSettled, QueuesMade, QueueRecorded, QueueBarrier, QueueEndRecorded,
                   QueueErased, MessagesMoved, DelayedCancelled, TransactionEnded, ClaimMade, SequencesTaken,
                   StreamTrimmed, GroupRecorded, Recorded>;

  CommitTicket(ShardId home_shard, std::optional<ConnectionId> asked_by, SessionId concerned)
      : home(home_shard), connection(asked_by), session(concerned) {}
  /// Every ticket is answered, one way or the other.
  ~CommitTicket() override { HERMOD_ASSERT(answered_); }

  /// The same once more, for other work. Precondition: it was answered.
  void begin(std::optional<ConnectionId> asked_by, SessionId concerned) {
    HERMOD_ASSERT(answered_);
    connection = asked_by;
    session = concerned;
    bytes = 0;
    answered_ = false;
  }
  void answered() {
    HERMOD_ASSERT(!answered_);
    answered_ = true;
  }

  const ShardId home;
  std::optional<ConnectionId> connection;
  SessionId session;      ///< 0 when no session is concerned
  std::size_t bytes = 0;  ///< it holds in memory until it is answered
  Work work;

 private:
  bool answered_ = false;
};

}  // namespace hermod::broker
