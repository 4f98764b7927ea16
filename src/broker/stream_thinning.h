#pragma once
#include <deque>
#include <optional>

#include "base/clock.h"
#include "base/counters.h"
#include "base/ids.h"
#include "broker/commit_ticket.h"
#include "broker/not_taken.h"
#include "broker/owned_queue.h"
#include "broker/shard_message.h"
#include "broker/shared.h"

namespace hermod::broker {

/// What the thinning of streams needs of its shard.
class StreamThinningHost {
 public:
  virtual MonotonicTime now() = 0;
  virtual WallTime wall() = 0;
  virtual void touch(OwnedQueue& queue) = 0;
  virtual void write_again_later() = 0;
  virtual void submit(store::WriteBatch batch, std::optional<ConnectionId> connection, SessionId session,
                      CommitTicket::Work work, CommitNeeds needs) = 0;

 protected:
  ~StreamThinningHost() = default;
};

/// What leaves streams leaves by this, on the shard that owns them: what the retention does not keep, and
/// with last_value what has a newer entry of its key. A slice at a time, in batches that are not synced: a
/// crash brings back what will leave again. Which entries a stream has when last_value begins, or the broker,
/// is read page by page, of one stream of the shard at a time. Owned by its shard, touched by its thread,
/// lives as long. ADR 0029 and 0036.
class StreamThinning {
 public:
  StreamThinning(StreamThinningHost& host, ShardId shard, const Shared& shared, OwnedQueues& owned,
                 NotTaken& not_taken, CounterBlock& counters)
      : host_(host),
        shard_(shard),
        shared_(shared),
        owned_(owned),
        not_taken_(not_taken),
        counters_(counters) {}

  /// The stream has one entry more.
  static void on_stored(OwnedStream& stream, Seq seq, const queue::QueueEntry& entry);
  /// In a tick of the stream, behind what came in it.
  void run(OwnedQueue& queue);
  void on_page(const PageRead& page);
  void on_taken_out(const StreamTrimmed& work, std::optional<Errc> error);
  /// When something will have to leave by its age, or is tried again.
  std::optional<MonotonicTime> next_due(const OwnedQueue& queue);

 private:
  static void follow_definition(OwnedQueue& queue);
  void read_on();
  void take_out(OwnedQueue& queue);

  StreamThinningHost& host_;
  const ShardId shard_;
  const Shared& shared_;
  OwnedQueues& owned_;
  NotTaken& not_taken_;
  CounterBlock& counters_;
  std::deque<QueueId> to_read_;  ///< in turn
  bool is_reading_ = false;
  std::optional<MonotonicTime> read_again_at_;  ///< the store could not be read
};

}  // namespace hermod::broker
