// SUBSCRIBE to `$queue/...`: which queue it means, and how one is made for it.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/queue_plan.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"
#include "queue/queue_form.h"
#include "topic/topic_filter.h"

namespace hermod::broker {

using wire::ReasonCode;

namespace {

queue::NamedQueuePtr planned_queue(QueueId id, queue::QueueDefinition definition) {
  return std::make_shared<const queue::NamedQueue>(
      queue::NamedQueue{.id = id, .definition = std::move(definition), .room = nullptr});
}

}  // namespace

/// The granted QoS, or why not, which `why` says in words; so it does of a filter that has no effect. A queue
/// that is made for it has its record in `batch`.
ReasonCode Shard::grant_queue(Granting& it) {
  auto form = queue::QueueForm::parse(it.wanted.filter);
  if (!form) return it.refuse(ReasonCode::TopicFilterInvalid, form.error().detail);
  if (it.wanted.no_local)
    return it.refuse(ReasonCode::ImplementationSpecificError, "No Local means nothing for a named queue");
  const auto filter = topic::TopicFilter::parse(form->filter, {shared_.options.mqtt.max_topic_levels});
  if (!form->filter.empty() && !filter)
    return it.refuse(ReasonCode::TopicFilterInvalid, filter.error().detail);  // also where it means nothing
  if (!it.take_filter(std::move(form->properties))) return ReasonCode::TopicFilterInvalid;
  if (const queue::NamedQueuePtr there = shared_.queues.find(form->name)) {
    if (there->stream)
      return it.refuse(ReasonCode::TopicFilterInvalid,
                       "this is a stream, which is read: subscribe to $stream/ and its name");
    const std::vector<std::string>& bound = there->definition.bind;
    if (!form->filter.empty() && std::find(bound.begin(), bound.end(), form->filter) == bound.end() &&
        it.why.empty())
      it.why = "the queue is there already, and the filter behind its name is none of those it is bound to";
  } else {
    if (form->filter.empty())
      return it.refuse(ReasonCode::TopicFilterInvalid, "there is no queue of this name");
    if (!shared_.options.queues.auto_create)
      return it.refuse(ReasonCode::TopicFilterInvalid,
                       "there is no queue of this name, and queue.auto_create does not allow to make it");
    queue::QueueDefinition definition;
    definition.name = form->name;
    definition.bind.emplace_back(form->filter);
    if (filter->has_wildcard() && !shared_.options.mqtt.wildcard_available)
      return ReasonCode::WildcardSubscriptionsNotSupported;
    if (form->filter.starts_with('$'))
      return it.refuse(ReasonCode::TopicFilterInvalid, "a queue is not made for topics that begin with $");
    if (const Status checked = queue::check(definition); !checked)
      return it.refuse(ReasonCode::TopicFilterInvalid, checked.error().detail);
    // A queue that had the name may still be on its way out, with the subscriptions to it.
    auto hold = shared_.queues.share({definition.name, definition.dead_letter_target()});
    if (!hold) return it.refuse(ReasonCode::ImplementationSpecificError, hold.error().detail);
    it.request.hold = *std::move(hold);
    const Status plan = check_plan(shared_.queues, definition, shared_.options.mqtt.max_topic_levels);
    if (!plan) return it.refuse(ReasonCode::ImplementationSpecificError, plan.error().detail);
    if (auto dead = missing_dead_letters(shared_.queues, definition))
      it.request.creates.push_back(planned_queue(shared_.queue_ids.next(), *std::move(dead)));
    it.request.creates.push_back(planned_queue(shared_.queue_ids.next(), std::move(definition)));
    for (const queue::NamedQueuePtr& one : it.request.creates)
      queue::record_queue(it.batch, one->id, {.definition = one->definition});
  }
  return static_cast<ReasonCode>(
      std::min(static_cast<std::uint8_t>(it.wanted.qos), shared_.options.mqtt.max_qos));  // [MQTT-3.8.4-8]
}

/// The records are durable. Of two that made the same queue the first has made it, and the record of the
/// other goes.
ReasonCode Shard::create_queues(SubscriptionRequest& request) {
  ReasonCode reason = request.reason;
  const queue::QueueCatalog::Hold hold = std::move(request.hold);
  for (const queue::NamedQueuePtr& planned : std::exchange(request.creates, {})) {
    const Status opened = open_queue(*planned, "subscription");
    if (!opened && opened.error().code == Errc::NoSpace) reason = ReasonCode::QuotaExceeded;
  }
  return reason;
}

}  // namespace hermod::broker
