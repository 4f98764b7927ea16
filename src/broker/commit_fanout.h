#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/counters.h"
#include "broker/outbox.h"
#include "broker/shard_message.h"
#include "retain/retained_index.h"
#include "session/session_slots.h"
#include "store/committer.h"

namespace hermod::broker {

/// Upward door of the store: turns finished commits into messages to shards. Called on the committer's
/// thread, in commit order, so retained messages change in that order too. Outlived by the shards' mailboxes.
class CommitFanout final : public store::CommitObserver {
 public:
  CommitFanout(std::span<ShardMailbox* const> mailboxes, const session::SessionSlots& slots,
               retain::RetainedIndex& retained, CounterBlock& counters)
      : outbox_(mailboxes),
        shards_(mailboxes.size()),
        slots_(slots),
        retained_(retained),
        counters_(counters) {}

  /// `on_failure` is called on the committer's thread with every commit that fails. Before the first commit.
  void report_failures_to(std::function<void()> on_failure) { on_failure_ = std::move(on_failure); }

  void on_sequenced(std::span<store::Done> done) override;
  void on_durable(std::span<store::Done> done) override;
  void on_failed(std::span<store::Done> done, const Error& error) override;

 private:
  std::span<const store::Appended> deliver_early(const PublishCommit& publish,
                                                 std::span<const store::Appended> appended);
  void enqueue_early(PublishCommit& publish, std::span<const store::Appended> entries);
  void tell_durable();
  void publish(ShardId home, PublishCommit& publish, std::span<const store::Appended> appended, bool elided);
  void publish(ShardId home, TransactionEnded& ended, std::span<const store::Appended> appended);
  void deliver(ShardId home, PublishCommit& publish, std::span<const store::Appended> appended, bool elided);
  void delay(PublishCommit& publish, std::span<const store::Appended> appended);
  static void tell_where(PublishCommit& publish, std::span<const store::Appended> entries);
  void fail(const PublishCommit& publish, std::span<const store::Appended> appended);
  void skip(const PublishCommit& publish, std::span<const store::Appended> appended);
  void enqueue(CommitQueues& queues, std::span<const store::Appended> appended);
  void give_back_room(const CommitQueues& queues, std::span<const store::Appended> appended);
  void retain_message(const PublishCommit& publish);
  void finish_all(std::span<store::Done> done, std::optional<Errc> error);

  Outbox outbox_;
  const std::size_t shards_;
  const session::SessionSlots& slots_;
  retain::RetainedIndex& retained_;
  CounterBlock& counters_;
  std::function<void()> on_failure_;
  struct Durable {
    QueueId queue;
    QueueEntriesDurable entries;
  };
  std::vector<Durable> durable_;  ///< of the group that is told of
};

}  // namespace hermod::broker
