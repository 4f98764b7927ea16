// A PUBLISH for named queues that have to be asked: their owners say what may come in, and what has to leave
// for it. Until they have, nothing else of the connection is looked at; they answer at once.

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "broker/message_id.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"
#include "session/records.h"

namespace hermod::broker {

using queue::AdmissionRound;

bool Shard::asks_owners() const {
  return std::any_of(queue_targets_.begin(), queue_targets_.end(),
                     [](const QueueTarget& target) { return target.is_asked; });
}

/// What is in targets_ and queue_targets_ goes along. The session stays on this shard until it is decided.
void Shard::ask_owners(Connection* c, PendingPublication publication) {
  publication.targets = std::move(targets_);
  publication.queue_targets = std::move(queue_targets_);
  publication.message_id = message_id_of(*publication.message);
  targets_.clear();
  queue_targets_.clear();
  publication.number = asked_.begin(publication.session);
  if (c != nullptr) c->pause(Connection::Pause::Admission);
  if (Session* session = sessions_.find(publication.session)) session->commit_started();
  begin_round(std::move(publication));
}

queue::WaiterId Shard::next_waiter() {
  return queue::WaiterId{waiter_number(id_, ++waiters_)};
}

void Shard::begin_round(PendingPublication publication) {
  const queue::WaiterId waiter = next_waiter();
  std::vector<QueueId> asked;
  for (const QueueTarget& target : publication.queue_targets) {
    if (!target.is_asked) continue;
    asked.push_back(target.queue->id);
    tell_queue(target.queue->id, AskAdmission{{.entry = {.message = publication.message, .key = target.key},
                                               .message_id = publication.message_id,
                                               .waiter = waiter}});
  }
  publication.round.emplace(asked, /*may_refuse=*/publication.connection || publication.delayed.v != 0);
  pending_.emplace(waiter, std::make_unique<PendingPublication>(std::move(publication)));
}

void Shard::on_admission_answered(QueueId queue, AdmissionAnswered& answer) {
  if (on_move_answered(answer)) return;
  if (transactions_ && transactions_->on_admission_answered(queue, answer)) return;
  const auto found = pending_.find(answer.waiter);
  HERMOD_ASSERT(found != pending_.end());  // it waits for all answers
  PendingPublication& publication = *found->second;
  for (QueueTarget& target : publication.queue_targets)
    if (target.queue->id == queue) target.admission = answer.admission;
  switch (publication.round->on_answer(queue, std::move(answer.admission))) {
    case AdmissionRound::Step::Wait:
      return;
    case AdmissionRound::Step::Submit:
      return submit_admitted(answer.waiter);
    case AdmissionRound::Step::Withdraw:
      for (const AdmissionRound::Admitted& one : publication.round->admitted())
        tell_queue(one.queue, AdmissionFailed{one.admission.id});
      return conclude(answer.waiter);
  }
}

/// The batch goes. What it repeats somewhere else may still be on its way: then the publisher waits for that,
/// too.
void Shard::submit_admitted(queue::WaiterId waiter) {
  PendingPublication& publication = *pending_.at(waiter);
  Connection* const c = publisher_of(publication);
  const bool waits = publication.round->waits_for_others();
  targets_ = std::move(publication.targets);
  queue_targets_ = std::move(publication.queue_targets);
  drop_not_admitted();
  store::WriteBatch batch;
  if (publication.batch) batch = std::move(*publication.batch);
  const Session* const session = sessions_.find(publication.session);
  // It may have ended meanwhile, and its record is not to come back; or be in use again, with another will.
  if (publication.records_session && session != nullptr && session->is_durable())
    session::record_session(batch, *session);
  if (c == nullptr && session != nullptr && session->is_durable() && publication.qos == QoS::ExactlyOnce)
    session::record_inbound_id(batch, session->id(), publication.packet_id);
  if (publication.delayed.v == 0) hand_over_now(/*qos0_only=*/true);
  commit_publish(c, publication.message, publication.packet_id, publication.qos, publication.retain,
                 std::move(batch), publication.session, waits ? waiter : queue::WaiterId{},
                 publication.delayed);
  if (publication.connection && targets_.empty() && queue_targets_.empty())
    counters_.add(Counter::PublishNoSubscribers);
  if (c != nullptr) wait_for_slow_reader(*c);
  end_asking(publication);
  if (!waits) end_pending(waiter);
}

/// Of those in queue_targets_ that were asked.
void Shard::drop_not_admitted() {
  using What = queue::Admission::What;
  for (QueueTarget& target : queue_targets_) {
    if (!target.is_asked || target.admission.what == What::Admitted) continue;
    target.is_dropped = true;
    switch (target.admission.what) {
      case What::Dropped:
      case What::Full:  // the broker's own: this queue misses it alone
        voice_.tell_full(*target.queue);
        break;
      case What::Duplicate:
      case What::DuplicatePending:
        counters_.add(Counter::QueueDuplicates);
        break;
      case What::RateLimited:
      case What::Admitted:
      case What::Gone:
      case What::Busy:
        break;
    }
  }
  std::erase_if(queue_targets_,
                [](const QueueTarget& target) { return target.admission.what == What::Gone; });
}

/// Its batch is with the committer, or there will be none: what its client wanted behind it comes now.
void Shard::end_asking(PendingPublication& publication) {
  if (publication.number == 0) return;
  asked_.end(std::exchange(publication.number, 0));
  publish_late_wills(publication.session);
}

/// Null also when its connection has left the session meanwhile.
Connection* Shard::publisher_of(const PendingPublication& publication) {
  Connection* const c = live(publication.connection);
  const bool is_there = c != nullptr && c->session() != nullptr && c->session()->id() == publication.session;
  return is_there ? c : nullptr;
}

/// Nothing happens while its fate is open. What is the broker's own waits as everybody does where a queue is
/// Busy; its session stays on this shard until then.
void Shard::conclude(queue::WaiterId waiter) {
  PendingPublication& publication = *pending_.at(waiter);
  const AdmissionRound::Fate fate = publication.round->fate();
  Connection* const c = publisher_of(publication);
  Session* const session = sessions_.find(publication.session);
  switch (fate) {
    case AdmissionRound::Fate::Open:
      return;
    case AdmissionRound::Fate::Kept:
      if (publication.qos != QoS::AtMostOnce && session != nullptr) {
        session->inbound().on_committed(publication.packet_id, publication.qos);
        if (c != nullptr)
          acknowledge_publish(*c, publication.packet_id, publication.qos, ReasonCode::Success,
                              publication.ref.get());
      }
      break;
    case AdmissionRound::Fate::Failed:
      if (publication.qos != QoS::AtMostOnce && session != nullptr) {
        counters_.add(Counter::PublishRefused);
        session->inbound().on_commit_failed(publication.packet_id, publication.qos);
        if (c != nullptr) refuse_stored_publish(*c, publication.packet_id, publication.qos, Errc::Io);
      }
      break;
    case AdmissionRound::Fate::Refused:
      refuse_pending(publication);
      break;
    case AdmissionRound::Fate::AskAgain: {
      PendingPublication again = std::move(publication);
      pending_.erase(waiter);
      return begin_round(std::move(again));
    }
  }
  end_pending(waiter);
}

void Shard::refuse_pending(PendingPublication& publication) {
  counters_.add(Counter::QueueRefused);
  const queue::Amount one{1, publication.message->size()};
  targets_ = std::move(publication.targets);
  release_room(publication.message);
  for (const QueueTarget& target : publication.queue_targets) {
    if (target.is_asked && target.admission.what == queue::Admission::What::Full)
      voice_.tell_full(*target.queue);
    if (!target.is_asked && !target.is_dropped) give_back_room(*target.queue, one);
  }
  if (publication.delayed.v != 0) return delayed_->put_off(publication.delayed);
  const wire::Publish packet{.qos = publication.qos, .id = publication.packet_id};
  if (Connection* const c = publisher_of(publication))
    return refuse_publish(*c, packet, ReasonCode::QuotaExceeded,
                          "a named queue is full, or its rate is reached");
  Session* const session = sessions_.find(publication.session);
  if (session != nullptr && publication.qos != QoS::AtMostOnce)
    session->inbound().on_commit_failed(publication.packet_id, publication.qos);
}

/// Its connection goes on, and its session may leave the shard.
void Shard::end_pending(queue::WaiterId waiter) {
  const auto publication = std::move(pending_.extract(waiter).mapped());
  end_asking(*publication);
  if (Connection* const c = live(publication->connection)) c->resume(Connection::Pause::Admission, now());
  let_session_go(publication->session);
}

/// One thing less that holds it on this shard.
void Shard::let_session_go(SessionId id) {
  Session* const session = sessions_.find(id);
  if (session == nullptr || !session->has_commits_in_flight()) return;
  session->commit_finished();
  hand_over_if_wanted(id);
}

/// The end of a batch whose publisher waits for others as well.
void Shard::on_round_stored(queue::WaiterId waiter, bool is_stored, std::unique_ptr<PublishRef> ref) {
  PendingPublication& publication = *pending_.at(waiter);
  publication.ref = std::move(ref);
  publication.round->on_batch(is_stored);
  conclude(waiter);
}

void Shard::on_repeated(QueueId queue, const RepeatedEnded& ended) {
  if (transactions_ && transactions_->on_go_on(ended.waiter)) return;
  const auto found = pending_.find(ended.waiter);
  if (found == pending_.end()) return;
  found->second->round->on_repeated(queue, ended.is_stored);
  conclude(ended.waiter);
}

void Shard::on_ask_again(const AskedAgain& asked) {
  if (on_move_asked_again(asked.waiter)) return;
  if (transactions_ && transactions_->on_go_on(asked.waiter)) return;
  const auto found = pending_.find(asked.waiter);
  if (found == pending_.end()) return;
  found->second->round->on_ask_again();
  conclude(asked.waiter);
}

/// What a queue has let in: its entry, what leaves for it, and its identifier.
void Shard::append_admitted(store::WriteBatch& batch, QueueTarget& target, const queue::MessagePtr& message,
                            std::optional<MessageId> shared, PublishCommit& work) {
  const QueueId id = target.queue->id;
  queue::QueueEntry entry{.message = message, .key = std::move(target.key)};
  shared ? queue::append_queue_entry(batch, id, entry, *shared) : queue::append_queue_entry(batch, id, entry);
  work.queues.push_back({target.queue, std::move(entry), target.admission.id});
  if (target.admission.message_id_number != 0)
    queue::record_message_id(batch, id, target.admission.message_id_number, message_id_of(*message), wall());
  evict(batch, target.queue, target.admission, work.queues, work.left);
}

/// What leaves for a message that was let in. When the batch fails it stays, and is asked for once more.
void Shard::evict(store::WriteBatch& batch, const queue::NamedQueuePtr& queue, queue::Admission& admission,
                  CommitQueues& queues, LeftMessages& left) {
  for (queue::Eviction& eviction : admission.evictions) {
    queue::erase_queue_entry(batch, queue->id, eviction.seq, eviction.has_state);
    if (eviction.why == queue::Removal::Replaced) {
      left.push_back({.why = Counter::QueueReplaced, .queue = queue});
      continue;
    }
    voice_.tell_full(*queue);
    if (!eviction.dead_letter) {
      left.push_back(
          {.why = Counter::QueueDroppedMaxLength, .message = std::move(eviction.message), .queue = queue});
      continue;
    }
    const std::string dead = queue->definition.dead_letter_target();
    const queue::NamedQueuePtr to = dead.empty() ? nullptr : shared_.queues.find(dead);
    const queue::MessagePtr& message = eviction.dead_letter->message;
    if (to && to->room->take({1, message->size()})) {
      left.push_back({.why = Counter::QueueDeadMaxLength, .message = message, .queue = queue});
      queue::append_queue_entry(batch, to->id, *eviction.dead_letter);
      queues.push_back({to, std::move(*eviction.dead_letter), {}});
    } else {
      left.push_back({.why = Counter::QueueDroppedDeadLetters, .message = message, .queue = queue});
      if (to) voice_.tell_full(*to);
    }
  }
}

// --- on the owner's shard ---

void Shard::answer_admission(OwnedQueue* queue, QueueId id, const AskAdmission& asked) {
  queue::Admission admission{.what = queue::Admission::What::Gone};
  if (queue != nullptr && queue->waits_for_ending()) {
    // Nobody waits for a store that has failed.
    admission.what = queue->waits_for_store ? queue::Admission::What::Full
                                            : queue->ask_again_behind_ending(asked.arrival.waiter);
  } else if (queue != nullptr) {
    admission = queue->group.admit(asked.arrival, moment());
  }
  tell(shard_of(asked.arrival.waiter),
       FromQueue{id, AdmissionAnswered{asked.arrival.waiter, std::move(admission)}});
}

void Shard::tell_waiters(QueueId queue, const std::vector<queue::WaiterId>& waiters, bool is_stored) {
  for (const queue::WaiterId waiter : waiters)
    tell(shard_of(waiter), FromQueue{queue, RepeatedEnded{waiter, is_stored}});
}

void Shard::tell_to_ask_again(QueueId queue, const queue::AskAgain& again) {
  for (const queue::WaiterId waiter : again.waiters)
    tell(shard_of(waiter), FromQueue{queue, AskedAgain{waiter}});
}

}  // namespace hermod::broker
