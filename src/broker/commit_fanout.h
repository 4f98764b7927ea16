#pragma once
#include <span>

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
      : outbox_(mailboxes), slots_(slots), retained_(retained), counters_(counters) {}

  void on_sequenced(std::span<store::Done> done) override;
  void on_durable(std::span<store::Done> done) override;
  void on_failed(std::span<store::Done> done, const Error& error) override;

 private:
  void deliver(ShardId home, PublishCommit& publish, std::span<const store::Appended> appended);
  void skip(const PublishCommit& publish, std::span<const store::Appended> appended);
  void retain_message(const PublishCommit& publish);
  void finish(store::Done& done, std::optional<Errc> error);

  Outbox outbox_;
  const session::SessionSlots& slots_;
  retain::RetainedIndex& retained_;
  CounterBlock& counters_;
};

}  // namespace hermod::broker
