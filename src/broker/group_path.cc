// SUBSCRIBE to `$share/<group>/$stream/<name>`: which consumer group it means, and how one begins.

#include <algorithm>
#include <string>
#include <utility>

#include "broker/queue_plan.h"
#include "broker/shard.h"
#include "queue/group_records.h"
#include "queue/queue_changes.h"
#include "queue/stream_form.h"

namespace hermod::broker {

using wire::ReasonCode;

/// The granted QoS, or why not, which `why` says in words. A group that is new has its record in `batch`, and
/// so has the queue for its dead letters. What it takes is decided here for all shards: who comes second with
/// another filter is refused before SUBACK. At QoS 2 nothing would be gained that could be kept: which member
/// has what is not stored, and a kill takes the group's position back a little. [MQTT-3.8.4-8]
ReasonCode Shard::grant_group(Granting& it) {
  if (!shared_.options.mqtt.shared_available) return ReasonCode::SharedSubscriptionsNotSupported;
  if (it.wanted.no_local) return ReasonCode::ProtocolError;  // [MQTT-3.8.3-4]
  auto form = queue::GroupForm::parse(it.wanted.filter);
  if (!form) return it.refuse(ReasonCode::TopicFilterInvalid, form.error().detail);
  const queue::NamedQueuePtr stream = shared_.queues.find(form->stream.name);
  if (!stream) return it.refuse(ReasonCode::TopicFilterInvalid, "there is no stream of this name");
  if (!stream->stream)
    return it.refuse(ReasonCode::TopicFilterInvalid,
                     "this is a queue, which is shared as it is: subscribe to $queue/ and its name");
  const auto start =
      form->stream.start ? Result<queue::StreamStart>(*form->stream.start) : start_in(it.packet);
  if (!start)
    return it.refuse(ReasonCode::ImplementationSpecificError,
                     std::string(queue::kStreamOffset) + ": " + start.error().detail);
  if (!it.take_filter(std::move(form->stream.properties))) return ReasonCode::TopicFilterInvalid;
  auto takes = shared_.queues.group_filters().hold(
      {stream->id, std::string(form->group)}, {it.session.id(), it.session.client_id(), it.wanted.filter},
      it.request.takes.text());
  if (!takes) return it.refuse(ReasonCode::UnspecifiedError, takes.error().detail);
  it.request.make_wish().group = *std::move(takes);
  const queue::QueueDefinition definition = queue::definition_of_groups(stream->definition);
  queue::QueueCatalog::Hold hold_dead;
  std::optional<queue::QueueDefinition> missing;
  if (const std::string dead = definition.dead_letter_target(); !dead.empty() && !shared_.queues.find(dead)) {
    auto hold = shared_.queues.share({dead});
    if (!hold) return it.refuse(ReasonCode::ImplementationSpecificError, hold.error().detail);
    hold_dead = *std::move(hold);
    const Status plan = check_plan(shared_.queues, definition, shared_.options.mqtt.max_topic_levels);
    if (!plan) return it.refuse(ReasonCode::ImplementationSpecificError, plan.error().detail);
    missing = missing_dead_letters(shared_.queues, definition);
  }
  auto group = shared_.queues.make_group(stream->id, form->group, stream->stream->position(*start),
                                         shared_.mailboxes.size());
  if (!group)
    return it.refuse(
        group.error().code == Errc::NoSpace ? ReasonCode::QuotaExceeded : ReasonCode::TopicFilterInvalid,
        group.error().detail);
  it.request.group = *std::move(group);
  if (missing) {
    it.request.hold = std::move(hold_dead);
    queue::NamedQueue dead{
        .id = shared_.queue_ids.next(), .definition = *std::move(missing), .room = nullptr};
    queue::record_queue(it.batch, dead.id, {.definition = dead.definition});
    it.request.creates.push_back(std::make_shared<const queue::NamedQueue>(std::move(dead)));
  }
  const queue::StreamGroup& named = *it.request.group->group;
  if (!named.is_recorded)
    queue::record_group(it.batch, named.stream, named.number, {named.name, named.begin});
  const auto most = std::min(shared_.options.mqtt.max_qos, static_cast<std::uint8_t>(QoS::AtLeastOnce));
  return static_cast<ReasonCode>(std::min(static_cast<std::uint8_t>(it.wanted.qos), most));
}

}  // namespace hermod::broker
