#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/ids.h"
#include "broker/commit_ticket.h"
#include "broker/not_taken.h"
#include "broker/owned_queue.h"
#include "broker/shard_message.h"
#include "broker/shared.h"

namespace hermod::broker {

/// What the serving of consumer groups needs of its shard.
class GroupServingHost {
 public:
  virtual MonotonicTime now() = 0;
  virtual WallTime wall() = 0;
  virtual void touch(OwnedQueue& queue) = 0;
  virtual OwnedQueue* owned_queue(QueueId queue) = 0;
  virtual void count_settled(OwnedQueue& queue, const QueueSettled& work) = 0;
  virtual void tell(ShardId to, ShardMessage&& message) = 0;
  virtual void answer_order(QueueId queue, ControlId asker, Result<queue::ControlResult> result) = 0;
  virtual void tell_damaged(const PageRead& page, std::string_view queue) = 0;
  virtual void write_again_later() = 0;
  virtual void submit(store::WriteBatch batch, std::optional<ConnectionId> connection, SessionId session,
                      CommitTicket::Work work, CommitNeeds needs) = 0;

 protected:
  ~GroupServingHost() = default;
};

/// Whether a command is carried out by the owner of a stream for its groups.
bool is_about_groups(const queue::ControlCommand& command);

/// The owner's side of consumer groups: entries of the stream go to the group's rules as far as these have
/// room, and what they decide moves the group's position, which is recorded soon after. A group is an
/// OwnedQueue of the shard that owns its stream, without entries of its own in the store; its members consume
/// as from any queue. Owned by its shard, touched by its thread, lives as long. ADR 0034.
class GroupServing {
 public:
  GroupServing(GroupServingHost& host, ShardId shard, const Shared& shared, OwnedQueues& owned,
               NotTaken& not_taken, CounterBlock& counters)
      : host_(host),
        shard_(shard),
        shared_(shared),
        owned_(owned),
        not_taken_(not_taken),
        counters_(counters) {}

  /// Whether somebody may join: not what is being deleted. Also of what is no group, and null: it is gone.
  static bool takes_members(const OwnedQueue* queue);
  /// The group is one of this shard's from now on.
  void link(const OwnedQueue& group);
  /// The stream has more than it had: these, if `entries` is not empty.
  void on_grown(const OwnedStream& stream, const std::vector<queue::StreamEntry>& entries);
  /// The stream has another definition; its groups have it with the catalogue.
  void redefine(const OwnedStream& stream);

  /// A member has come, or subscribed again: what the group takes may be something else now.
  void take_filter(OwnedQueue& group);

  // A tick of a group.

  /// Before its rules deal out: what may be dealt out.
  void feed(OwnedQueue& group);
  /// What its rules have decided: dead letters go to the store, and the rest to the position.
  void settle(OwnedQueue& group);
  /// That is made.
  void on_settled(OwnedQueue& group);
  /// Behind everything else: reads on, and records where the group stands.
  void go_on(OwnedQueue& group);

  void on_page(PageRead& page);
  void on_recorded(const GroupRecorded& recorded, std::optional<Errc> error);
  /// When a group has something to do next that its rules do not know of.
  static std::optional<MonotonicTime> next_due(const OwnedQueue& group);

  // Commands, in group_commands.cc.

  /// Nothing: it is answered when the store knows. Precondition: is_about_groups(order.command).
  std::optional<Result<queue::ControlResult>> carry_out(const OwnedQueue& stream, const QueueOrder& order);

  // The end of a stream.

  /// Its groups are this shard's, also those of which it has heard nothing yet.
  void gather(QueueId stream);
  /// They stand still, and their records go with `batch`.
  void erase_records(const OwnedStream& stream, store::WriteBatch& batch);
  /// They are no more.
  void forget(const OwnedStream& stream);

 private:
  static bool has_members(const OwnedQueue& group);
  void take_definition(OwnedQueue& group);
  void count_filtered(OwnedQueue& group);
  void read_ahead(OwnedQueue& group);
  void record(OwnedQueue& group);
  void answer_asked(OwnedQueue& group, std::uint64_t revision);
  Result<queue::ControlResult> list(const OwnedQueue& stream);
  OwnedQueue* find_group(const OwnedQueue& stream, const std::string& name);
  std::optional<Result<queue::ControlResult>> remove(OwnedQueue& group, ControlId asker);
  queue::GroupState describe(const OwnedQueue& group);
  void forget(QueueId group);
  OwnedQueue* find(QueueId group);
  queue::Moment moment() { return {host_.now(), host_.wall()}; }

  GroupServingHost& host_;
  const ShardId shard_;
  const Shared& shared_;
  OwnedQueues& owned_;
  NotTaken& not_taken_;
  CounterBlock& counters_;
};

}  // namespace hermod::broker
