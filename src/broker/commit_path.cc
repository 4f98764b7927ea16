// Batches on their way to the committer, and what their shard does when they come back.

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "broker/reason_for.h"
#include "broker/shard.h"

namespace hermod::broker {

using wire::PacketType;

namespace {

/// True for work whose end answers a packet; later answers of the connection wait behind it.
bool answers_packet(const CommitTicket::Work& work) {
  return std::holds_alternative<PublishCommit>(work) || std::holds_alternative<PublishSeenAgain>(work) ||
         std::holds_alternative<InboundReleased>(work) || std::holds_alternative<OutboundReleased>(work) ||
         std::holds_alternative<AnswerLater>(work);
}

/// Readers of streams stand where these say, or stay where they are: they may be recorded again.
void end_moves(session::Session& session, const SubscriptionsStored& work) {
  for (const SubscriptionRequest& request : work.requests)
    if (request.position && request.number != 0) session.readers()->end_move(request.stream);
}

/// What a commit holds in memory until it is finished: its batch, and the message, of which the batch may
/// have a part, a copy or nothing; and what is told of who misses it.
std::size_t bytes_held(const store::WriteBatch& batch, const CommitTicket::Work& work) {
  const auto* publish = std::get_if<PublishCommit>(&work);
  const bool has_message = publish != nullptr && publish->message;
  const std::size_t told = publish != nullptr ? publish->left.size() * sizeof(LeftMessage) : 0;
  return std::max(batch.bytes(), has_message ? publish->message->size() : 0) + told;
}

}  // namespace

/// Collects a batch for the end of the tick. `connection` is answered, `session` stays on this shard until
/// then.
void Shard::submit(store::WriteBatch batch, std::optional<ConnectionId> connection, SessionId session,
                   CommitTicket::Work work, CommitNeeds needs) {
  auto ticket = tickets_.make(connection, session);
  ticket->work = std::move(work);
  submit(std::move(batch), std::move(ticket), needs);
}

void Shard::submit(store::WriteBatch&& batch, std::unique_ptr<CommitTicket> ticket, CommitNeeds needs) {
  Connection* const c = live(ticket->connection);
  if (c != nullptr && answers_packet(ticket->work)) ++c->pending_commits;
  if (Session* s = sessions_.find(ticket->session)) s->commit_started();
  ticket->bytes = bytes_held(batch, ticket->work);
  bytes_submitted_ += ticket->bytes;
  ++commits_in_flight_;
  submissions_.push_back(
      {std::move(batch), std::move(ticket), needs.may_wait, needs.sync, needs.flush, needs.taking});
  if (bytes_submitted_ <= shared_.options.store.max_bytes_in_flight) return;
  if (c != nullptr) {  // the disk is behind: this publisher waits
    c->pause(Connection::Pause::CommitBacklog);
    backlog_publishers_.push_back(c->id());
  }
}

void Shard::on_commit_finished(CommitFinished& finished) {
  CommitTicket& ticket = *finished.ticket;
  ticket.answered();
  --commits_in_flight_;
  bytes_submitted_ -= ticket.bytes;
  Session* session = sessions_.find(ticket.session);
  if (session != nullptr) session->commit_finished();
  Connection* c = live(ticket.connection);
  if (c != nullptr && answers_packet(ticket.work)) --c->pending_commits;
  if (c != nullptr && (session == nullptr || c->session() != session))
    c = nullptr;  // it has left the session
  if (finished.error) {
    counters_.add(Counter::DroppedCommitFailed);
    const ReasonCode reason = reason_for(*finished.error, PacketType::Disconnect);
    HERMOD_LOG_LIMITED(log::Level::Error, "store.commit_failed", {"reason", wire::name_of(reason)},
                       {"code", code_of(reason)});
  }
  std::visit([&](auto& work) { finish(c, session, work, finished.error); }, ticket.work);

  c = live(ticket.connection);
  if (c != nullptr && c->ends_with && c->pending_commits == 0) disconnect_behind_acks(*c, *c->ends_with);

  hand_over_if_wanted(ticket.session);
  if (!backlog_publishers_.empty() && bytes_submitted_ <= shared_.options.store.max_bytes_in_flight / 2) {
    for (const ConnectionId& id : std::exchange(backlog_publishers_, {}))
      if (Connection* waiting = connections_.find(id))
        waiting->resume(Connection::Pause::CommitBacklog, now());
  }
  tickets_.keep(std::move(finished.ticket));
}

void Shard::finish(Connection*, Session*, DelayedCancelled& work, std::optional<Errc> error) {
  delayed_->on_cancelled(work, error);
}

void Shard::finish(Connection*, Session*, TransactionEnded& work, std::optional<Errc> error) {
  transactions_->on_ended(work, error);
}

/// A PUBLISH is durable, as far as its QoS and the flush policies of its receivers ask for it: its publisher
/// is acknowledged. The deliveries were sent to their shards already.
void Shard::finish(Connection* c, Session* session, PublishCommit& work, std::optional<Errc> error) {
  if (error && work.delayed) shared_.delayed.give_back();
  if (error && work.prepared) {
    if (c != nullptr) c->transaction_gaps.add(work.prepared->id);
    tell(kTransactionOwner, ToTransactions{TransactionNotPrepared{work.prepared->id, work.prepared->size()}});
  }
  if (!error) voice_.drop(work.left);
  if (!error)
    for (NumberedFor& one : work.numbered) tell_queue(one.queue, MessageNumbered{std::move(one.message)});
  if (work.due.v != 0) delayed_->end(work, error);
  if (work.round.v != 0) return on_round_stored(work.round, !error, std::move(work.ref));
  answer_publisher(c, session, work, error);
  if (work.control.v != 0) take_control(work.control, !error);
}

void Shard::answer_publisher(Connection* c, Session* session, const PublishCommit& work,
                             std::optional<Errc> error) {
  if (work.qos == QoS::AtMostOnce || session == nullptr) return;
  if (error) {
    counters_.add(Counter::PublishRefused);
    session->inbound().on_commit_failed(work.packet_id, work.qos);
    if (c != nullptr) refuse_stored_publish(*c, work.packet_id, work.qos, *error);
    return;
  }
  session->inbound().on_committed(work.packet_id, work.qos);
  if (c == nullptr) return;  // the client sends it again on its next connection and is answered there
  acknowledge_publish(*c, work.packet_id, work.qos,
                      work.matched ? ReasonCode::Success : ReasonCode::NoMatchingSubscribers, work.ref.get());
}

/// Without space nothing is left of a commit. After any other failure it may be whole on the disk until the
/// journal is opened again, and after a crash before that the packet identifier is known. A client that was
/// told that its exchange is over would use it for another message, which would be taken for this one; so it
/// is not told, and sends the message again on its next connection. [MQTT-4.3.3-2]
void Shard::refuse_stored_publish(Connection& c, wire::PacketId id, QoS qos, Errc error) {
  constexpr std::string_view kWhy = "the message could not be stored";
  const bool may_be_stored = qos == QoS::ExactlyOnce && c.session()->is_durable() && error != Errc::NoSpace;
  if (!c.agreement().is_v5() || may_be_stored)
    return disconnect_behind_acks(c, reason_for(error, PacketType::Disconnect));
  const PacketType answer = qos == QoS::ExactlyOnce ? PacketType::Pubrec : PacketType::Puback;
  send_publish_ack(c, id, qos, reason_for(error, answer), kWhy);
  c.session()->inbound().on_acknowledged(id);
}

/// What was pending for a QoS 2 identifier is decided now; the copy that came meanwhile gets the same answer.
void Shard::finish(Connection* c, Session* session, PublishSeenAgain& work, std::optional<Errc>) {
  if (session == nullptr || c == nullptr) return;
  const auto phase = session->inbound().phase(work.packet_id);
  if (phase == qos::InboundFlow::Phase::Received) {
    acknowledge_publish(*c, work.packet_id, QoS::ExactlyOnce, ReasonCode::Success);
  } else if (phase == qos::InboundFlow::Phase::Refused) {
    refuse_stored_publish(*c, work.packet_id, QoS::ExactlyOnce, Errc::Io);
  }
}

void Shard::finish(Connection* c, Session* session, InboundReleased& work, std::optional<Errc> error) {
  if (session == nullptr) return;
  if (error) {  // the identifier is still known after a restart, so it stays known now
    if (!work.again) session->inbound().on_erase_failed(work.packet_id);
    if (c != nullptr) disconnect(*c, reason_for(*error, PacketType::Disconnect), "the store failed");
    return;
  }
  if (!work.again) session->inbound().on_erased(work.packet_id);
  if (c != nullptr)
    send_ack(*c, PacketType::Pubcomp, work.packet_id, ReasonCode::Success);  // [MQTT-4.3.3-11]
}

void Shard::finish(Connection* c, Session* session, OutboundReleased& work, std::optional<Errc> error) {
  if (session == nullptr) return;
  if (error) {
    if (!work.again) session->outbound().on_release_failed(work.seq);
    if (c != nullptr) disconnect(*c, reason_for(*error, PacketType::Disconnect), "the store failed");
    return;
  }
  if (!work.again) {
    session->outbound().on_released(work.seq);
    if (session->consumers() != nullptr) session->consumers()->finish(work.seq);
  }
  send_pubrel_in_order(c, *session, work.seq);  // [MQTT-4.3.3-4]
}

/// What it says was true before the commits it waited for, so their failure does not change it.
void Shard::finish(Connection* c, Session*, AnswerLater& work, std::optional<Errc>) {
  if (c == nullptr || c->state() != Connection::State::Connected) return;
  send_ack(*c, work.type, work.packet_id, work.reason, work.why);
  if (work.ends_publish) c->session()->inbound().on_acknowledged(work.packet_id);
}

/// A packet identifier is free when its erase is durable. What could not be erased is tried again with the
/// next.
void Shard::finish(Connection*, Session* session, EntriesErased& work, std::optional<Errc> error) {
  if (session == nullptr) return;
  if (error) {
    session->finished().insert(session->finished().end(), work.sequences.begin(), work.sequences.end());
    return;
  }
  for (const Seq seq : work.sequences) {
    if (session->outbound().phase(seq)) session->outbound().on_erased(seq);
    session->queue().on_erased(seq);
  }
  pump(*session);
}

void Shard::finish(Connection* c, Session* session, SubscriptionsStored& work, std::optional<Errc> error) {
  if (session == nullptr) {  // what was made for it is there all the same
    for (SubscriptionRequest& request : work.requests)
      if (!error) create_queues(request);
    return;
  }
  end_moves(*session, work);
  if (error) {
    for (const SubscriptionRequest& request : work.requests)
      if (request.number != 0) session->subscriptions().settle(request.filter);
    // UNSUBACK of MQTT 3 cannot say that the subscription is still there.
    if (c != nullptr && work.unsubscribe && !c->agreement().is_v5())
      return disconnect_behind_acks(*c, reason_for(*error, PacketType::Disconnect));
    for (SubscriptionRequest& request : work.requests)
      if (!is_failure(request.reason)) request.reason = ReasonCode::ImplementationSpecificError;
    if (c != nullptr) send_subscription_ack(*c, work);
    return;
  }
  apply_subscriptions(c, *session, work);
}

void Shard::finish(Connection* c, Session* session, SessionStored& work, std::optional<Errc> error) {
  if (session != nullptr && !error) session->allow_before(work.sent_before);
  if (c == nullptr || c->state() != Connection::State::Claiming) return;
  if (error) {
    return refuse_connect(*c, reason_for(*error, PacketType::Connack), "the session could not be stored");
  }
  HERMOD_ASSERT(session != nullptr);  // whoever claims one has it
  send_connack(*c, *session, work.session_present);
  if (session->successor())
    disconnect(*c, ReasonCode::SessionTakenOver, "another connection uses this client identifier");
}

void Shard::finish(Connection* c, Session*, RetainedBarrier& work, std::optional<Errc>) {
  if (c == nullptr || c->retained_reads.empty()) return;
  for (RetainedRead& read : c->retained_reads)
    if (read.number <= work.last_read) read.ready = true;
  if (!c->reads_retained && c->retained_reads.front().ready) {
    c->reads_retained = true;
    retained_readers_.push_back(c->id());
  }
}

}  // namespace hermod::broker
