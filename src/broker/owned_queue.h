#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "broker/queue_message.h"
#include "broker/queue_transfer.h"
#include "queue/due_index.h"
#include "queue/group_reading.h"
#include "queue/queue_catalog.h"
#include "queue/queue_group.h"
#include "queue/sequence_watch.h"
#include "queue/settlement_line.h"
#include "queue/stream_compaction.h"
#include "queue/stream_window.h"

namespace hermod::broker {

/// What the owner of a stream has of it; which entries there are is in its StreamExtent. Its group stays
/// empty.
struct OwnedStream {
  std::vector<queue::StreamEntry> fresh{};  ///< stored in this tick, for the readers
  bool has_grown = false;                   ///< by others too, which the readers have to read
  /// Taken out of the extent, and not out of the store yet.
  std::optional<queue::StreamExtent::Leaving> leaving{};
  /// With last_value. Null: without.
  std::unique_ptr<queue::StreamCompaction> compaction{};
  bool is_to_read = false;                              ///< it has to read of the store, and its turn comes
  std::vector<queue::StreamCompaction::Older> older{};  ///< as `leaving`, because there are newer ones
  bool is_thinning = false;                             ///< what leaves is with the committer
  std::vector<QueueId> groups{};                        ///< which read it, each an OwnedQueue of this shard
};

/// What the owner of a consumer group has of it beside its rules. Nothing of it is in the store but where it
/// stands.
struct OwnedGroup {
  OwnedGroup(const queue::Amount& limit, const queue::StreamGroup& group) : reading(limit, group.begin) {
    if (group.is_recorded) recorded = reading.revision();
  }

  queue::GroupReading reading;
  std::uint64_t recorded = 0;          ///< the revision of its position that the store has
  bool is_recording = false;           ///< a newer one is with the committer
  bool is_ended = false;               ///< its record goes, and no other is written
  bool has_new_definition = false;     ///< which its rules do not have yet
  std::uint64_t passed_over = 0;       ///< entries that the retention took away before the group came to them
  std::uint64_t filtered_counted = 0;  ///< of reading.filtered()
  std::optional<MonotonicTime> read_again_at{};  ///< the store could not be read
  bool is_deleted = false;                       ///< by a command: its record goes, and then it does
  /// Commands that are answered when the store knows, and what it has to know.
  struct Asked {
    ControlId asker;
    std::uint64_t revision = 0;
  };
  std::vector<Asked> asked{};
};

/// A named queue on the shard that owns it: its rules, what they want of the store, where its consumers are,
/// and what operators want of it. Touched by that shard's thread.
struct OwnedQueue {
  /// `group_limit`: what a consumer group has in hand.
  OwnedQueue(queue::NamedQueuePtr queue, queue::Moment now, const queue::Amount& group_limit)
      : named(std::move(queue)), group(named->definition, named->room, now) {
    if (named->stream) stream = std::make_unique<OwnedStream>();
    if (named->group) group_of_stream = std::make_unique<OwnedGroup>(group_limit, *named->group);
  }
  /// What it holds.
  queue::Amount amount() const { return stream ? named->stream->held() : group.amount(); }

  /// To whoever asks how much memory the queue takes.
  void say_in_memory() const {
    queue::Amount in_memory = group.in_memory();
    in_memory.messages += line.in_memory().messages;
    in_memory.bytes += line.in_memory().bytes;
    named->room->say_in_memory(in_memory);
  }

  queue::NamedQueuePtr named;  ///< as the catalogue has it
  queue::QueueGroup group;
  queue::SettlementLine line;
  std::unique_ptr<queue::SequenceWatch> sequences{};  ///< null: nobody has numbered anything
  std::unique_ptr<OwnedStream> stream;                ///< null: it is none
  std::unique_ptr<OwnedGroup> group_of_stream;        ///< null: it is none
  /// Where a consumer was attached last, and not disconnected.
  struct Place {
    ShardId shard;
    queue::AttachmentNo attachment;
  };
  absl::flat_hash_map<queue::ConsumerId, Place> places;
  /// False: it has come and gone.
  bool attach(queue::ConsumerId consumer, Place place) {
    Place& known = places[consumer];
    if (place.attachment < known.attachment) return false;
    known = place;
    return true;
  }
  /// Unless it is attached anew.
  void detach(queue::ConsumerId consumer, queue::AttachmentNo attachment) {
    const auto place = places.find(consumer);
    if (place != places.end() && place->second.attachment <= attachment) places.erase(place);
  }
  struct StoredClaim {
    SessionId session;
    Seq seq;  ///< in the session's stream
  };
  absl::flat_hash_map<queue::LeaseId, StoredClaim> claims;
  bool is_touched = false;       ///< its effects are carried out in this tick
  bool is_committing = false;    ///< a batch of its line is with the committer
  bool waits_for_store = false;  ///< it has failed, and is made again when the store is there
  bool is_reading_dead = false;  ///< messages that its next batch needs
  Seq dying_before{};            ///< and what has come since they were asked for is behind this

  // Lists: most queues have no commands, and an empty deque takes half a KiB.

  /// Commands that change what the queue is, one after the other; the first is under way.
  std::list<QueueOrder> changes;
  bool is_changing = false;
  /// The first could not be carried out, and its record is still there: the old one is written again until it
  /// is back.
  std::optional<Error> undoing{};
  /// The same of those that take messages away, beside them.
  std::list<QueueOrder> transfers;
  std::optional<QueueTransfer> transfer;
  std::uint64_t purges_decided = 0;
  std::uint64_t purges_made = 0;  ///< durable
  /// Those that only look, as far as they have come: what is in the store alone is read for them.
  struct Look {
    QueueOrder order;
    Seq next{};
    queue::PeekedMessages shown{};
    std::size_t bytes = 0;  ///< of what is shown
  };
  std::vector<Look> looks;

  /// It is being deleted.
  struct Ending {
    enum class Phase : std::uint8_t {
      Barrier,    ///< whoever publishes asks; those who did not know that yet are waited for
      Decided,    ///< it goes, and the store has to know that first; whoever publishes asks
      Recording,  ///< that is on its way
      Closing,    ///< nothing comes in any more; everything leaves, and who consumes is told
      Erasing     ///< nothing is left but its record
    };
    Phase phase = Phase::Barrier;
    std::uint64_t messages = 0;  ///< that are lost with it
    std::size_t shards = 0;      ///< that still have subscriptions to it
    std::vector<queue::WaiterId> asked{};
  };
  std::optional<Ending> ending;

  /// Whether it goes is not decided, or not known to the store: whoever publishes waits for that.
  bool waits_for_ending() const { return ending && ending->phase < Ending::Phase::Closing; }
  /// What such a publication hears. Precondition: waits_for_ending().
  queue::Admission::What ask_again_behind_ending(queue::WaiterId waiter) {
    if (ending->asked.size() >= queue::QueueGroup::kMostWaiting) return queue::Admission::What::Full;
    ending->asked.push_back(waiter);
    return queue::Admission::What::Busy;
  }
};

/// The named queues that a shard owns. Touched by its thread.
struct OwnedQueues {
  absl::flat_hash_map<QueueId, std::unique_ptr<OwnedQueue>> all;
  std::vector<QueueId> touched;  ///< their effects are carried out in this tick
  queue::DueIndex<MonotonicTime, QueueId> due;
  std::vector<std::vector<queue::QueueEffect>> spare_effects;  ///< empty, with memory for the next ones
};

}  // namespace hermod::broker
