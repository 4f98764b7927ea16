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

/// A slice: so many bytes of messages; and so many messages that are looked at for it.
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
  if (transfer.is_committing || !transfer.slice.empty() || transfer.waits_for.v != 0) return;
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
  bool is_held_up = false;  // what touches the queue comes by itself
  const auto is_enough = [&] {
    return is_held_up || transfer.stop || transfer.left == 0U || transfer.slice.size() >= transfer.at_once ||
           bytes >= kSliceBytes;
  };
  while (!is_enough() && looked_at < kMostLookedAt && transfer.next < transfer.end) {
    const auto page = queue.group.peek(transfer.next, kLookedAtOnce);
    looked_at += page.size();
    if (page.empty()) transfer.next = transfer.end;
    for (const queue::QueueGroup::Peeked& one : page) {
      if (one.seq >= transfer.end) transfer.next = transfer.end;
      if (is_enough() || transfer.next == transfer.end) break;
      is_held_up = !take_one(queue, one, target_of(command, one.deaths));
      if (is_held_up) break;
      transfer.next = Seq{one.seq.v + 1};
      if (!transfer.slice.empty() && transfer.slice.back().seq == one.seq) bytes += one.message->size();
    }
  }
  if (queue.group.has_effects()) touch(queue);
  if (transfer.slice.empty()) return is_held_up ? void() : touch_later(queue);
  for (std::size_t i = 0; i < transfer.slice.size(); ++i)
    if (transfer.slice[i].is_asked) ask_for(queue, i);
  if (transfer.unanswered == 0) submit_slice(queue);
}

/// False: something about it is on its way to the store, or its message is in the store alone and is read.
/// The end of that touches the queue; then it is looked at again, because what is behind it would overtake
/// it. What cannot be read stays.
bool Shard::take_one(OwnedQueue& queue, const queue::QueueGroup::Peeked& one, const std::string& target) {
  using Order = queue::QueueDefinition::Order;
  QueueTransfer& transfer = *queue.transfer;
  const Order order = queue.group.definition().order;
  const bool keeps_order =
      order != Order::None && std::holds_alternative<queue::RedriveQueue>(queue.transfers.front().command);
  const std::string key = order == Order::Strict ? std::string() : one.key;
  if (keeps_order && transfer.passed.contains(key)) return true;
  if (one.consumer) {
    if (keeps_order) transfer.passed.emplace(key, one.seq);
    return true;
  }
  if (transfer.full.contains(target)) return true;
  const queue::NamedQueuePtr to = target.empty() ? nullptr : shared_.queues.find(target);
  if (!to || to->is_ending || to->id == queue.named->id) {
    ++transfer.homeless;
    return true;
  }
  if (!one.message) {
    if (queue.group.bring(one.seq)) return false;
    ++transfer.unreadable;
    if (keeps_order) transfer.passed.emplace(key, one.seq);
    return true;
  }
  auto moving = queue.group.begin_move(one.seq, moment());
  if (!moving) return false;
  moving->entry.message = one.message;
  const bool is_asked = to->definition.asks_before_publish();
  if (!is_asked && !to->room->take({1, moving->entry.message->size()})) {
    queue.group.on_not_moved(one.seq, moment());
    transfer.full.insert(target);
    return true;
  }
  if (transfer.left) --*transfer.left;
  transfer.slice.push_back({.seq = one.seq,
                            .to = to,
                            .entry = std::move(moving->entry),
                            .has_state = moving->has_state,
                            .is_asked = is_asked,
                            .homeless_before = transfer.homeless,
                            .unreadable_before = transfer.unreadable});
  return true;
}

/// Whether its owner takes it. It has no message identifier here: what it would repeat is itself.
void Shard::ask_for(OwnedQueue& queue, std::size_t index) {
  Leaving& leaving = queue.transfer->slice[index];
  leaving.waiter = next_waiter();
  moving_.emplace(leaving.waiter, MovingMessage{queue.named->id, index});
  ++queue.transfer->unanswered;
  tell_queue(leaving.to->id,
             AskAdmission{{.entry = leaving.entry, .message_id = {}, .waiter = leaving.waiter}});
}

/// False: the waiter is no message that moves. Busy is an answer, too: what the slice holds may be what
/// others wait for.
bool Shard::on_move_answered(AdmissionAnswered& answer) {
  const auto found = moving_.find(answer.waiter);
  if (found == moving_.end()) return false;
  const MovingMessage moving = found->second;
  if (answer.admission.what != Admission::What::Busy) moving_.erase(found);  // else AskedAgain follows
  OwnedQueue& queue = *owned_.all.at(moving.from);
  QueueTransfer& transfer = *queue.transfer;
  transfer.slice[moving.index].admission = std::move(answer.admission);
  if (--transfer.unanswered == 0) submit_slice(queue);
  return true;
}

/// The next slice begins with it, unless its own is not decided yet.
bool Shard::on_move_asked_again(queue::WaiterId waiter) {
  const auto found = moving_.find(waiter);
  if (found == moving_.end()) return false;
  const MovingMessage moving = found->second;
  moving_.erase(found);
  OwnedQueue& queue = *owned_.all.at(moving.from);
  QueueTransfer& transfer = *queue.transfer;
  if (transfer.waits_for == waiter) {
    transfer.waits_for = {};
    touch(queue);
  } else {
    transfer.slice[moving.index].is_told = true;
  }
  return true;
}

/// What was let in *in front of the first that was not* goes. What is behind that one would overtake it, or
/// hold what it waits for: it stays, and the next slice begins with the first.
void Shard::withdraw_rest(OwnedQueue& queue, std::size_t first) {
  QueueTransfer& transfer = *queue.transfer;
  const Leaving& refused = transfer.slice[first];
  transfer.next = refused.seq;
  transfer.homeless = refused.homeless_before;
  transfer.unreadable = refused.unreadable_before;
  absl::erase_if(transfer.passed, [&](const auto& one) { return refused.seq < one.second; });
  transfer.at_once = std::max<std::size_t>(first, 1);  // one alone holds nothing while it waits
  const bool is_busy = refused.admission.what == Admission::What::Busy;
  const bool is_gone = refused.admission.what == Admission::What::Gone;  // the next slice does not find it
  if (is_busy && !refused.is_told) transfer.waits_for = refused.waiter;
  if (!is_busy && !is_gone) transfer.full.insert(refused.to->name());
  for (std::size_t i = first; i < transfer.slice.size(); ++i) {
    const Leaving& stays = transfer.slice[i];
    if (stays.admission.what == Admission::What::Busy) {
      if (stays.waiter != transfer.waits_for) moving_.erase(stays.waiter);
    } else if (stays.admission.what == Admission::What::Admitted && stays.is_asked) {
      tell_queue(stays.to->id, AdmissionFailed{stays.admission.id});
    } else if (stays.admission.what == Admission::What::Admitted) {
      give_back_room(*stays.to, {1, stays.entry.message->size()});
    }
    queue.group.on_not_moved(stays.seq, moment());
    if (transfer.left) ++*transfer.left;
  }
  transfer.slice.erase(transfer.slice.begin() + static_cast<std::ptrdiff_t>(first), transfer.slice.end());
}

/// Each message leaves here and comes in there, or neither.
void Shard::submit_slice(OwnedQueue& queue) {
  QueueTransfer& transfer = *queue.transfer;
  const auto first = std::find_if(transfer.slice.begin(), transfer.slice.end(), [](const Leaving& leaving) {
    return leaving.admission.what != Admission::What::Admitted;
  });
  if (first != transfer.slice.end()) {
    withdraw_rest(queue, static_cast<std::size_t>(first - transfer.slice.begin()));
  } else {
    transfer.at_once = std::min(transfer.at_once * 2, QueueTransfer::kSliceMessages);
  }
  if (queue.group.has_effects()) touch(queue);
  if (transfer.slice.empty()) return transfer.waits_for.v != 0 ? void() : touch_later(queue);
  MessagesMoved work{.from = queue.named->id, .queues = {}, .left = {}};
  store::WriteBatch batch;
  for (Leaving& leaving : transfer.slice) {
    queue::append_queue_entry(batch, leaving.to->id, leaving.entry);
    work.queues.push_back({leaving.to, std::move(leaving.entry), leaving.admission.id});
    queue::erase_queue_entry(batch, queue.named->id, leaving.seq, leaving.has_state);
    evict(batch, leaving.to, leaving.admission, work.queues, work.left);
  }
  batch.refuse_when_full();  // what it erases gives no room before the next checkpoint
  transfer.is_committing = true;
  submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
}

void Shard::finish(Connection*, session::Session*, MessagesMoved& work, std::optional<Errc> error) {
  OwnedQueue& queue = *owned_.all.at(work.from);
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
    voice_.drop(work.left);
  }
  touch(queue);
}

/// The queue itself goes on in the next tick, behind what others have to say.
void Shard::touch_later(OwnedQueue& queue) {
  owned_.due.set(queue.named->id, now());
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
  if (transfer.unreadable > 0)
    return answer(failure(Errc::Corruption, "queue: " + messages_text(transfer.unreadable) +
                                                " cannot be read; " + messages_text(transfer.done) +
                                                " went"));
  if (transfer.homeless > 0 && std::holds_alternative<queue::MoveMessages>(order.command))
    return answer(failure(Errc::NotFound,
                          "to: there is no such queue any more; " + messages_text(transfer.done) + " went"));
  if (transfer.homeless > 0)
    return answer(failure(Errc::NotFound, "to: of " + messages_text(transfer.homeless) +
                                              " the queue where they died is not there; " +
                                              messages_text(transfer.done) +
                                              " went. Name a queue for the others"));
  const auto* move = std::get_if<queue::MoveMessages>(&order.command);
  if (move != nullptr && move->offset && transfer.done == 0)
    return answer(
        failure(Errc::NotFound, "offset: message " + std::to_string(move->offset->v) +
                                    " has left meanwhile, a consumer has it, or it cannot be read"));
  answer(ControlResult(queue::MessagesDone{transfer.done}));
}

}  // namespace hermod::broker
