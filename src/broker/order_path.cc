// The owner's side of commands: what a queue is, and what it becomes. Moving messages is in transfer_path.cc,
// the end of a queue in queue_end_path.cc.

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "broker/queue_binding.h"
#include "broker/queue_flush.h"
#include "broker/shard.h"
#include "queue/control_fields.h"
#include "queue/queue_changes.h"

namespace hermod::broker {

using queue::ControlResult;
using queue::QueueDefinition;

namespace {

/// What is shown of messages at once, topics and properties included.
constexpr std::size_t kMostPeeked = std::size_t{1} << 20;

bool is_transfer(const queue::ControlCommand& command) {
  return std::holds_alternative<queue::PurgeQueue>(command) ||
         std::holds_alternative<queue::MoveMessages>(command) ||
         std::holds_alternative<queue::RedriveQueue>(command);
}

/// False: what comes next is in the store alone, and is read; that touches the queue. What cannot be read is
/// passed over.
bool look_on(OwnedQueue& queue, OwnedQueue::Look& look) {
  using Where = queue::PeekedMessage::Where;
  const auto& command = std::get<queue::PeekQueue>(look.order.command);
  queue::PeekedMessages& shown = look.shown;
  shown.payload_bytes = command.payload_bytes;
  const std::size_t left = command.count - shown.messages.size();
  std::vector<queue::QueueGroup::Peeked> page = queue.group.peek(look.next, left + 1);
  shown.has_more = page.size() > left;
  for (queue::QueueGroup::Peeked& one : page) {
    if (shown.messages.size() == command.count) break;
    if (!one.message) {
      if (queue.group.bring(one.seq)) return false;
      continue;
    }
    const std::size_t size = one.message->size() - one.message->payload().size() +
                             std::min<std::size_t>(one.message->payload().size(), command.payload_bytes);
    if (!shown.messages.empty() && look.bytes + size > kMostPeeked) {
      shown.has_more = true;
      break;
    }
    look.bytes += size;
    look.next = Seq{one.seq.v + 1};
    queue::PeekedMessage& message = shown.messages.emplace_back();
    message.offset = one.seq;
    message.where = one.consumer ? Where::Out : one.due ? Where::Waiting : Where::Ready;
    message.deliveries = one.deliveries;
    message.entry = {.message = std::move(one.message),
                     .key = std::move(one.key),
                     .deaths = std::move(one.deaths),
                     .moved_at = {}};
  }
  return true;
}

}  // namespace

/// A look goes on beside what changes the queue, and is answered at once when all of it is in memory.
void Shard::on_command_asked(OwnedQueue* queue, QueueId id, AskCommand& asked) {
  QueueOrder& order = *asked.order;
  if (queue == nullptr)
    return answer_order(id, order.asker, failure(Errc::NotFound, "queue: it has been deleted meanwhile"));
  if (is_about_groups(order.command)) {
    if (auto result = serving_.carry_out(*queue, order)) answer_order(id, order.asker, *std::move(result));
  } else if (const auto* wanted = std::get_if<queue::FindMessages>(&order.command)) {
    finding_.begin(queue->named, order.asker, *wanted);
  } else if (std::holds_alternative<queue::DescribeQueue>(order.command)) {
    answer_order(id, order.asker, ControlResult(describe_queue(*queue)));
  } else if (const auto* peek = std::get_if<queue::PeekQueue>(&order.command)) {
    const Seq from = peek->from;
    queue->looks.push_back({.order = std::move(order), .next = from});
  } else if (is_transfer(order.command)) {
    queue->transfers.push_back(std::move(order));
  } else {
    queue->changes.push_back(std::move(order));
  }
}

void Shard::answer_order(QueueId queue, ControlId asker, Result<ControlResult> result) {
  tell(shard_of(asker),
       FromQueue{queue, CommandDone{asker, std::make_unique<Result<ControlResult>>(std::move(result))}});
}

queue::QueueState Shard::describe_queue(const OwnedQueue& queue) {
  const queue::Amount held = queue.amount();
  const queue::QueueGroup::Look look = queue.group.look();
  queue::QueueState state{.queue = queue.named,
                          .is_paused = queue.group.is_paused(),
                          .messages = held.messages,
                          .bytes = held.bytes,
                          .out = look.out,
                          .waiting = look.waiting,
                          .consumers = queue.places.size()};
  const std::optional<WallTime> oldest = queue.stream ? queue.named->stream->oldest() : look.oldest;
  if (shared_.reader != nullptr) state.flush = flush_in_force(*queue.named, shared_.options.store.flush);
  if (oldest)
    state.oldest = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(wall() - *oldest),
                            std::chrono::milliseconds(0));
  if (queue.stream) {
    state.first = queue.named->stream->first();
    state.next = queue.named->stream->next();
    if (queue.stream->compaction) state.keys = queue.stream->compaction->keys();
  }
  return state;
}

void Shard::go_on_looking(OwnedQueue& queue) {
  std::erase_if(queue.looks, [&](OwnedQueue::Look& look) {
    if (!look_on(queue, look)) return false;
    answer_order(queue.named->id, look.order.asker, ControlResult(std::move(look.shown)));
    return true;
  });
  if (queue.looks.empty() && queue.transfers.empty()) queue.group.end_showing();
  if (queue.group.has_effects()) touch(queue);
}

// --- changes ---

/// What commands want of the queue, as far as it goes now.
void Shard::run_orders(OwnedQueue& queue) {
  if (queue.ending) return go_on_ending(queue);
  if (queue.undoing && !queue.waits_for_store)
    record_change(queue, queue.group.definition(), queue.group.is_paused(),
                  *std::exchange(queue.undoing, std::nullopt));
  while (!queue.is_changing && !queue.changes.empty()) begin_change(queue);
  if (queue.ending) return;
  go_on_transferring(queue);
}

void Shard::begin_change(OwnedQueue& queue) {
  queue.is_changing = true;
  QueueOrder& order = queue.changes.front();
  if (std::holds_alternative<queue::DeleteQueue>(order.command)) return begin_ending(queue);
  const bool is_pause = std::holds_alternative<queue::PauseQueue>(order.command);
  if (is_pause || std::holds_alternative<queue::ResumeQueue>(order.command))
    return record_change(queue, queue.group.definition(), is_pause);
  const Status possible =
      queue::check_change(queue.group.definition(), *order.wanted, queue.group.is_empty());
  if (!possible) return end_change(queue, tl::unexpected(queue::about_field(possible.error())));
  record_change(queue, *order.wanted, queue.group.is_paused());
}

void Shard::record_change(OwnedQueue& queue, const QueueDefinition& definition, bool is_paused,
                          std::optional<Error> undone) {
  store::WriteBatch batch;
  queue::record_queue(batch, queue.named->id, {.definition = definition, .is_paused = is_paused});
  submit(std::move(batch), std::nullopt, SessionId{}, QueueRecorded{queue.named->id, std::move(undone)});
}

/// What was recorded happens. A message may have come meanwhile into a queue that was empty: then the old
/// record comes back, however often the store fails, and who asked is told behind that. A kill before makes
/// the next start change what nobody was told of.
void Shard::finish(Connection*, session::Session*, QueueRecorded& work, std::optional<Errc> error) {
  OwnedQueue& queue = *owned_.all.at(work.queue);
  touch(queue);
  if (work.undone && error) {
    queue.undoing = std::move(work.undone);
    queue.waits_for_store = true;
    not_taken_.settlements.push_back(work.queue);
    return write_again_later();
  }
  if (work.undone) return end_change(queue, tl::unexpected(*std::move(work.undone)));
  if (error) return end_change(queue, failure(*error, "queue: the change could not be stored"));
  const QueueOrder& order = queue.changes.front();
  if (order.wanted) {
    const Status changed = queue.group.change(*order.wanted, moment());
    if (!changed)
      return record_change(queue, queue.group.definition(), queue.group.is_paused(),
                           queue::about_field(changed.error()));
    redefine(queue);
  } else {
    queue.group.set_paused(std::holds_alternative<queue::PauseQueue>(order.command), moment());
  }
  end_change(queue, ControlResult(queue::Done{}));
}

/// Everybody else hears of the definition that its group has. What both bind stays bound.
void Shard::redefine(OwnedQueue& queue) {
  const queue::NamedQueuePtr old = queue.named;
  const auto replaced = shared_.queues.replace(queue.group.definition(), old->is_configured);
  HERMOD_ASSERT(replaced.has_value());
  queue.named = *replaced;
  if (queue.named->definition.seq == QueueDefinition::SequenceCheck::Off) queue.sequences.reset();
  if (queue.stream) serving_.redefine(*queue.stream);
  const Status bound = rebind_queue(shared_.subscriptions, *old, *queue.named);
  HERMOD_ASSERT(bound.has_value());  // its filters were looked at when it was asked for
  for (const auto& [consumer, place] : queue.places)
    tell(place.shard, FromQueue{old->id, QueueRedefined{consumer, queue.named}});
  log::event(log::Level::Notice, "queue.changed", {{"queue", old->name()}, {"by", "command"}});
  if (shared_.reader != nullptr) warn_of_flush(*queue.named, shared_.options.store.flush);
}

/// There may be more room for what its owner lends.
void Shard::on_queue_redefined(QueueId id, QueueRedefined& redefined) {
  session::Session* const session = sessions_.find(SessionId{redefined.consumer.v});
  session::QueueConsumers* const consumers = session != nullptr ? session->consumers() : nullptr;
  session::QueueConsumer* const consumer = consumers != nullptr ? consumers->find(id) : nullptr;
  if (consumer == nullptr) return;
  consumer->queue = std::move(redefined.queue);
  if (Connection* c = live(session->connection())) pump_consumers(*c, *session);
}

void Shard::end_change(OwnedQueue& queue, Result<ControlResult> result) {
  const QueueOrder order = std::move(queue.changes.front());
  queue.changes.pop_front();
  queue.is_changing = false;
  answer_order(queue.named->id, order.asker, std::move(result));
  touch(queue);
}

}  // namespace hermod::broker
