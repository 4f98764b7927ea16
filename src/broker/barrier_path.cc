// What has to come behind everything that other shards have matched so far. A shard matches before it
// submits, so each is asked first, and answers behind its submissions; then comes a commit that is behind
// them all.

#include <utility>

#include "broker/shard.h"

namespace hermod::broker {

/// `work` is finished behind every message that was matched before this call, on any shard, and is in
/// nobody's way. Work that answers a connection is dropped with it.
void Shard::submit_behind_all(std::optional<ConnectionId> connection, CommitTicket::Work work) {
  const std::size_t shards = shared_.mailboxes.size();
  Barrier barrier{shards - 1, connection, std::move(work)};
  if (barrier.answers == 0) return pass_barrier(barrier);
  const std::uint64_t number = ++barriers_begun_;
  barriers_.emplace(number, std::move(barrier));
  for (std::uint16_t i = 0; i < shards; ++i)
    if (ShardId{i} != id_) outbox_.send(ShardId{i}, AskSubmitted{id_, number});
}

/// What this shard has matched is with the committer.
void Shard::answer_submitted() {
  for (const AskSubmitted& ask : submitted_asked_) outbox_.send(ask.asker, Submitted{ask.barrier});
  submitted_asked_.clear();
  outbox_.post_all();
}

void Shard::on_submitted(const Submitted& answer) {
  const auto found = barriers_.find(answer.barrier);
  HERMOD_ASSERT(found != barriers_.end());
  if (--found->second.answers > 0) return;
  Barrier barrier = std::move(found->second);
  barriers_.erase(found);
  redispatch_stranded();  // they came before the answer
  pass_barrier(barrier);
}

void Shard::pass_barrier(Barrier& barrier) {
  if (!barrier.connection) return submit({}, std::nullopt, SessionId{}, std::move(barrier.work));
  Connection* c = live(barrier.connection);
  if (c == nullptr || c->session() == nullptr) return;
  submit({}, c->id(), c->session()->id(), std::move(barrier.work));
}

}  // namespace hermod::broker
