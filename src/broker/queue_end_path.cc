// The end of a named queue: no message gets lost beside it, nobody goes on consuming from it, and the store
// forgets it last. Its owner decides; each shard ends the subscriptions of its sessions.

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "broker/queue_binding.h"
#include "broker/shard.h"
#include "queue/event_text.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/stream_form.h"
#include "session/records.h"

namespace hermod::broker {

using queue::ControlResult;
using EndingPhase = OwnedQueue::Ending::Phase;

namespace {

/// Sessions that are looked through in one tick, and subscriptions that one batch erases at about most.
constexpr std::size_t kSessionsAtOnce = 2000;
constexpr std::size_t kErasedAtOnce = 4096;

}  // namespace

// --- the owner ---

/// Who publishes from now on asks first, and is answered when it is decided. Who did not know that yet has
/// taken its room when the barrier is passed.
void Shard::begin_ending(OwnedQueue& queue) {
  queue.ending = OwnedQueue::Ending{};
  queue.named = shared_.queues.set_ending(queue.named->id, true);
  HERMOD_ASSERT(queue.named != nullptr);
  submit_behind_all(std::nullopt, QueueBarrier{queue.named->id});
}

/// Whether it is deleted is decided here: without force only if it holds nothing, and then nothing was
/// published into it that would be lost.
void Shard::finish(Connection*, Session*, QueueBarrier& work, std::optional<Errc>) {
  OwnedQueue& queue = *owned_.all.at(work.queue);
  OwnedQueue::Ending& ending = *queue.ending;
  touch(queue);
  const std::uint64_t messages = queue.amount().messages;
  const auto& command = std::get<queue::DeleteQueue>(queue.changes.front().command);
  if (!command.is_forced && messages > 0) {
    const std::vector<queue::WaiterId> asked = std::move(ending.asked);
    queue.ending.reset();
    queue.named = shared_.queues.set_ending(work.queue, false);
    tell_to_ask_again(work.queue, {asked});
    return end_change(queue, failure(Errc::Busy, "force: the queue holds " + std::to_string(messages) +
                                                     " messages, which are lost with it; say force to "
                                                     "delete it all the same"));
  }
  ending.phase = EndingPhase::Decided;
}

/// Before anybody notices: what is published to it and acknowledged from now on is not in it after a crash.
void Shard::record_end(OwnedQueue& queue) {
  queue.ending->phase = EndingPhase::Recording;
  store::WriteBatch batch;
  queue::record_queue(
      batch, queue.named->id,
      {.definition = queue.group.definition(), .is_paused = queue.group.is_paused(), .is_ending = true});
  submit(std::move(batch), std::nullopt, SessionId{}, QueueEndRecorded{queue.named->id});
}

/// What failed is tried until the store is there: it may be on the disk all the same.
void Shard::finish(Connection*, Session*, QueueEndRecorded& work, std::optional<Errc> error) {
  OwnedQueue& queue = *owned_.all.at(work.queue);
  OwnedQueue::Ending& ending = *queue.ending;
  if (error) {
    ending.phase = EndingPhase::Decided;
    queue.waits_for_store = true;
    tell_to_ask_again(work.queue, {std::exchange(ending.asked, {})});
    not_taken_.settlements.push_back(work.queue);
    return write_again_later();
  }
  touch(queue);
  ending.messages = queue.amount().messages;
  const std::vector<queue::WaiterId> asked = std::exchange(ending.asked, {});
  forget_message_ids(queue);
  const Status closed = queue.group.close(/*force=*/true, moment());
  HERMOD_ASSERT(closed.has_value());
  ending.phase = EndingPhase::Closing;
  if (queue.stream) serving_.gather(work.queue);
  ending.shards = shared_.mailboxes.size();
  static_cast<void>(unbind_queue(shared_.subscriptions, *queue.named));  // what is no filter was not bound
  shared_.queues.remove(work.queue);
  tell_to_ask_again(work.queue, {asked});  // and now they hear that it is not there
  for (std::size_t i = 0; i < shared_.mailboxes.size(); ++i)
    tell(ShardId{static_cast<std::uint16_t>(i)}, QueueGone{work.queue, queue.named->name()});
}

/// The records of identifiers leave as those that are older than the window.
void Shard::forget_message_ids(OwnedQueue& queue) {
  queue::QueueDefinition definition = queue.group.definition();
  if (definition.dedup_window.count() == 0) return;
  definition.dedup_window = {};
  const Status changed = queue.group.change(definition, moment());
  HERMOD_ASSERT(changed.has_value());
}

/// Its record goes last: until then a start finds the queue, and who wanted it deleted has no answer.
void Shard::go_on_ending(OwnedQueue& queue) {
  OwnedQueue::Ending& ending = *queue.ending;
  if (ending.phase == EndingPhase::Decided && !queue.waits_for_store) return record_end(queue);
  if (ending.phase != EndingPhase::Closing) return;
  if (queue.transfer || !queue.transfers.empty()) end_transfers(queue);
  const bool is_left = queue.transfer || ending.shards > 0 || !queue.group.is_closed() ||
                       queue.group.has_effects() || queue.group.next_due(moment()) || !queue.line.is_empty();
  if (is_left || queue.waits_for_store) return;
  ending.phase = EndingPhase::Erasing;
  store::WriteBatch batch;
  queue::erase_queue(batch, queue.named->id);
  if (queue.stream) serving_.erase_records(*queue.stream, batch);
  submit(std::move(batch), std::nullopt, SessionId{}, QueueErased{queue.named->id});
}

/// What they have begun is waited for.
void Shard::end_transfers(OwnedQueue& queue) {
  const auto refuse = [&](const QueueOrder& order) {
    answer_order(queue.named->id, order.asker,
                 failure(Errc::NotFound, "queue: it has been deleted meanwhile"));
  };
  if (queue.transfer) {
    const bool is_under_way = queue.transfer->is_committing || queue.transfer->unanswered > 0;
    if (is_under_way) return;
    moving_.erase(queue.transfer->waits_for);
    queue.transfer.reset();
  }
  for (const QueueOrder& order : std::exchange(queue.transfers, {})) refuse(order);
}

void Shard::finish(Connection*, Session*, QueueErased& work, std::optional<Errc> error) {
  OwnedQueue& queue = *owned_.all.at(work.queue);
  if (error) {
    queue.ending->phase = EndingPhase::Closing;
    queue.waits_for_store = true;
    not_taken_.settlements.push_back(work.queue);
    return write_again_later();
  }
  const std::uint64_t messages = queue.ending->messages;
  log::event(log::Level::Notice, "queue.deleted",
             {{"queue", queue.named->name()}, {"messages", messages}, {"by", "command"}});
  voice_.tell("queue/deleted",
              queue::event_text({{"queue", std::string_view(queue.named->name())}, {"messages", messages}}));
  for (const QueueOrder& order : std::exchange(queue.changes, {})) {
    const bool is_this = std::holds_alternative<queue::DeleteQueue>(order.command) && queue.is_changing;
    queue.is_changing = false;
    if (is_this) {
      answer_order(work.queue, order.asker, ControlResult(queue::MessagesDone{messages}));
    } else {
      answer_order(work.queue, order.asker, failure(Errc::NotFound, "queue: it has been deleted meanwhile"));
    }
  }
  end_transfers(queue);  // that were asked for meanwhile
  for (const OwnedQueue::Look& look : queue.looks)
    answer_order(work.queue, look.order.asker,
                 failure(Errc::NotFound, "queue: it has been deleted meanwhile"));
  if (queue.stream) serving_.forget(*queue.stream);
  owned_.due.cancel(work.queue);
  ended_streams_.push_back(queue::stream_of(work.queue));
  owned_.all.erase(work.queue);
  failed_reads_.forget(work.queue);
}

void Shard::on_subscribers_forgotten(OwnedQueue& queue) {
  HERMOD_ASSERT(queue.ending && queue.ending->shards > 0);
  if (--queue.ending->shards > 0) return;
  for (std::size_t i = 0; i < shared_.mailboxes.size(); ++i)
    tell(ShardId{static_cast<std::uint16_t>(i)}, QueueForgotten{queue.named->id});
}

// --- every shard ---

/// Sessions that come from other shards later, and have not heard of it there, are looked at when they come.
void Shard::on_queue_gone(QueueGone& gone) {
  GoneQueue& it = gone_queues_[gone.queue];
  it.name = std::move(gone.name);
  it.sessions.reserve(sessions_.size());
  sessions_.for_each([&](const Session& session) { it.sessions.push_back(session.id()); });
}

void Shard::on_queue_forgotten(const QueueForgotten& forgotten) {
  gone_queues_.erase(forgotten.queue);
}

bool Shard::is_forgetting() const {
  return std::any_of(gone_queues_.begin(), gone_queues_.end(),
                     [](const auto& one) { return !one.second.is_done; });
}

/// A part of the sessions at once.
void Shard::forget_subscribers() {
  for (auto& [id, gone] : gone_queues_) {
    if (gone.is_done) continue;
    store::WriteBatch batch;
    std::size_t erased = 0;
    for (std::size_t left = kSessionsAtOnce; left > 0 && !gone.sessions.empty() && erased < kErasedAtOnce;
         --left) {
      if (Session* session = sessions_.find(gone.sessions.back()))
        erased += forget_queue(*session, id, gone.name, batch);
      gone.sessions.pop_back();
    }
    gone.is_done = gone.sessions.empty();
    if (!batch.empty()) {
      Recorded work;
      if (gone.is_done) work.forgotten = id;
      erase_records(std::move(batch), std::move(work));
    } else if (gone.is_done) {
      tell_queue(id, SubscribersForgotten{});
    }
  }
}

/// Its subscriptions to the queue end. How many records of them `batch` erases.
std::size_t Shard::forget_queue(Session& session, QueueId id, const std::string& name,
                                store::WriteBatch& batch) {
  std::vector<std::string> filters;
  for (const session::Subscription& one : session.subscriptions().items()) {
    if (queue::is_named_form(one.filter) && queue::name_in_form(one.filter) == name)
      filters.push_back(one.filter);
  }
  std::size_t erased = 0;
  for (const std::string& filter : filters) {
    if (const std::uint32_t number = session.subscriptions().number_of(filter); number != 0) {
      session::erase_subscription(batch, session.id(), number);
      ++erased;
    }
    session.subscriptions().remove(filter);
  }
  erased += reading_.forget(session, id, batch);
  session::QueueConsumers* const consumers = session.consumers();
  if (consumers == nullptr) return erased;
  consumers->for_each([&](session::QueueConsumer& consumer) {
    const queue::NamedQueue& consumed = *consumer.queue;
    const bool is_of_it = consumed.id == id || (consumed.group && consumed.group->stream == id);
    if (is_of_it && consumer.is_attached) drain(session, consumer);
  });
  return erased;
}

/// A session has come from another shard.
void Shard::forget_gone_queues(Session& session) {
  for (const auto& [id, gone] : gone_queues_) {
    store::WriteBatch batch;
    forget_queue(session, id, gone.name, batch);
    if (!batch.empty()) erase_records(std::move(batch));
  }
}

}  // namespace hermod::broker
