// What becomes of a session without a connection: its will, its expiry, its successor, its end.

#include <algorithm>
#include <utility>

#include "broker/shard.h"
#include "queue/records.h"
#include "queue/stream_records.h"
#include "session/records.h"

namespace hermod::broker {

using session::Session;

/// The session is without a connection now: it ends, or waits for its client, or goes to its successor.
void Shard::leave_session(Session& session, WillRule rule) {
  session.unbind();
  session.set_absent_since(wall());
  session.shown_busy = false;
  session.shown_late = false;
  if (session.congested_since) watch_congestion(session);
  if (session.consumers() != nullptr) stop_consuming(session);
  if (session.readers() != nullptr) reading_.stop(session);
  if (rule == WillRule::Discard) session.set_will(nullptr);  // [MQTT-3.14.4-3]
  shared_.directory.slots().place(session.id(), {.shard = id_, .durable = session.is_durable()});
  if (!session.outlives_connection()) {
    return end_session(session, Counter::DroppedSessionEnded);
  }
  const bool will_is_due = session.will() != nullptr && session.will()->delay == 0;
  const bool recorded = will_is_due && publish_will(session);
  if (session.is_group_member) {
    holders_.insert(session.id());
    hand_on_shared(session);
  }
  limit_window(session);
  if (!recorded) record(session);
  if (!session.successor()) set_absence_deadlines(session);
}

/// What the client did not acknowledge of its shared groups' QoS 1 messages goes to members that are there
/// and have room; QoS 2 exchanges stay until the session ends. The entry stays in the store until the
/// receiver has one of its own, or is done with the message. [MQTT-4.8.2-4] [MQTT-4.8.2-5]
void Shard::hand_on_shared(Session& session) {
  std::vector<queue::Entry> entries;
  session.queue().for_each([&](const queue::Entry& entry) {
    if (entry.delivery.group != 0 && entry.delivery.qos == wire::QoS::AtLeastOnce) entries.push_back(entry);
  });
  for (queue::Entry& entry : entries) {
    if (!draw_other_member(entry.delivery)) continue;
    if (entry.phase == queue::Entry::Phase::Sent)
      session.outbound().on_puback(qos::packet_id_for(entry.seq));  // a late PUBACK finds nothing
    take_out_entry(session, entry.seq);
    targets_.front().delivery.loan = {session.id(), entry.seq};
    hand_to_drawn(entry.delivery.message);
  }
  look_for_shared(session);
}

/// Fills targets_ with a member that is there and has room, which is reserved; false when there is none.
bool Shard::draw_other_member(queue::Delivery& delivery) {
  if (delivery.group == 0 || delivery.qos != wire::QoS::AtLeastOnce || !draw_member(delivery)) return false;
  const Target& drawn = targets_.front();
  if (!drawn.where.online || delivery.qos == wire::QoS::AtMostOnce) return false;
  return reserve_room(delivery.message, shared_.options.session.queue.overflow) && drawn.delivery.message;
}

/// Nobody needs the entry any more that kept a message for a session without a store. When the commit of a
/// receiver fails this is not called: then the entry is all that is left of the message.
void Shard::settle_loan(const queue::Loan& loan) {
  if (loan.keeper.v == 0) return;
  const auto where = shared_.directory.slots().locate(loan.keeper);
  if (!where) return;  // it has ended, with all its entries
  if (where->shard == id_) return on_loan_settled({loan});
  outbox_.send(where->shard, LoanSettled{loan});
}

void Shard::on_loan_settled(const LoanSettled& settled) {
  Session* keeper = sessions_.find(settled.loan.keeper);
  if (keeper == nullptr) return follow_session(settled.loan.keeper, settled);
  erase_entry(*keeper, settled.loan.seq);
}

/// A member of some group came: whoever holds messages for a group whose members were away hands them on.
void Shard::hand_on_held() {
  for (const SessionId id : std::vector<SessionId>(holders_.begin(), holders_.end())) {
    Session* session = sessions_.find(id);
    if (session == nullptr || session->is_online()) {
      holders_.erase(id);
    } else {
      hand_on_shared(*session);
    }
  }
}

/// To every shard, this one included.
void Shard::tell_members_connected() {
  for (std::size_t i = 0; i < shared_.mailboxes.size(); ++i)
    outbox_.send(ShardId{static_cast<std::uint16_t>(i)}, MembersConnected{});
}

/// When the will and the session itself are due, if the client stays away. The broker may have been down for
/// a part of the absence. [MQTT-3.1.3-9]
void Shard::set_absence_deadlines(const Session& session) {
  using std::chrono::seconds;
  const auto away = std::max(wall() - session.absent_since().value_or(wall()), WallTime::duration::zero());
  const auto add = [&](std::uint32_t interval, session::DeadlineKind kind) {
    const auto left = std::max<std::chrono::nanoseconds>(seconds(interval) - away, seconds(0));
    deadlines_.add({now() + left, session.id(), kind, session.absence()});
  };
  if (session.will() != nullptr) add(session.will()->delay, session::DeadlineKind::WillDelay);
  if (session.expiry_interval() != Session::kNeverExpires)
    add(session.expiry_interval(), session::DeadlineKind::SessionExpiry);
  schedule_deadlines();
}

/// Publishes the will, if there is one, as a PUBLISH of the client itself. The record of a durable session
/// loses it in the same batch, so that no crash makes it come twice. True when the session was recorded so.
/// [MQTT-3.1.2-8]
bool Shard::publish_will(Session& session) {
  std::unique_ptr<session::Will> will = session.take_will();  // [MQTT-3.1.2-10]
  if (!will) return false;
  counters_.add(Counter::WillsPublished);
  if (asked_.has_of(session.id())) {
    session.commit_started();
    late_wills_[session.id()].push_back({std::move(will), session.client_id()});
  } else {
    publish_taken_will(session.id(), session.client_id(), *will);
  }
  return session.is_durable();
}

/// Its session may have ended meanwhile.
void Shard::publish_taken_will(SessionId id, std::string_view client_id, const session::Will& will,
                               bool is_late) {
  queue::Message::Fields fields;
  fields.topic = will.topic;
  fields.payload = as_bytes(will.payload);
  fields.forwarded_properties = as_bytes(will.forwarded_properties);
  fields.qos = will.qos;
  fields.retain = will.retain;  // [MQTT-3.1.2-14] [MQTT-3.1.2-15]
  fields.publisher = id;
  fields.matched_version = match(will.topic, id);
  fields.stored_at = wall();
  if (will.message_expiry_interval)
    fields.expires_at = wall() + std::chrono::seconds(*will.message_expiry_interval);
  store::WriteBatch batch;
  const Session* const session = sessions_.find(id);
  if (session != nullptr && session->is_durable()) session::record_session(batch, *session);
  const bool behind_others = is_late || (session != nullptr && session->has_commits_in_flight());
  publish_for_broker(queue::Message::create(fields), client_id, behind_others, std::move(batch));
}

/// Those that came while something of their client was asked about. [MQTT-4.6.0-6]
void Shard::publish_late_wills(SessionId id) {
  for (auto late = late_wills_.find(id); late != late_wills_.end(); late = late_wills_.find(id)) {
    if (asked_.has_of(id)) return;  // also one of these
    const LateWill next = std::move(late->second.front());
    late->second.pop_front();
    if (late->second.empty()) late_wills_.erase(late);
    publish_taken_will(id, next.client_id, *next.will, /*is_late=*/true);
    let_session_go(id);
  }
}

/// The session is over: its subscriptions and messages go, whoever waits for the client identifier comes
/// next.
void Shard::end_session(Session& session, Counter reason) {
  publish_will(session);  // the session's end ends the Will Delay Interval too [MQTT-3.1.3-9]
  discard_session_state(session, reason);
  const std::unique_ptr<Session> ended = sessions_.take(session.id());
  if (const auto successor = ended->successor()) {
    SessionGranted granted{*successor, ended->client_id(), shared_.directory.renew(ended->client_id(), id_),
                           nullptr};
    if (successor->shard == id_) return on_session_granted(granted);
    return outbox_.send(successor->shard, std::move(granted));
  }
  pass_on(ended->client_id());
}

/// The client identifier is free: if a connection waits for it, that one begins a fresh session.
void Shard::pass_on(const std::string& client_id) {
  const auto heir = shared_.directory.end(client_id);
  if (!heir) return;
  SessionGranted granted{heir->connection, client_id, heir->session, nullptr};
  if (heir->connection.shard == id_) return on_session_granted(granted);
  outbox_.send(heir->connection.shard, std::move(granted));
}

/// Removes what the session had in the shared places and in the store; what is left in its queue is counted
/// by `reason`, or handed to other members of the shared group it came for.
void Shard::discard_session_state(Session& session, Counter reason) {
  remove_subscriptions(session);
  kept_reads_.erase(session.id());
  std::vector<queue::Delivery> shared;
  std::uint64_t dropped = 0;
  session.queue().for_each([&](const queue::Entry& entry) {
    if (entry.delivery.group != 0 && entry.delivery.qos == wire::QoS::AtLeastOnce) {
      shared.push_back(entry.delivery);
      if (session.is_durable()) shared.back().loan = {session.id(), entry.seq};
    } else {
      settle_loan(entry.delivery.loan);
      ++dropped;  // a QoS 2 message goes to nobody else [MQTT-4.8.2-5]
    }
  });
  // Messages that were matched for a member of a group before it left the index may come into its queue
  // still.
  const bool remains = session.is_durable() && session.is_group_member && shared_.reader != nullptr;
  if (!remains) dropped += session.queue().stored().messages;
  counters_.add(reason, dropped);
  hand_on_again_.erase(session.id());
  for (queue::Delivery& delivery : shared) redispatch(std::move(delivery));
  // Behind the new entries, so that a crash between the two does not leave neither.
  if (session.is_durable()) {
    store::WriteBatch batch;
    session::erase_session(batch, session, /*with_queue=*/!remains);
    if (session::StreamReaders* const readers = session.readers())
      readers->for_each([&](const session::StreamReader& reader) {
        queue::erase_reader(batch, reader.stream->id, session.id());
      });
    Recorded work{.ended = session.id()};
    if (const session::QueueConsumers* consumers = session.consumers())
      work.claim_owners.assign(consumers->claim_owners().begin(), consumers->claim_owners().end());
    // Else a crash could leave a group with two filters.
    work.group_filters = session.subscriptions().take_group_holds();
    erase_records(std::move(batch), std::move(work));
  } else if (const session::QueueConsumers* consumers = session.consumers()) {
    for (const QueueId owner : consumers->claim_owners())
      tell_queue(owner, ConsumerLeft{queue::ConsumerId{session.id().v}});
  }
  if (remains) {
    keep_remains(session.id(), std::move(session.queue()), reason);
    submit_behind_all(std::nullopt, RemainsBarrier{session.id()});
  } else {
    ended_streams_.push_back(session.stream());
  }
}

/// Fills targets_ with one member of the group the delivery was drawn for; false when there is none.
bool Shard::draw_member(queue::Delivery& delivery) {
  targets_.clear();
  queue_targets_.clear();
  const auto name = shared_.subscriptions.group_name(topic::GroupKey{delivery.group});
  if (!name) return false;
  const auto filter = topic::TopicFilter::parse(name->filter, {shared_.options.mqtt.max_topic_levels});
  HERMOD_ASSERT(filter.has_value());
  if (!shared_.subscriptions.pick({name->share_name, *filter}, members_, matches_)) return false;
  const topic::Match& match = matches_[0];
  const auto where = shared_.directory.slots().locate(match.session);
  if (!where) return false;
  delivery.qos =
      std::min(delivery.message->qos(), static_cast<wire::QoS>(match.granted_qos));  // [MQTT-3.8.4-8]
  delivery.retain = match.retain_as_published && delivery.message->retain();
  delivery.identifiers.assign(matches_.identifiers(match).begin(), matches_.identifiers(match).end());
  targets_.push_back({match.session, *where, delivery});
  return true;
}

/// A QoS 1 message whose group member ended goes to another member. It was acknowledged to its publisher, so
/// a full queue keeps it too. [MQTT-4.8.2-4]
void Shard::redispatch(queue::Delivery delivery) {
  if (!draw_member(delivery)) {
    settle_loan(delivery.loan);
    return counters_.add(Counter::DroppedSessionEnded);
  }
  if (delivery.qos == wire::QoS::AtMostOnce) {
    settle_loan(std::exchange(targets_.front().delivery.loan, {}));
  } else {
    shared_.directory.slots().reserve_anyway(targets_.front().session, delivery.message->size());
  }
  hand_to_drawn(delivery.message);
}

/// Precondition: targets_ is the member that was drawn, with room for the message.
void Shard::hand_to_drawn(const queue::MessagePtr& message) {
  if (needs_commit(nullptr, message, false))
    return commit_publish(nullptr, message, {}, wire::QoS::AtMostOnce, false);
  hand_over_now(/*qos0_only=*/false);
}

/// A message whose session ended while it was on its way.
void Shard::strand(Deliver& message) {
  const queue::Delivery& delivery = message.delivery;
  if (delivery.group == 0 || delivery.qos != wire::QoS::AtLeastOnce) {
    settle_loan(delivery.loan);
    counters_.add(Counter::DroppedSessionEnded);
    return erase_stray(message.session, message.seq);
  }
  stranded_.push_back(std::move(message));
}

void Shard::redispatch_stranded() {
  std::vector<Deliver> stranded;
  stranded.swap(stranded_);
  for (Deliver& message : stranded) {
    if (message.seq.v != 0) message.delivery.loan = {message.session, message.seq};
    redispatch(std::move(message.delivery));
    erase_stray(message.session, message.seq);
  }
}

/// An entry that came into the queue of a session behind its end.
void Shard::erase_stray(SessionId ended, Seq seq) {
  if (seq.v == 0) return;
  store::WriteBatch batch;
  queue::erase_entry(batch, StreamId{ended.v}, seq);
  submit(std::move(batch), std::nullopt, SessionId{}, Recorded{});
}

}  // namespace hermod::broker
