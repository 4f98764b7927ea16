// Purge, move and redrive, on the shard that owns the queue they take from. They go on a slice at a time: a
// move has one batch under way, in which each message leaves one queue and comes into the other.

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"

namespace hermod::broker {

using queue::Admission;
using queue::ControlResult;
using Leaving = QueueTransfer::Leaving;

namespace {

/// A slice: so many messages and bytes of them; and so many that are looked at for it.
constexpr std::size_t kSliceMessages = 512;
constexpr std::uint64_t kSliceBytes = std::uint64_t{1} << 20;
constexpr std::size_t kMostLookedAt = 2048;
constexpr std::size_t kLookedAtOnce = 256;

std::string messages_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " message" : " messages");
}

/// Where a message goes; empty: nobody knows.
std::string target_of(const queue::ControlCommand& command, const std::vector<queue::Death>& deaths) {
  if (const auto* move = std::get_if<queue::MoveMessages>(&command)) return move->to;
  const auto& redrive = std::get<queue::RedriveQueue>(command);
  if (redrive.to) return *redrive.to;
  return deaths.empty() ? std::string() : deaths.back().queue;
}

Error full_error(std::string_view queue, std::uint64_t done) {
  return {Errc::NoSpace, "to: the queue " + std::string(queue) + " is full, or its rate is reached; " +
                             messages_text(done) + " went, the others stay"};
}

}  // namespace

/// A slice at most, and nothing while one is under way.
void Shard::go_on_transferring(OwnedQueue& queue) {
  if (!queue.transfer) {
    if (queue.transfers.empty()) return;
    begin_transfer(queue);
  }
  QueueTransfer& transfer = *queue.transfer;
  if (std::holds_alternative<queue::PurgeQueue>(queue.transfers.front().command)) {
    if (queue.group.has_effects()) return touch(queue);  // counted when they are carried out
    if (!queue.group.is_purging() && !transfer.purged) transfer.purged = queue.purges_decided;
    if (!transfer.purged || queue.purges_made < *transfer.purged) return;
    transfer.done = *transfer.purged - transfer.purged_before;
    return end_transfer(queue);
  }
  if (transfer.is_committing || transfer.unanswered > 0 || !transfer.slice.empty()) return;
  if (transfer.stop || transfer.next >= transfer.end || transfer.left == 0U) return end_transfer(queue);
  take_slice(queue);
}

void Shard::begin_transfer(OwnedQueue& queue) {
  QueueTransfer& transfer = queue.transfer.emplace();
  const queue::ControlCommand& command = queue.transfers.front().command;
  if (std::holds_alternative<queue::PurgeQueue>(command)) {
    transfer.purged_before = queue.purges_decided;
    return queue.group.purge(moment());
  }
  transfer.end = queue.group.behind_last();
  if (const auto* redrive = std::get_if<queue::RedriveQueue>(&command)) transfer.left = redrive->count;
  const auto* move = std::get_if<queue::MoveMessages>(&command);
  if (move == nullptr) return;
  transfer.left = move->count;
  if (!move->offset) return;
  transfer.next = *move->offset;
  transfer.end = Seq{move->offset->v + 1};
  const auto found = queue.group.peek(transfer.next, 1);
  if (found.empty() || found.front().seq != transfer.next) {
    transfer.stop = Error{Errc::Invalid,
                          "offset: there is no message " + std::to_string(transfer.next.v) + " in the queue"};
  } else if (found.front().consumer) {
    transfer.stop = Error{Errc::Busy, "offset: a consumer has message " + std::to_string(transfer.next.v)};
  }
}

/// What nobody has, from where the last slice ended. It goes to nobody until the slice is decided.
void Shard::take_slice(OwnedQueue& queue) {
  QueueTransfer& transfer = *queue.transfer;
  const queue::ControlCommand& command = queue.transfers.front().command;
  std::uint64_t bytes = 0;
  std::size_t looked_at = 0;
  const auto is_enough = [&] {
    return transfer.stop || transfer.left == 0U || transfer.slice.size() >= kSliceMessages ||
           bytes >= kSliceBytes;
  };
  while (!is_enough() && looked_at < kMostLookedAt && transfer.next < transfer.end) {
    const auto page = queue.group.peek(transfer.next, kLookedAtOnce);
    looked_at += page.size();
    if (page.empty()) transfer.next = transfer.end;
    for (const queue::QueueGroup::Peeked& one : page) {
      if (one.seq >= transfer.end) transfer.next = transfer.end;
      if (is_enough() || transfer.next == transfer.end) break;
      transfer.next = Seq{one.seq.v + 1};
      take_one(queue, one.seq, target_of(command, one.deaths));
      if (!transfer.slice.empty() && transfer.slice.back().seq == one.seq) bytes += one.message->size();
    }
  }
  if (queue.group.has_effects()) touch(queue);
  if (transfer.slice.empty()) return touch_later(queue);
  for (std::size_t i = 0; i < transfer.slice.size(); ++i)
    if (transfer.slice[i].is_asked) ask_for(queue, i);
  if (transfer.unanswered == 0) submit_slice(queue);
}

void Shard::take_one(OwnedQueue& queue, Seq seq, const std::string& target) {
  QueueTransfer& transfer = *queue.transfer;
  if (transfer.full.contains(target)) return;
  const queue::NamedQueuePtr to = target.empty() ? nullptr : shared_.queues.find(target);
  if (!to || to->is_ending || to->id == queue.named->id) {
    ++transfer.homeless;
    return;
  }
  auto moving = queue.group.begin_move(seq, moment());
  if (!moving) return;
  const bool is_asked = to->definition.asks_before_publish();
  if (!is_asked && !to->room->take({1, moving->entry.message->size()})) {
    queue.group.on_not_moved(seq, moment());
    transfer.full.insert(target);
    return;
  }
  if (transfer.left) --*transfer.left;
  transfer.slice.push_back({.seq = seq,
                            .to = to,
                            .entry = std::move(moving->entry),
                            .has_state = moving->has_state,
                            .is_asked = is_asked});
}

/// Whether its owner takes it. It has no message identifier here: what it would repeat is itself.
void Shard::ask_for(OwnedQueue& queue, std::size_t index) {
  const Leaving& leaving = queue.transfer->slice[index];
  const queue::WaiterId waiter = next_waiter();
  moving_.emplace(waiter, Moving{queue.named->id, index});
  ++queue.transfer->unanswered;
  tell_queue(leaving.to->id, AskAdmission{{.entry = leaving.entry, .message_id = {}, .waiter = waiter}});
}

/// False: the waiter is no message that moves.
bool Shard::on_move_answered(AdmissionAnswered& answer) {
  const auto found = moving_.find(answer.waiter);
  if (found == moving_.end()) return false;
  if (answer.admission.what == Admission::What::Busy) return true;  // AskedAgain follows
  const Moving moving = found->second;
  moving_.erase(found);
  OwnedQueue& queue = *owned_queues_.at(moving.from);
  QueueTransfer& transfer = *queue.transfer;
  Leaving& leaving = transfer.slice[moving.index];
  leaving.is_refused = answer.admission.what != Admission::What::Admitted;
  leaving.admission = std::move(answer.admission);
  if (leaving.is_refused) transfer.full.insert(leaving.to->name());
  if (--transfer.unanswered == 0) submit_slice(queue);
  return true;
}

bool Shard::on_move_asked_again(queue::WaiterId waiter) {
  const auto found = moving_.find(waiter);
  if (found == moving_.end()) return false;
  const Moving moving = found->second;
  moving_.erase(found);
  OwnedQueue& queue = *owned_queues_.at(moving.from);
  --queue.transfer->unanswered;
  ask_for(queue, moving.index);
  return true;
}

/// Each message leaves here and comes in there, or neither. What was refused stays at its place.
void Shard::submit_slice(OwnedQueue& queue) {
  QueueTransfer& transfer = *queue.transfer;
  for (const Leaving& leaving : transfer.slice) {
    if (!leaving.is_refused) continue;
    queue.group.on_not_moved(leaving.seq, moment());
    if (transfer.left) ++*transfer.left;
  }
  std::erase_if(transfer.slice, [](const Leaving& leaving) { return leaving.is_refused; });
  if (queue.group.has_effects()) touch(queue);
  if (transfer.slice.empty()) return touch_later(queue);
  MessagesMoved work{.from = queue.named->id, .queues = {}};
  store::WriteBatch batch;
  for (Leaving& leaving : transfer.slice) {
    queue::append_queue_entry(batch, leaving.to->id, leaving.entry);
    work.queues.push_back({leaving.to, std::move(leaving.entry), leaving.admission.id});
    queue::erase_queue_entry(batch, queue.named->id, leaving.seq, leaving.has_state);
    evict(batch, *leaving.to, leaving.admission, work.queues);
  }
  transfer.is_committing = true;
  submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
}

void Shard::finish(Connection*, session::Session*, MessagesMoved& work, std::optional<Errc> error) {
  OwnedQueue& queue = *owned_queues_.at(work.from);
  QueueTransfer& transfer = *queue.transfer;
  transfer.is_committing = false;
  const std::vector<Leaving> slice = std::exchange(transfer.slice, {});
  for (const Leaving& leaving : slice)
    error ? queue.group.on_not_moved(leaving.seq, moment()) : queue.group.on_moved(leaving.seq, moment());
  if (error) {
    transfer.stop =
        Error{*error, "queue: the store does not take it; " + messages_text(transfer.done) + " went"};
  } else {
    transfer.done += slice.size();
    counters_.add(Counter::QueueMoved, slice.size());
  }
  touch(queue);
}

/// The queue itself goes on in the next tick, behind what others have to say.
void Shard::touch_later(OwnedQueue& queue) {
  queues_due_.set(queue.named->id, now());
  schedule_deadlines();
}

void Shard::end_transfer(OwnedQueue& queue) {
  const QueueTransfer transfer = *std::exchange(queue.transfer, std::nullopt);
  const QueueOrder order = std::move(queue.transfers.front());
  queue.transfers.pop_front();
  const auto answer = [&](Result<ControlResult> result) {
    answer_order(queue.named->id, order.asker, std::move(result));
  };
  touch(queue);
  if (transfer.stop) return answer(tl::unexpected(*transfer.stop));
  if (!transfer.full.empty())
    return answer(tl::unexpected(full_error(*transfer.full.begin(), transfer.done)));
  if (transfer.homeless > 0 && std::holds_alternative<queue::MoveMessages>(order.command))
    return answer(failure(Errc::NotFound,
                          "to: there is no such queue any more; " + messages_text(transfer.done) + " went"));
  if (transfer.homeless > 0)
    return answer(failure(Errc::NotFound, "to: of " + messages_text(transfer.homeless) +
                                              " the queue where they died is not there; " +
                                              messages_text(transfer.done) +
                                              " went. Name a queue for the others"));
  answer(ControlResult(queue::MessagesDone{transfer.done}));
}

}  // namespace hermod::broker
