#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "queue/control_command.h"
#include "queue/control_result.h"
#include "queue/queue_catalog.h"
#include "queue/queue_effect.h"
#include "queue/queue_group.h"
#include "queue/queue_id.h"
#include "queue/sequence_watch.h"
#include "queue/stream_window.h"

namespace hermod::broker {

/// The shard that owns the queue: nothing on disk depends on how many there are.
inline ShardId owner_of(QueueId queue, std::size_t shards) {
  return ShardId{static_cast<std::uint16_t>(queue::number_of(queue) % shards)};
}

/// The shard that has the delayed messages.
inline constexpr ShardId kDelayedOwner{0};

/// Somebody's command; his shard is in it, as in a WaiterId.
using ControlId = Id<struct ControlTag, std::uint64_t>;

/// The number of whoever waits, a publication or a command: his shard, and a count there.
inline constexpr unsigned kWaiterShardShift = 48;
constexpr std::uint64_t waiter_number(ShardId shard, std::uint64_t count) {
  return std::uint64_t{shard.v} << kWaiterShardShift | count;
}
template <class Waiter>
ShardId shard_of(Waiter waiter) {
  return ShardId{static_cast<std::uint16_t>(waiter.v >> kWaiterShardShift)};
}

/// A command that the owner of the queue carries out. Answered once, by CommandDone.
struct QueueOrder {
  ControlId asker;
  queue::ControlCommand command;
  std::optional<queue::QueueDefinition> wanted{};  ///< what an edit makes of the queue
};

// What the owner of a named queue is told. Whoever consumes is named by the number of his session.

/// A message is durable in the queue; its room is taken.
struct QueueEntryStored {
  Seq seq;
  queue::QueueEntry entry;
};
/// A message that nobody asked about has its sequence, and is not durable; its room is taken. What becomes of
/// it is in one of the next two.
struct QueueEntrySequenced {
  Seq seq;
  queue::QueueEntry entry;
};
/// Of one group: so many of those are durable, and this is the last.
struct QueueEntriesDurable {
  Seq last;
  std::uint64_t count = 0;
};
struct QueueEntryFailed {
  Seq seq;
};
/// Whether this message may come in: AdmissionAnswered goes to its waiter. What was admitted is stored or
/// fails.
struct AskAdmission {
  queue::Arrival arrival;
};
struct AdmissionStored {
  queue::AdmissionId id;
  Seq seq;
};
struct AdmissionFailed {
  queue::AdmissionId id;
};
/// A message that its producer has numbered has come as far as its rules let it.
struct MessageNumbered {
  std::unique_ptr<queue::NumberedMessage> message;
};
/// Its room was taken for a message that has not come, and is free again: nothing else says so.
struct RoomGivenBack {};
struct ConsumerJoined {
  queue::ConsumerId consumer;
  queue::AttachmentNo attachment;
  queue::QueueGroup::ConsumerOptions options;
  ShardId shard;  ///< where its deliveries go
};
struct ConsumerChanged {
  queue::ConsumerId consumer;
  queue::AttachmentNo attachment;
  queue::QueueGroup::ConsumerOptions options;
};
struct ConsumerGranted {
  queue::ConsumerId consumer;
  queue::AttachmentNo attachment;
  std::uint64_t limit = 0;
};
/// It unsubscribed.
struct ConsumerDrained {
  queue::ConsumerId consumer;
  queue::AttachmentNo attachment;
};
struct ConsumerDisconnected {
  queue::ConsumerId consumer;
  queue::AttachmentNo attachment;
};
/// It will not come back, and its claims are gone from the store.
struct ConsumerLeft {
  queue::ConsumerId consumer;
};
/// At QoS 2 of a durable session: its claim is stored, in the session's stream, and it goes out.
struct LeaseClaimed {
  queue::LeaseId lease;
  SessionId session;
  Seq claim;
};
/// What happened to deliveries in one tick, in that order: each was sent without a claim, or has ended as
/// most do.
struct LeaseReport {
  queue::LeaseId lease;
  bool is_done = false;  ///< with Outcome::Done; else it was sent
};
struct LeasesReported {
  std::vector<LeaseReport> reports;
};
struct LeasesUnsent {
  std::vector<queue::LeaseId> leases;
};
/// It was not sent, because the client takes no packet that large; nor any message above `most_bytes`.
struct LeaseTooLarge {
  queue::LeaseId lease;
  std::uint64_t most_bytes = 0;
};
struct LeaseSettled {
  queue::LeaseId lease;
  queue::Outcome outcome{};
  std::optional<std::chrono::seconds> retry_after{};
  bool is_exchange_open = false;  ///< PUBACK or PUBREC is still to come
  bool is_expected = false;       ///< and this is it
};

struct AskCommand {
  std::unique_ptr<QueueOrder> order;
};
/// A shard has ended the subscriptions to a queue that is deleted, and the store knows.
struct SubscribersForgotten {};

/// For the shard that owns the queue.
struct ToQueue {
  using Message = std::variant<QueueEntryStored, QueueEntrySequenced, QueueEntriesDurable, QueueEntryFailed,
                               AskAdmission, AdmissionStored, AdmissionFailed, MessageNumbered, RoomGivenBack,
                               ConsumerJoined, ConsumerChanged, ConsumerGranted, ConsumerDrained,
                               ConsumerDisconnected, ConsumerLeft, LeaseClaimed, LeasesReported, LeasesUnsent,
                               LeaseTooLarge, LeaseSettled, AskCommand, SubscribersForgotten>;
  QueueId queue;
  Message message;
};

/// What became of a claim is durable; for the session that has it, wherever it is.
struct ClaimEnded {
  SessionId session;
  Seq claim;
  bool is_released = false;    ///< it is the mark *released* now; else it is gone,
  bool is_unanswered = false;  ///< or the exchange goes on without the queue: PUBREC is still to come
};

/// What the owner says to a publication that waits for it.
struct AdmissionAnswered {
  queue::WaiterId waiter;
  queue::Admission admission;
};
/// What became of the message that it repeats.
struct RepeatedEnded {
  queue::WaiterId waiter;
  bool is_stored = false;
};
/// Where it was Busy there may be room.
struct AskedAgain {
  queue::WaiterId waiter;
};

/// What a command gave.
struct CommandDone {
  ControlId asker;
  std::unique_ptr<Result<queue::ControlResult>> result;
};
/// The consumer group that it joins is being deleted, or is gone; for its session.
struct ConsumerTurnedAway {
  queue::ConsumerId consumer;
  queue::AttachmentNo attachment;
};
/// The queue has other options; for the session of one of its consumers.
struct QueueRedefined {
  queue::ConsumerId consumer;
  queue::NamedQueuePtr queue;
};

/// A stream has more than it had, and these are the last of it; for the session of one of its readers.
struct StreamGrew {
  queue::ConsumerId reader;
  queue::AttachmentNo attachment;
  std::shared_ptr<const std::vector<queue::StreamEntry>> entries;
};

/// For the shard where a consumer was attached: a delivery, or one that is wanted back. Or about a claim, or
/// for a publication, or for whoever has sent a command.
struct FromQueue {
  using Message = std::variant<queue::Deliver, queue::Recall, ClaimEnded, AdmissionAnswered, RepeatedEnded,
                               AskedAgain, CommandDone, ConsumerTurnedAway, QueueRedefined, StreamGrew>;
  QueueId queue;
  Message message;
};

}  // namespace hermod::broker
