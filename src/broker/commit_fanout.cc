#include "broker/commit_fanout.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.h"

namespace hermod::broker {
namespace {

CommitTicket& ticket_of(store::Done& done) {
  return static_cast<CommitTicket&>(*done.ticket);
}

/// How many entries of its batch are of this publication.
std::size_t appends_of(const PublishCommit& publish) {
  const auto targets = std::count_if(publish.targets.begin(), publish.targets.end(),
                                     [](const CommitTarget& target) { return target.durable; });
  return static_cast<std::size_t>(targets) + publish.queues.size() + (publish.delayed ? 1U : 0U);
}

}  // namespace

/// Acks and QoS 2 wait for on_durable(), and so does QoS 1 for whom it cannot be sent at once. So does what
/// nobody sends again when it is not stored, and would come twice: a will, and what was a delayed message.
void CommitFanout::on_sequenced(std::span<store::Done> done) {
  for (const store::Done& one : done) {
    if (!one.ticket || one.appended.empty()) continue;
    auto* publish = std::get_if<PublishCommit>(&static_cast<CommitTicket&>(*one.ticket).work);
    if (publish == nullptr || publish->qos != wire::QoS::AtLeastOnce) continue;
    const std::span<const store::Appended> entries = deliver_early(*publish, one.appended);
    if (!publish->queues.empty()) enqueue_early(*publish, entries);
  }
  outbox_.post_all();
}

/// To clients that are there; gives what is not theirs. What is drawn for a shared group may still go to
/// another member, and what is on loan is in the store already.
std::span<const store::Appended> CommitFanout::deliver_early(const PublishCommit& publish,
                                                             std::span<const store::Appended> appended) {
  std::size_t next = 0;
  for (const CommitTarget& target : publish.targets) {
    if (!target.durable) continue;
    HERMOD_ASSERT(next < appended.size());
    const store::Appended& entry = appended[next++];
    const queue::Delivery& delivery = target.delivery;
    if (!entry.may_be_told || delivery.group != 0 || delivery.loan.keeper.v != 0) continue;
    if (const auto where = slots_.locate(target.session); where && where->online)
      outbox_.send(where->shard, DeliverEarly{target.session, entry.seq, delivery});
  }
  return appended.subspan(next);
}

/// To owners that need not be asked. Not what has left a queue for the message, which does so when that is
/// durable.
void CommitFanout::enqueue_early(PublishCommit& publish, std::span<const store::Appended> entries) {
  for (std::size_t i = 0; i < publish.queues.size(); ++i) {
    CommitQueue& one = publish.queues[i];
    const bool may_go = one.admission.v == 0 && !one.queue->stream && one.entry.message == publish.message &&
                        queue::QueueGroup::takes_early(one.queue->definition);
    if (!may_go || !entries[i].may_be_told) continue;
    one.is_told = true;
    outbox_.send(owner_of(one.queue->id, shards_),
                 ToQueue{one.queue->id, QueueEntrySequenced{entries[i].seq, std::move(one.entry)}});
  }
}

void CommitFanout::on_durable(std::span<store::Done> done) {
  for (store::Done& one : done) {
    if (!one.ticket) continue;  // nobody waits for it
    if (auto* publish = std::get_if<PublishCommit>(&ticket_of(one).work)) {
      if (one.elided) counters_.add(Counter::PublishElided);
      this->publish(ticket_of(one).home, *publish, one.appended, one.elided);
    } else if (auto* ended = std::get_if<TransactionEnded>(&ticket_of(one).work)) {
      this->publish(ticket_of(one).home, *ended, one.appended);
    } else if (auto* settled = std::get_if<QueueSettled>(&ticket_of(one).work)) {
      enqueue(settled->dead_letters, one.appended);
    } else if (auto* moved = std::get_if<MessagesMoved>(&ticket_of(one).work)) {
      enqueue(moved->queues, one.appended);
    } else if (auto* taken = std::get_if<SequencesTaken>(&ticket_of(one).work)) {
      taken->first = one.appended.back().seq;
    } else if (auto* claim = std::get_if<ClaimMade>(&ticket_of(one).work)) {
      claim->own = one.appended.back().seq;
    }
  }
  tell_durable();
  finish_all(done, std::nullopt);
}

/// Owners of what they had early: of each queue once.
void CommitFanout::tell_durable() {
  const auto send = [this](QueueId queue, const QueueEntriesDurable& durable) {
    outbox_.send(owner_of(queue, shards_), ToQueue{queue, durable});
  };
  std::sort(durable_.begin(), durable_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.queue, a.entries.last) < std::pair(b.queue, b.entries.last);
  });
  for (std::size_t i = 0; i < durable_.size(); ++i) {
    if (i + 1 < durable_.size() && durable_[i + 1].queue == durable_[i].queue) {
      durable_[i + 1].entries.count += durable_[i].entries.count;
    } else {
      send(durable_[i].queue, durable_[i].entries);
    }
  }
  durable_.clear();
}

void CommitFanout::on_failed(std::span<store::Done> done, const Error& error) {
  if (on_failure_) on_failure_();
  for (store::Done& one : done) {
    if (!one.ticket) continue;
    if (const auto* publish = std::get_if<PublishCommit>(&ticket_of(one).work)) {
      fail(*publish, one.appended);
    } else if (const auto* ended = std::get_if<TransactionEnded>(&ticket_of(one).work)) {
      std::span<const store::Appended> left = one.appended;
      for (const PublishCommit& each : ended->publications) {
        const auto own = left.first(std::min(left.size(), appends_of(each)));
        fail(each, own);
        left = left.subspan(own.size());
      }
    } else if (const auto* settled = std::get_if<QueueSettled>(&ticket_of(one).work)) {
      give_back_room(settled->dead_letters, {});
    } else if (const auto* moved = std::get_if<MessagesMoved>(&ticket_of(one).work)) {
      give_back_room(moved->queues, {});
    } else if (auto* taken = std::get_if<SequencesTaken>(&ticket_of(one).work)) {
      if (!one.appended.empty()) taken->first = one.appended.back().seq;
    } else if (auto* claim = std::get_if<ClaimMade>(&ticket_of(one).work)) {
      if (!one.appended.empty()) claim->own = one.appended.back().seq;
    }
  }
  finish_all(done, error.code);
}

void CommitFanout::publish(ShardId home, PublishCommit& publish, std::span<const store::Appended> appended,
                           bool elided) {
  if (publish.retain) retain_message(publish);
  deliver(home, publish, appended, elided);
  if (publish.delayed) delay(publish, appended);
  if (publish.prepared)
    outbox_.send(kTransactionOwner,
                 ToTransactions{TransactionPrepared{appended.front().seq, std::move(publish.prepared)}});
}

/// All of a transaction, in its order; behind them stands the record of its end.
void CommitFanout::publish(ShardId home, TransactionEnded& ended, std::span<const store::Appended> appended) {
  for (PublishCommit& each : ended.publications) {
    const std::size_t own = appends_of(each);
    publish(home, each, appended.first(own), /*elided=*/false);
    appended = appended.subspan(own);
  }
  HERMOD_ASSERT(appended.size() == 1);
  ended.record = appended.front().seq;
}

/// Every receiver gets the message where it lives now. For one that ended meanwhile the publisher's shard
/// finds another member of its group, if it has one. Who has an entry of an elided message has acknowledged
/// it.
void CommitFanout::deliver(ShardId home, PublishCommit& publish, std::span<const store::Appended> appended,
                           bool elided) {
  std::size_t next = 0;
  for (CommitTarget& target : publish.targets) {
    Seq seq{};
    if (target.durable) {
      if (elided) continue;
      HERMOD_ASSERT(next < appended.size());
      seq = appended[next++].seq;
    }
    const auto where = slots_.locate(target.session);
    outbox_.send(where ? where->shard : home, Deliver{target.session, seq, std::move(target.delivery)});
  }
  publish.targets.clear();
  if (publish.queues.empty()) return;
  const std::span<const store::Appended> entries = appended.subspan(next);
  if (publish.ref) tell_where(publish, entries);
  enqueue(publish.queues, entries);
}

/// From now on it waits for its time.
void CommitFanout::delay(PublishCommit& publish, std::span<const store::Appended> appended) {
  HERMOD_ASSERT(appended.size() == 1);
  const Seq seq = appended.front().seq;
  if (publish.ref) publish.ref->stored.push_back({"$delayed", seq});
  outbox_.send(kDelayedOwner, DelayedStored{seq, std::move(publish.delayed)});
}

/// What has left a queue for the message, and is a dead letter, is another's.
void CommitFanout::tell_where(PublishCommit& publish, std::span<const store::Appended> entries) {
  for (std::size_t i = 0; i < publish.queues.size(); ++i) {
    const CommitQueue& one = publish.queues[i];
    if (one.is_told || one.entry.message == publish.message)
      publish.ref->stored.push_back({one.queue->name(), entries[i].seq});
  }
}

/// Each entry goes to the owner of its queue. Precondition: `appended` are theirs.
void CommitFanout::enqueue(CommitQueues& queues, std::span<const store::Appended> appended) {
  HERMOD_ASSERT(queues.size() <= appended.size());
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const QueueId queue = queues[i].queue->id;
    if (const auto& stream = queues[i].queue->stream) {
      const queue::Message& message = *queues[i].entry.message;
      stream->append(appended[i].seq, message.size(), message.stored_at());
    }
    if (queues[i].is_told) {
      if (durable_.empty() || durable_.back().queue != queue) durable_.push_back({queue, {}});
      durable_.back().entries.last = appended[i].seq;
      ++durable_.back().entries.count;
      continue;
    }
    if (queues[i].admission.v != 0) {
      outbox_.send(owner_of(queue, shards_),
                   ToQueue{queue, AdmissionStored{queues[i].admission, appended[i].seq}});
      continue;
    }
    outbox_.send(owner_of(queue, shards_),
                 ToQueue{queue, QueueEntryStored{appended[i].seq, std::move(queues[i].entry)}});
  }
  queues.clear();
}

/// Owners hear of it: a queue may wait for room, or for its end. Precondition: `appended` are theirs, if they
/// were sequenced.
void CommitFanout::give_back_room(const CommitQueues& queues, std::span<const store::Appended> appended) {
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const CommitQueue& one = queues[i];
    if (one.is_told) {
      HERMOD_ASSERT(i < appended.size());
      outbox_.send(owner_of(one.queue->id, shards_),
                   ToQueue{one.queue->id, QueueEntryFailed{appended[i].seq}});
    } else if (one.admission.v != 0) {
      outbox_.send(owner_of(one.queue->id, shards_), ToQueue{one.queue->id, AdmissionFailed{one.admission}});
    } else {
      one.queue->room->give_back({1, one.entry.message->size()});
      outbox_.send(owner_of(one.queue->id, shards_), ToQueue{one.queue->id, RoomGivenBack{}});
    }
  }
}

void CommitFanout::fail(const PublishCommit& publish, std::span<const store::Appended> appended) {
  if (publish.retain) retained_.settle(publish.message->topic());
  skip(publish, appended);
}

/// The sequences of a failed group are never filled; their queues go on behind them. A batch that a read-only
/// store refused was given none.
void CommitFanout::skip(const PublishCommit& publish, std::span<const store::Appended> appended) {
  std::size_t next = 0;
  for (const CommitTarget& target : publish.targets) {
    Seq seq{};
    if (target.durable && next < appended.size()) seq = appended[next++].seq;
    if (target.delivery.qos == wire::QoS::AtMostOnce) continue;  // it took no room
    const auto where = slots_.locate(target.session);
    if (where) outbox_.send(where->shard, SkipSequence{target.session, seq, target.delivery.message->size()});
  }
  give_back_room(publish.queues, appended.subspan(next));
}

/// [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7]
void CommitFanout::retain_message(const PublishCommit& publish) {
  const bool clears = publish.message->payload().empty();
  if (clears) {
    retained_.clear(publish.message->topic());
  } else {
    // It is in the store, so the limit, which its publisher was held to, is not asked again.
    retained_.restore(publish.message, publish.retained_number);
  }
  retained_.settle(publish.message->topic());
  counters_.add(clears ? Counter::RetainedCleared : Counter::RetainedSet);
}

/// A shard that hears of its commit may send the next message directly to any other shard, so what goes there
/// for the group is in every mailbox first. [MQTT-4.6.0-6]
void CommitFanout::finish_all(std::span<store::Done> done, std::optional<Errc> error) {
  outbox_.post_all();
  for (store::Done& one : done) {
    if (!one.ticket) continue;
    std::unique_ptr<CommitTicket> ticket(static_cast<CommitTicket*>(one.ticket.release()));
    const ShardId home = ticket->home;
    outbox_.send(home, CommitFinished{std::move(ticket), error});
  }
  outbox_.post_all();
}

}  // namespace hermod::broker
