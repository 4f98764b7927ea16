// SUBSCRIBE and UNSUBSCRIBE: what is granted, what is stored, when the index changes, which retained messages
// follow.

#include <algorithm>

#include "base/log.h"
#include "broker/answer.h"
#include "broker/consumed_queue.h"
#include "broker/reason_for.h"
#include "broker/shard.h"
#include "queue/queue_form.h"
#include "queue/stream_form.h"
#include "queue/stream_records.h"
#include "session/records.h"

namespace hermod::broker {

using session::Session;
using topic::SubscriptionChange;
using wire::ReasonCode;

namespace {

/// Retained messages above QoS 0 are due to the session from SUBACK on, as everything is that waits in its
/// queue: also when the broker crashes before they are there. [MQTT-3.3.1-9]
bool is_retained_due(const SubscriptionRequest& request, bool is_new) {
  if (request.options.granted_qos == 0 || request.filter.starts_with("$share/")) return false;
  if (queue::is_named_form(request.filter)) return false;
  return request.retain_handling == wire::RetainHandling::SendAtSubscribe ||
         (request.retain_handling == wire::RetainHandling::SendIfNewSubscription && is_new);
}

}  // namespace

void Shard::on_subscribe(Connection& c, const wire::Subscribe& packet) {
  Session& session = *c.session();
  SubscriptionsStored work;
  work.packet_id = packet.id;
  store::WriteBatch batch;
  // What is on its way to the store has been granted already.
  std::size_t granted = session.subscriptions().size() + session.subscriptions().on_their_way();
  for (const wire::SubscribeFilter& wanted : packet.filters) {
    SubscriptionRequest request;
    request.filter = wanted.filter;
    const bool is_new = session.subscriptions().find(wanted.filter) == nullptr &&
                        session.subscriptions().number_of(wanted.filter) == 0;
    const bool is_one_too_many = is_new && granted >= shared_.options.session.max_subscriptions;
    if (is_one_too_many || !queue::is_named_form(wanted.filter)) {
      request.reason = grant(wanted, is_one_too_many);
    } else {
      Granting it{session, packet, wanted, request, batch, work.why};
      request.reason = queue::is_queue_form(wanted.filter)   ? grant_queue(it)
                       : queue::is_group_form(wanted.filter) ? grant_group(it)
                                                             : reading_.grant(it);
    }
    if (request.reason == ReasonCode::ProtocolError)
      return disconnect(c, request.reason, "No Local on a shared subscription");  // [MQTT-3.8.3-4]
    if (!is_failure(request.reason)) {
      request.options.granted_qos = static_cast<std::uint8_t>(request.reason);
      request.options.no_local = wanted.no_local;
      request.options.retain_as_published = wanted.retain_as_published;
      request.options.identifier = packet.properties.subscription_identifier().value_or(0);
      request.retain_handling = wanted.retain_handling;
      if (session.is_durable()) {
        request.number = session.subscriptions().number_for(request.filter);
        request.retained_due = is_retained_due(request, is_new);
        if (request.position) queue::record_reader(batch, request.stream, session.id(), *request.position);
        session::record_subscription(batch, session.id(), request.number, request.filter, request.options,
                                     request.retained_due,
                                     request.wish ? request.wish->property_filter : std::string_view{});
      }
      if (is_new) ++granted;
    }
    work.requests.push_back(std::move(request));  // one reason per filter, in order [MQTT-3.8.4-6]
  }
  for (const SubscriptionRequest& request : work.requests)
    if (request.position && request.number != 0) session.make_readers().begin_move(request.stream);
  if (session.is_durable() || !batch.empty())
    return submit(std::move(batch), c.id(), session.id(), std::move(work));
  apply_subscriptions(&c, session, work);
}

/// The reason code for one filter: a granted QoS or why not.
ReasonCode Shard::grant(const wire::SubscribeFilter& wanted, bool is_one_too_many) const {
  const MqttOptions& mqtt = shared_.options.mqtt;
  const auto target = topic::parse_subscription(wanted.filter, {mqtt.max_topic_levels});
  if (!target) return ReasonCode::TopicFilterInvalid;
  if (target->is_shared()) {
    if (!mqtt.shared_available) return ReasonCode::SharedSubscriptionsNotSupported;
    if (wanted.no_local) return ReasonCode::ProtocolError;
    if (queue::is_named_form(target->filter.text()))
      return ReasonCode::TopicFilterInvalid;  // a named queue is shared as it is
  }
  if (target->filter.has_wildcard() && !mqtt.wildcard_available)
    return ReasonCode::WildcardSubscriptionsNotSupported;
  if (is_one_too_many) return ReasonCode::QuotaExceeded;
  return static_cast<ReasonCode>(
      std::min(static_cast<std::uint8_t>(wanted.qos), mqtt.max_qos));  // [MQTT-3.8.4-8]
}

void Shard::on_unsubscribe(Connection& c, const wire::Unsubscribe& packet) {
  Session& session = *c.session();
  SubscriptionsStored work;
  work.packet_id = packet.id;
  work.unsubscribe = true;
  store::WriteBatch batch;
  for (const std::string_view filter : packet.filters) {
    SubscriptionRequest request;
    request.filter = filter;
    // Whether it exists is known when the SUBSCRIBE before it, which may still be on its way to the disk, is
    // done.
    if (!queue::is_named_form(filter) &&
        !topic::parse_subscription(filter, {shared_.options.mqtt.max_topic_levels})) {
      request.reason = ReasonCode::TopicFilterInvalid;
    } else if (const std::uint32_t number = session.subscriptions().number_of(filter); number != 0) {
      session::erase_subscription(batch, session.id(), number);
      stop_retained_reads(&c, session.id(), filter);  // its end would write the record anew
    }
    work.requests.push_back(std::move(request));  // [MQTT-3.11.3-2]
  }
  if (session.is_durable()) return submit(std::move(batch), c.id(), session.id(), std::move(work));
  apply_subscriptions(&c, session, work);
}

/// Changes the index and answers. The connection may be gone by now; the session's subscriptions change all
/// the same, because they are stored.
void Shard::apply_subscriptions(Connection* c, Session& session, SubscriptionsStored& work) {
  std::vector<SubscriptionChange> changes;
  std::vector<const SubscriptionRequest*> changed;
  for (SubscriptionRequest& request : work.requests) {
    if (is_failure(request.reason)) continue;
    if (!request.creates.empty()) request.reason = create_queues(request);
    if (!work.unsubscribe && !is_failure(request.reason) && is_of_no_queue(request.filter)) {
      request.reason = ReasonCode::TopicFilterInvalid;
      if (work.why.empty()) work.why = "the queue has been deleted meanwhile";
    }
    if (is_failure(request.reason)) {
      if (request.number == 0) continue;
      session.subscriptions().settle(request.filter);
      store::WriteBatch batch;
      session::erase_subscription(batch, session.id(), request.number);
      erase_records(std::move(batch));
      continue;
    }
    if (work.unsubscribe) {
      if (!session.subscriptions().remove(request.filter)) {
        request.reason = ReasonCode::NoSubscriptionExisted;
        continue;
      }
      stop_retained_reads(c, session.id(), request.filter);
    } else {
      if (request.wish) request.wish->group.confirm();
      session.subscriptions().set(request.filter, request.options, request.number,
                                  std::move(request.wish));  // [MQTT-3.8.4-3]
      if (request.number != 0) session.subscriptions().settle(request.filter);
    }
    if (is_consumed(request.filter)) {
      if (request.group) request.group->group->is_recorded = true;
      work.unsubscribe ? consume_no_more(session, request.filter)
                       : consume(session, *session.subscriptions().find(request.filter));
      continue;
    }
    if (queue::is_stream_form(request.filter)) {
      work.unsubscribe ? reading_.end(session, request.filter) : reading_.begin(session, request);
      continue;
    }
    const auto target = topic::parse_subscription(request.filter, {shared_.options.mqtt.max_topic_levels});
    HERMOD_ASSERT(target.has_value());
    const auto kind = work.unsubscribe ? SubscriptionChange::Kind::Remove : SubscriptionChange::Kind::Set;
    changes.push_back({kind, *target, session.id(), request.options});
    changed.push_back(&request);
    if (target->is_shared()) session.is_group_member = true;
  }
  const auto applied = shared_.subscriptions.apply(changes);
  const bool joins_group = std::any_of(changes.begin(), changes.end(), [](const SubscriptionChange& change) {
    return change.kind == SubscriptionChange::Kind::Set && change.target.is_shared();
  });
  if (joins_group && session.is_online()) tell_members_connected();
  if (c == nullptr) return;
  send_subscription_ack(*c, work);
  if (c->state() != Connection::State::Connected) return;  // and the session may be gone
  if (session.consumers() != nullptr) pump_consumers(*c, session);
  if (session.readers() != nullptr) reading_.pump(*c, session);
  if (work.unsubscribe || c->state() != Connection::State::Connected) return;
  bool reads = false;
  for (std::size_t i = 0; i < changed.size(); ++i)
    if (plan_retained_read(*c, *changed[i], applied.outcomes[i] == topic::ChangeOutcome::Added,
                           applied.version))
      reads = true;
  if (reads) begin_retained_barrier(*c);
}

/// The queue was deleted while the subscription was on its way to the store.
bool Shard::is_of_no_queue(std::string_view filter) const {
  return queue::is_named_form(filter) && !shared_.queues.find(queue::name_in_form(filter));
}

/// One that is too large for the client ends the connection, and maybe the session with it.
void Shard::send_subscription_ack(Connection& c, const SubscriptionsStored& work) {
  std::vector<ReasonCode> reasons;
  reasons.reserve(work.requests.size());
  for (const SubscriptionRequest& request : work.requests) reasons.push_back(request.reason);
  const wire::ReasonCodes codes(reasons);
  const bool sent = work.unsubscribe
                        ? answer(c, wire::Unsuback{work.packet_id, codes, {}}, work.why)  // [MQTT-3.10.4-4]
                        : answer(c, wire::Suback{work.packet_id, codes, {}}, work.why);   // [MQTT-3.8.4-1]
  if (!sent)
    disconnect(c, ReasonCode::PacketTooLarge, "the answer is above the client's Maximum Packet Size");
}

/// Takes all subscriptions of a session out of the index.
void Shard::remove_subscriptions(const Session& session) {
  std::vector<SubscriptionChange> changes;
  changes.reserve(session.subscriptions().size());
  for (const session::Subscription& subscription : session.subscriptions().items()) {
    if (queue::is_named_form(subscription.filter)) continue;
    const auto target =
        topic::parse_subscription(subscription.filter, {shared_.options.mqtt.max_topic_levels});
    HERMOD_ASSERT(target.has_value());
    changes.push_back({SubscriptionChange::Kind::Remove, *target, session.id(), {}});
  }
  if (!changes.empty()) shared_.subscriptions.apply(changes);
}

}  // namespace hermod::broker
