// A PUBLISH that is to happen later: to `$delayed/<seconds>/<topic>`, or with the user property delay-level.
// It is stored and acknowledged here; delayed_due_path.cc publishes it when its time has come.

#include <memory>
#include <utility>

#include "broker/shard.h"
#include "queue/delayed_form.h"
#include "queue/delayed_records.h"
#include "session/records.h"

namespace hermod::broker {

void Shard::on_delayed(Connection& c, const wire::Publish& packet, std::string_view topic) {
  const auto form = queue::DelayedForm::parse(topic);
  if (!form) return refuse_publish(c, packet, ReasonCode::TopicNameInvalid, form.error().detail);
  if (const auto refusal = refusal_for(packet, form->topic)) return refuse_publish(c, packet, *refusal, {});
  store_delayed(c, packet, form->topic, form->time_from(wall()));
}

/// True: the user property delay-level decided about it. A topic of the form `$delayed/...` says it already,
/// so nobody asks then. There is no reason code for a level that is not there: it is a refusal of this
/// broker.
bool Shard::is_delayed_by_level(Connection& c, const wire::Publish& packet, std::string_view topic) {
  const auto delay = queue::wanted_delay(packet.properties.user_properties(), shared_.options.delayed.levels);
  if (delay && !*delay) return false;
  if (delay) {
    store_delayed(c, packet, topic, queue::DelayedTime::after(**delay, wall()));
  } else {
    refuse_publish(c, packet, ReasonCode::ImplementationSpecificError, delay.error().detail);
  }
  return true;
}

/// One batch, as for any PUBLISH: its record, and the inbound packet identifier. Who gets the message is
/// looked up when it is due.
void Shard::store_delayed(Connection& c, const wire::Publish& packet, std::string_view topic,
                          const queue::DelayedTime& time) {
  if (!shared_.delayed.take())
    return refuse_publish(c, packet, ReasonCode::QuotaExceeded,
                          "as many delayed messages wait as delayed.max_pending allows");
  const session::Session& session = *c.session();
  auto delayed = std::make_unique<queue::DelayedMessage>();
  delayed->time = time;
  delayed->received = now();
  delayed->content = {session.client_id(), make_message(packet, topic, session.id(), 0)};
  targets_.clear();
  queue_targets_.clear();
  PublishCommit work;
  work.packet_id = packet.id;
  work.qos = packet.qos;
  work.matched = true;
  if (packet.qos != QoS::AtMostOnce) work.ref = wanted_ref(c, *delayed->content.message);
  store::WriteBatch batch = batch_memory_.batch();
  queue::append_delayed(batch, time, session.client_id(), *delayed->content.message);
  if (packet.qos == QoS::ExactlyOnce && session.is_durable())
    session::record_inbound_id(batch, session.id(), packet.id);
  batch.refuse_when_full();
  work.delayed = std::move(delayed);
  submit(std::move(batch), c.id(), session.id(), std::move(work), {.sync = packet.qos == QoS::ExactlyOnce});
}

}  // namespace hermod::broker
