// A PUBLISH that belongs to a transaction: to `$tx/...`, or with the user property txn. The shard that has
// the transactions says whether a message may come in, which is stored here then, with its packet identifier;
// and it commits and rolls back. Until it has answered nothing else of the connection is looked at.

#include <memory>
#include <utility>

#include "broker/shard.h"
#include "broker/transaction_calls.h"
#include "queue/delayed_form.h"
#include "session/records.h"

namespace hermod::broker {

using queue::TransactionRefusal;
using queue::TransactionVerb;
using wire::ReasonCode;

void TransactionCalls::on_publish(Connection& c, const wire::Publish& packet, std::string_view topic) {
  const auto form = queue::TransactionForm::parse(topic);
  if (!form) return shard_.refuse_publish(c, packet, ReasonCode::TopicNameInvalid, form.error().detail);
  if (form->verb != TransactionVerb::Outcome) return ask(c, packet, {form->verb, form->id}, form->topic);
  const auto said = queue::said_outcome(packet.payload);
  // He does not know yet, and is asked again.
  if (!said) return shard_.acknowledge_without_message(c, packet, /*matched=*/true);
  ask(c, packet, {*said, form->id}, {});
}

/// True: the user property txn decided about it. There is no reason code for one that means nothing: it is a
/// refusal of this broker.
bool TransactionCalls::is_by_property(Connection& c, const wire::Publish& packet, std::string_view topic) {
  const auto wish = queue::wanted_transaction(packet.properties.user_properties());
  if (wish && !*wish) return false;
  if (wish) {
    ask(c, packet, **wish, topic);
  } else {
    shard_.refuse_publish(c, packet, ReasonCode::ImplementationSpecificError, wish.error().detail);
  }
  return true;
}

/// Why this message may not be prepared, as it would be refused were it published now.
std::optional<TransactionRefusal> TransactionCalls::refusal_to_prepare(const wire::Publish& packet,
                                                                       std::string_view topic) const {
  if (queue::is_delayed_form(topic)) {
    const auto form = queue::DelayedForm::parse(topic);
    if (!form) return TransactionRefusal{ReasonCode::TopicNameInvalid, form.error().detail};
    topic = form->topic;
  } else if (const auto delay = queue::wanted_delay(packet.properties.user_properties(),
                                                    shard_.shared_.options.delayed.levels);
             !delay) {
    return TransactionRefusal{ReasonCode::ImplementationSpecificError, delay.error().detail};
  }
  if (const auto refusal = shard_.refusal_for(packet, topic)) return TransactionRefusal{*refusal, {}};
  return std::nullopt;
}

/// The session stays on this shard until it is answered.
void TransactionCalls::ask(Connection& c, const wire::Publish& packet, const queue::TransactionWish& wish,
                           std::string_view topic) {
  session::Session& session = *c.session();
  const auto refuse = [&](ReasonCode reason, std::string_view why) {
    if (wish.verb == TransactionVerb::Prepare) c.transaction_gaps.add(wish.id);
    shard_.refuse_publish(c, packet, reason, why);
  };
  const auto group = queue::wanted_producer_group(packet.properties.user_properties());
  if (!group) return refuse(ReasonCode::ImplementationSpecificError, group.error().detail);
  auto publication = std::make_unique<PendingPublication>();
  if (wish.verb == TransactionVerb::Commit) publication->commits = wish.id;
  AskTransaction ask{.verb = wish.verb, .id = std::string(wish.id)};
  if (wish.verb != TransactionVerb::Prepare) ask.has_gap = c.transaction_gaps.take(wish.id);
  if (*group) ask.group = std::string(**group);
  if (wish.verb == TransactionVerb::Prepare) {
    if (const auto refusal = refusal_to_prepare(packet, topic)) return refuse(refusal->reason, refusal->why);
    if (!ask.group) ask.group = session.client_id();
    if (const Status right = queue::check_producer_group(*ask.group); !right)
      return refuse(ReasonCode::ImplementationSpecificError, right.error().detail);
    publication->prepared = std::make_unique<queue::PreparedMessage>(
        queue::PreparedMessage{ask.id, *ask.group, session.client_id(), shard_.wall(),
                               shard_.make_message(packet, topic, session.id(), /*matched_version=*/0)});
    ask.client_id = session.client_id();
    ask.size = publication->prepared->size();
  }
  publication->connection = c.id();
  publication->session = session.id();
  publication->packet_id = packet.id;
  publication->qos = packet.qos;
  c.pause(Connection::Pause::Admission);
  session.commit_started();
  ask.waiter = shard_.next_waiter();
  shard_.pending_.emplace(ask.waiter, std::move(publication));
  shard_.tell(kTransactionOwner, ToTransactions{std::move(ask)});
}

void TransactionCalls::on_answered(const TransactionAnswered& answer) {
  PendingPublication& publication = *shard_.pending_.at(answer.waiter);
  if (answer.refusal) {
    refuse(publication, *answer.refusal);
  } else {
    take(publication);
  }
  shard_.end_pending(answer.waiter);
}

/// Who was told that his exchange is over, though it is not known what of it is on the disk, would not ask
/// again. [MQTT-4.3.3-2]
void TransactionCalls::refuse(const PendingPublication& publication, const TransactionRefusal& refusal) {
  Connection* const c = shard_.publisher_of(publication);
  if (c != nullptr && publication.prepared) c->transaction_gaps.add(publication.prepared->id);
  if (c != nullptr) c->transaction_gaps.take(publication.commits);  // whatever was refused before, it is told
  if (c != nullptr && !refusal.is_unknown)
    return shard_.refuse_publish(*c, {.qos = publication.qos, .id = publication.packet_id}, refusal.reason,
                                 refusal.why);
  shard_.counters_.add(Counter::PublishRefused);
  if (publication.qos == wire::QoS::AtMostOnce) return;
  if (session::Session* const session = shard_.sessions_.find(publication.session))
    session->inbound().on_commit_failed(publication.packet_id, publication.qos);
  if (c != nullptr) shard_.disconnect_behind_acks(*c, refusal.reason);
}

/// A message that may come in is stored with its packet identifier; what has ended is durable already, and
/// said again after a kill it is answered in the same way.
void TransactionCalls::take(PendingPublication& publication) {
  if (!publication.prepared && publication.qos == wire::QoS::AtMostOnce) return;
  const Connection* const c = shard_.publisher_of(publication);
  const session::Session* const session = shard_.sessions_.find(publication.session);
  PublishCommit work;
  work.packet_id = publication.packet_id;
  work.qos = publication.qos;
  work.matched = true;
  store::WriteBatch batch = shard_.batch_memory_.batch();
  if (publication.prepared) {
    queue::append_prepared(batch, *publication.prepared);
    batch.refuse_when_full();
    work.prepared = std::move(publication.prepared);
  }
  const bool is_exact = publication.qos == wire::QoS::ExactlyOnce;
  // A power cut may not take a part of what is committed later.
  const bool needs_sync = is_exact || work.prepared != nullptr;
  if (is_exact && session != nullptr && session->is_durable())
    session::record_inbound_id(batch, session->id(), publication.packet_id);
  shard_.submit(std::move(batch), c != nullptr ? std::optional(c->id()) : std::nullopt, publication.session,
                std::move(work), {.sync = needs_sync});
}

}  // namespace hermod::broker
