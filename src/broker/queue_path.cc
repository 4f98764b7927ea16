// The owner's side of a named queue: what comes into it, what its rules want sent and stored, and when.

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "broker/queue_flush.h"
#include "broker/sequence_path.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"

namespace hermod::broker {

namespace {

/// What a shard says to itself about queues in one tick at most.
constexpr std::size_t kMostToSelf = 8192;
/// Memory for effects that is kept: for so many queues at once, and so many effects.
constexpr std::size_t kSpareEffects = 8;
constexpr std::size_t kMostSpare = 2048;

Counter counter_for(queue::Outcome last) {
  switch (last) {
    case queue::Outcome::TimedOut:
      return Counter::QueueAckTimeouts;
    case queue::Outcome::ConnectionLost:
      return Counter::QueueHandedBack;
    case queue::Outcome::Done:
    case queue::Outcome::Rejected:
    case queue::Outcome::RetryLater:
      break;
  }
  return Counter::QueueRetried;
}

Counter counter_for(queue::DeathReason reason) {
  switch (reason) {
    case queue::DeathReason::Rejected:
      return Counter::QueueDeadRejected;
    case queue::DeathReason::Expired:
      return Counter::QueueDeadExpired;
    case queue::DeathReason::MaxLength:
      return Counter::QueueDeadMaxLength;
    case queue::DeathReason::DeliveryLimit:
      break;
  }
  return Counter::QueueDeadDeliveryLimit;
}

Counter counter_for(queue::Removal why) {
  switch (why) {
    case queue::Removal::Acknowledged:
      return Counter::QueueAcknowledged;
    case queue::Removal::Replaced:
      return Counter::QueueReplaced;
    case queue::Removal::Purged:
      return Counter::QueuePurged;
    case queue::Removal::NeverStored:
      return Counter::QueueDroppedNeverStored;
    case queue::Removal::Rejected:
      return Counter::QueueDroppedRejected;
    case queue::Removal::Expired:
      return Counter::QueueDroppedExpired;
    case queue::Removal::MaxLength:
      return Counter::QueueDroppedMaxLength;
    case queue::Removal::DeliveryLimit:
      break;
  }
  return Counter::QueueDroppedDeliveryLimit;
}

PageRead::Purpose purpose_of(queue::ReadFor purpose) {
  switch (purpose) {
    case queue::ReadFor::Lending:
      return PageRead::Purpose::QueueLending;
    case queue::ReadFor::Looking:
      return PageRead::Purpose::QueueLooking;
    case queue::ReadFor::Evicting:
      return PageRead::Purpose::QueueEvicting;
    case queue::ReadFor::Showing:
      break;
  }
  return PageRead::Purpose::QueueShowing;
}

}  // namespace

/// To whom it concerns, who may be on this shard: then it is said in the same tick.
void Shard::tell(ShardId to, ShardMessage&& message) {
  if (to != id_) return outbox_.send(to, std::move(message));
  to_self_.push_back(std::move(message));
}

/// Behind what it has to hear of deliveries; only credit may come earlier.
void Shard::tell_queue(QueueId queue, ToQueue::Message message) {
  if (!std::holds_alternative<ConsumerGranted>(message)) tell_lease_reports();
  tell(owner_of(queue, shared_.mailboxes.size()), ToQueue{queue, std::move(message)});
}

void Shard::tell_lease_reports() {
  lease_reports_.tell_all([this](QueueId queue, LeasesReported&& told) {
    tell(owner_of(queue, shared_.mailboxes.size()), ToQueue{queue, std::move(told)});
  });
}

/// One of this shard's; null when there is no such queue any more. One that was made while the broker runs
/// begins here, empty, with the first that is said about it.
OwnedQueue* Shard::owned_queue(QueueId id) {
  if (const auto found = owned_.all.find(id); found != owned_.all.end()) return found->second.get();
  queue::NamedQueuePtr named = shared_.queues.find(id);
  if (!named) return nullptr;
  OwnedQueue* const queue =
      owned_.all
          .emplace(id, std::make_unique<OwnedQueue>(std::move(named), moment(),
                                                    group_limit(shared_.options.queues)))
          .first->second.get();
  bound_memory(*queue);
  serving_.link(*queue);
  // Each may hold less now, also those that nothing happens to: looked after whenever there are twice as
  // many.
  if (std::has_single_bit(owned_.all.size()))
    for (const auto& [other, owned] : owned_.all) {
      bound_memory(*owned);
      owned->say_in_memory();
    }
  return queue;
}

void Shard::on_queue_told(ToQueue& told) {
  if (told.queue.v == queue::kDelayedStream.v) return delayed_->on_asked(std::get<AskCommand>(told.message));
  if (told.queue.v == queue::kTransactionStream.v)
    return transactions_->on_asked(std::get<AskCommand>(told.message));
  OwnedQueue* const queue = owned_queue(told.queue);
  if (const auto* asked = std::get_if<AskAdmission>(&told.message)) {
    answer_admission(queue, told.queue, *asked);
    return queue != nullptr ? touch(*queue) : void();
  }
  if (auto* asked = std::get_if<AskCommand>(&told.message)) {
    on_command_asked(queue, told.queue, *asked);
    return queue != nullptr ? touch(*queue) : void();
  }
  if (const auto* joined = std::get_if<ConsumerJoined>(&told.message);
      joined != nullptr && !GroupServing::takes_members(queue))
    return tell(joined->shard,
                FromQueue{told.queue, ConsumerTurnedAway{joined->consumer, joined->attachment}});
  if (queue == nullptr) return;
  if (const auto* numbered = std::get_if<MessageNumbered>(&told.message))
    return watch_sequence(*queue, *numbered->message, counters_, voice_);
  touch(*queue);
  if (queue->stream) return on_stream_told(*queue, told.message);
  struct Receiver {
    Shard& shard;
    OwnedQueue& queue;
    void operator()(QueueEntryStored& m) {
      shard.counters_.add(Counter::QueueStored);
      queue.group.on_stored({.entry = std::move(m.entry)}, m.seq, shard.moment());
    }
    void operator()(QueueEntrySequenced& m) {
      queue.group.on_sequenced(m.seq, std::move(m.entry), shard.moment());
    }
    void operator()(const QueueEntriesDurable& m) {
      shard.counters_.add(Counter::QueueStored, m.count);
      queue.group.on_durable(m.last, shard.moment());
    }
    void operator()(const QueueEntryFailed& m) { queue.group.on_never_stored(m.seq, shard.moment()); }
    void operator()(const AskAdmission&) {}  // answered above
    void operator()(const AdmissionStored& m) {
      shard.counters_.add(Counter::QueueStored);
      shard.tell_waiters(queue.named->id, queue.group.on_stored(m.id, m.seq, shard.moment()), true);
    }
    void operator()(const AdmissionFailed& m) {
      shard.tell_waiters(queue.named->id, queue.group.on_failed(m.id, shard.moment()), false);
    }
    void operator()(const MessageNumbered&) {}  // taken above
    void operator()(const RoomGivenBack&) { queue.group.on_room_given_back(); }
    void operator()(ConsumerJoined& m) {
      if (!queue.attach(m.consumer, {m.shard, m.attachment})) return;
      if (queue.group_of_stream) shard.serving_.take_filter(queue);
      queue.group.join(m.consumer, m.attachment, std::move(m.options), shard.moment());
    }
    void operator()(ConsumerChanged& m) {
      if (queue.group_of_stream) shard.serving_.take_filter(queue);
      queue.group.change_options(m.consumer, m.attachment, std::move(m.options), shard.moment());
    }
    void operator()(ConsumerGranted& m) {
      queue.group.grant(m.consumer, m.attachment, m.limit, shard.moment());
    }
    void operator()(ConsumerDrained& m) {
      queue.group.drain(m.consumer, m.attachment, shard.moment());
      member_left();
    }
    void operator()(ConsumerDisconnected& m) {
      queue.group.disconnect(m.consumer, m.attachment, shard.moment());
      queue.detach(m.consumer, m.attachment);
      member_left();
    }
    void operator()(ConsumerLeft& m) {
      queue.group.leave(m.consumer, shard.moment());
      member_left();
      queue.places.erase(m.consumer);
      absl::erase_if(queue.claims, [&](const auto& one) { return one.second.session.v == m.consumer.v; });
    }
    void operator()(LeaseClaimed& m) {
      if (queue.group.has_lease(m.lease)) queue.claims[m.lease] = {m.session, m.claim};
      queue.group.sent(m.lease, shard.moment());
    }
    void operator()(const AskCommand&) {}  // answered above
    void operator()(const SubscribersForgotten&) { shard.on_subscribers_forgotten(queue); }
    void operator()(const LeasesReported& m) {
      for (const LeaseReport& report : m.reports) {
        if (report.is_done) {
          (*this)(LeaseSettled{report.lease, queue::Outcome::Done});
        } else {
          queue.group.sent(report.lease, shard.moment());
        }
      }
    }
    void operator()(LeasesUnsent& m) { queue.group.unsent(m.leases, shard.moment()); }
    /// A consumer group has few in hand, and is not to fill up with what waits for a member who may never
    /// come.
    void operator()(LeaseTooLarge& m) {
      if (!queue.group_of_stream || queue.group.has_other_taker(m.lease))
        return queue.group.too_large(m.lease, m.most_bytes, shard.moment());
      static_cast<void>(queue.group.settle(m.lease, queue::Outcome::Rejected, std::nullopt, shard.moment()));
    }
    void member_left() {
      if (queue.group_of_stream) queue.group.forget_sizes(shard.moment());
    }
    void operator()(const LeaseSettled& m) {
      using Settled = queue::QueueGroup::Settled;
      const Settled settled =
          queue.group.settle(m.lease, m.outcome, m.retry_after, shard.moment(), m.is_exchange_open);
      if (settled != Settled::Now && !m.is_expected) shard.counters_.add(Counter::QueueLateAcks);
    }
  };
  std::visit(Receiver{*this, *queue}, told.message);
}

/// Its effects are carried out before the tick ends; until then it only takes in what happens.
void Shard::touch(OwnedQueue& queue) {
  if (std::exchange(queue.is_touched, true)) return;
  std::vector<queue::QueueEffect> memory;
  if (!owned_.spare_effects.empty()) {
    memory = std::move(owned_.spare_effects.back());
    owned_.spare_effects.pop_back();
  }
  queue.group.hold_back(std::move(memory));
  owned_.touched.push_back(queue.named->id);
}

void Shard::advance_queues() {
  while (const auto due = owned_.due.take_due(now())) {
    const auto found = owned_.all.find(*due);
    if (found == owned_.all.end()) continue;
    touch(*found->second);
    found->second->group.advance(moment());
  }
}

/// What queues want, and what this shard says to itself because of that. True when something is left.
bool Shard::run_queues() {
  tell_lease_reports();
  for (std::size_t said = 0; !owned_.touched.empty() || !to_self_.empty() || !to_pump_.empty();) {
    if (said > kMostToSelf) return true;
    for (const QueueId id : std::exchange(owned_.touched, {}))
      if (const auto found = owned_.all.find(id); found != owned_.all.end()) carry_out(*found->second);
    said += to_self_.size();
    said_to_self_.swap(to_self_);
    for (ShardMessage& message : said_to_self_) receive(message);
    said_to_self_.clear();
    pump_consuming();
    tell_lease_reports();
  }
  return false;
}

/// The session consumes, and has got something or has room for more: it goes on in this tick, once.
void Shard::pump_soon(SessionId session) {
  if (to_pump_.empty() || to_pump_.back() != session) to_pump_.push_back(session);
}

void Shard::pump_consuming() {
  std::vector<SessionId> sessions = std::exchange(to_pump_, {});
  std::sort(sessions.begin(), sessions.end());
  sessions.erase(std::unique(sessions.begin(), sessions.end()), sessions.end());
  for (const SessionId id : sessions)
    if (session::Session* session = sessions_.find(id)) pump(*session);
}

/// In the order in which the rules wanted it. Who was disconnected meanwhile is not there to take a delivery:
/// at QoS 2 it would stay his for good if nobody handed it back.
void Shard::carry_out(OwnedQueue& queue) {
  queue.is_touched = false;
  bound_memory(queue);
  if (queue.group_of_stream) serving_.feed(queue);
  queue.group.act(moment());
  std::vector<queue::LeaseId> unsent;
  struct Receiver {
    Shard& shard;
    OwnedQueue& queue;
    std::vector<queue::LeaseId>& unsent;
    void operator()(queue::Deliver& it) {
      const auto place = queue.places.find(it.consumer);
      if (place == queue.places.end()) return unsent.push_back(it.lease);
      if (queue.group_of_stream) it.seq = queue.group_of_stream->reading.offset_of(it.seq);
      shard.tell(place->second.shard, FromQueue{queue.named->id, std::move(it)});
    }
    void operator()(queue::Recall& it) {
      const auto place = queue.places.find(it.consumer);
      if (place != queue.places.end()) shard.tell(place->second.shard, FromQueue{queue.named->id, it});
    }
    void operator()(queue::EraseEntry& it) {
      if (it.why == queue::Removal::Purged) ++queue.purges_decided;
      const bool stays = queue.group_of_stream && it.why == queue::Removal::Expired;
      if (queue::is_like_death(it.why) && !stays)
        shard.voice_.copy(counter_for(it.why), std::exchange(it.message, {}), *queue.named);
      queue.line.push(it);
    }
    void operator()(queue::PutDeliveryState& it) { queue.line.push(it); }
    void operator()(queue::MoveToDeadLetters& it) { queue.line.push(std::move(it)); }
    void operator()(queue::EraseMessageIds& it) { queue.line.push(std::move(it)); }
    void operator()(queue::AskAgain& it) { shard.tell_to_ask_again(queue.named->id, it); }
    void operator()(const queue::ReadEntries& it) {
      shard.read_queue(queue, purpose_of(it.purpose), it.from);
    }
  };
  while (queue.group.has_effects()) {
    std::vector<queue::QueueEffect> effects = queue.group.take_effects();
    for (queue::QueueEffect& effect : effects) std::visit(Receiver{*this, queue, unsent}, effect);
    effects.clear();
    if (owned_.spare_effects.size() < kSpareEffects && effects.capacity() <= kMostSpare)
      owned_.spare_effects.push_back(std::move(effects));
    if (!unsent.empty()) queue.group.unsent(std::exchange(unsent, {}), moment());
  }
  if (queue.stream) run_stream(queue);
  if (queue.group_of_stream) {
    serving_.settle(queue);
    serving_.go_on(queue);
  } else {
    settle_entries(queue);
  }
  schedule_queue(queue);
  run_orders(queue);
  go_on_looking(queue);
  queue.say_in_memory();
}

/// The next batch of what the queue has decided, unless one is on its way. But for the ends of claims nobody
/// is answered for it, and its order is that of the journal, so a power cut only brings back what was.
void Shard::settle_entries(OwnedQueue& queue) {
  constexpr auto kDying = PageRead::Purpose::QueueDying;
  if (queue.is_committing || queue.waits_for_store) return;
  const std::vector<queue::StoreChange>& changes = queue.line.batch();
  if (changes.empty()) return;
  if (const auto missing = queue.line.missing()) {
    if (!queue.group.is_stored(*missing)) return;  // until it is
    if (!std::exchange(queue.is_reading_dead, true)) {
      queue.dying_before = queue.group.behind_stored();
      return read_queue(queue, kDying, *missing);
    }
    // What is in front of it does not wait for a page that the store cannot give.
    if (!failed_reads_.has_failed(queue.named->id, kDying) || !queue.line.cut()) return;
  }
  QueueSettled work{.queue = queue.named->id};
  store::WriteBatch batch;
  struct Receiver {
    const OwnedQueue& queue;
    QueueSettled& work;
    store::WriteBatch& batch;
    queue::NamedQueuePtr dead_letters;
    void end(const queue::EndedClaim& claim, Seq entry) {
      const auto stored = queue.claims.find(claim.lease);
      if (stored == queue.claims.end()) return;
      const StreamId stream{stored->second.session.v};
      if (claim.unanswered) {
        queue::leave_claim_unanswered(batch, stream, stored->second.seq,
                                      {{work.queue, entry, claim.deliveries}, claim.unanswered});
      } else {
        queue::end_claim(batch, stream, stored->second.seq, claim.is_released);
      }
      work.claims.push_back(claim);
    }
    void operator()(const queue::EraseEntry& it) {
      queue::erase_queue_entry(batch, work.queue, it.seq, it.has_state);
      end(it.claim, it.seq);
    }
    void operator()(const queue::PutDeliveryState& it) {
      queue::record_delivery_state(batch, work.queue, it.seq, it.state);
      end(it.claim, it.seq);
    }
    void operator()(const queue::MoveToDeadLetters& it) {
      if (it.is_unreadable) return end(it.claim, it.seq);
      if (dead_letters && dead_letters->room->take({1, it.entry.message->size()})) {
        queue::append_queue_entry(batch, dead_letters->id, it.entry);
        work.dead_letters.push_back({dead_letters, it.entry});
      } else {
        work.refused.push_back(it.seq);
      }
      queue::erase_queue_entry(batch, work.queue, it.seq, it.has_state);
      end(it.claim, it.seq);
    }
    void operator()(const queue::EraseMessageIds& it) {
      for (const std::uint64_t number : it.numbers) queue::erase_message_id(batch, work.queue, number);
    }
  };
  const std::string target = queue.named->definition.dead_letter_target();
  Receiver receiver{queue, work, batch, target.empty() ? nullptr : shared_.queues.find(target)};
  for (const queue::StoreChange& change : changes) std::visit(receiver, change);
  queue.is_committing = true;
  const bool is_step_of_qos2 = !work.claims.empty();
  const auto flush = flush_for(*queue.named, work.dead_letters, shared_.options.store.flush);
  submit(std::move(batch), std::nullopt, SessionId{}, std::move(work),
         {.sync = is_step_of_qos2, .flush = flush});
}

void Shard::finish(Connection*, session::Session*, QueueSettled& work, std::optional<Errc> error) {
  const auto found = owned_.all.find(work.queue);
  if (found == owned_.all.end()) return;
  OwnedQueue& queue = *found->second;
  queue.is_committing = false;
  if (error) {  // the same batch is made again
    queue.waits_for_store = true;
    not_taken_.settlements.push_back(work.queue);
    queue.group.set_store_failed(true);
    touch(queue);
    return write_again_later();
  }
  queue.group.set_store_failed(false);
  count_settled(queue, work);
  tell_claims_ended(queue, work);
  touch(queue);
  if (queue.group_of_stream) serving_.on_settled(queue);
  for (const Seq seq : queue.line.made()) queue.group.on_settled(seq, moment());
}

void Shard::count_settled(OwnedQueue& queue, const QueueSettled& work) {
  struct Receiver {
    CounterBlock& counters;
    Voice& voice;
    OwnedQueue& queue;
    const QueueSettled& work;
    queue::NamedQueuePtr dead_letters{};  ///< which have no room for some
    void operator()(const queue::EraseEntry& it) {
      const bool stays = queue.group_of_stream && it.why == queue::Removal::Expired;
      counters.add(stays ? Counter::DroppedExpired : counter_for(it.why));  // [MQTT-3.3.2-5]
      if (it.why == queue::Removal::Purged) ++queue.purges_made;
    }
    void operator()(const queue::PutDeliveryState& it) { counters.add(counter_for(it.state.last)); }
    void operator()(const queue::MoveToDeadLetters& it) {
      if (it.is_unreadable) return;  // counted when it was read
      // It stays in its stream, and what has expired is sent to nobody.
      if (queue.group_of_stream && it.entry.deaths.back().reason == queue::DeathReason::Expired)
        return counters.add(Counter::DroppedExpired);
      const bool has_place = std::ranges::find(work.refused, it.seq) == work.refused.end();
      voice.drop(has_place ? counter_for(it.entry.deaths.back().reason) : Counter::QueueDroppedDeadLetters,
                 it.entry.message, *queue.named);
      if (!has_place && dead_letters && !dead_letters->room->fits({1, it.entry.message->size()}))
        voice.tell_full(*dead_letters);
    }
    void operator()(const queue::EraseMessageIds&) {}
  };
  Receiver receiver{counters_, voice_, queue, work};
  if (!work.refused.empty())
    receiver.dead_letters = shared_.queues.find(queue.named->definition.dead_letter_target());
  for (const queue::StoreChange& change : queue.line.under_way()) std::visit(receiver, change);
}

/// PUBREL may leave, or the packet identifier is free.
void Shard::tell_claims_ended(OwnedQueue& queue, const QueueSettled& work) {
  for (const queue::EndedClaim& claim : work.claims) {
    const auto stored = queue.claims.find(claim.lease);
    if (stored == queue.claims.end()) continue;  // its session has ended meanwhile
    const auto [session, seq] = stored->second;
    queue.claims.erase(stored);
    if (const auto where = shared_.directory.slots().locate(session))
      tell(where->shard, FromQueue{queue.named->id, ClaimEnded{session, seq, claim.is_released,
                                                               claim.unanswered ? true : false}});
  }
}

void Shard::schedule_queue(OwnedQueue& queue) {
  std::optional<MonotonicTime> due = queue.group.next_due(moment());
  if (const auto retired = queue.stream ? thinning_.next_due(queue) : std::nullopt;
      retired && (!due || *retired < *due))
    due = retired;
  if (const auto read = queue.group_of_stream ? GroupServing::next_due(queue) : std::nullopt;
      read && (!due || *read < *due))
    due = read;
  if (due) {
    owned_.due.set(queue.named->id, *due);
    schedule_deadlines();
  } else {
    owned_.due.cancel(queue.named->id);
  }
}

}  // namespace hermod::broker
