// What has to come behind everything that other shards have matched so far. A shard matches before it
// submits, so each is asked first, and answers behind its submissions; then comes a commit that is behind
// them all. What a shard asks the owners of named queues about is matched, and submitted when they have
// answered.

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "broker/shard.h"

namespace hermod::broker {

/// `work` is finished behind every message that was matched before this call, on any shard, and is in
/// nobody's way. Work that answers a connection is dropped with it.
void Shard::submit_behind_all(std::optional<ConnectionId> connection, CommitTicket::Work work) {
  const std::size_t shards = shared_.mailboxes.size();
  // What is asked about a queue that is being deleted waits for that barrier itself, and has no room there.
  const bool behind_asked = !std::holds_alternative<QueueBarrier>(work);
  const bool waits_here = behind_asked && asked_.has_up_to(asked_.last());
  Barrier barrier{connection, std::move(work)};
  const std::size_t answers = waits_here ? shards : shards - 1;
  if (answers == 0) return pass_barrier(barrier);
  const AskSubmitted ask{id_, barriers_.begin(answers, std::move(barrier)), behind_asked};
  for (std::size_t i = 0; i < shards; ++i)
    if (const ShardId shard{static_cast<std::uint16_t>(i)}; shard != id_) outbox_.send(shard, ask);
  if (waits_here) barriers_.on_ask(ask, asked_.last());
}

/// What this shard has matched is with the committer, except what it still asks about.
void Shard::answer_submitted() {
  for (const AskSubmitted& ask : barriers_.take_answerable(asked_))
    outbox_.send(ask.asker, Submitted{ask.barrier});
  outbox_.post_all();
}

void Shard::on_submitted(const Submitted& answer) {
  std::optional<Barrier> barrier = barriers_.on_answer(answer.barrier);
  if (!barrier) return;
  redispatch_stranded();  // they came before the answer
  pass_barrier(*barrier);
}

void Shard::pass_barrier(Barrier& barrier) {
  if (!barrier.connection) return submit({}, std::nullopt, SessionId{}, std::move(barrier.work));
  Connection* c = live(barrier.connection);
  if (c == nullptr || c->session() == nullptr) return;
  submit({}, c->id(), c->session()->id(), std::move(barrier.work));
}

}  // namespace hermod::broker
