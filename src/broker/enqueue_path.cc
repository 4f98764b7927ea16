// How a PUBLISH comes into named queues; those that have to be asked are in admission_path.cc. A queue is one
// more durable receiver, whose room is counted in its QueueRoom, and which stores a message whatever its QoS.

#include <memory>
#include <utility>

#include "broker/message_id.h"
#include "broker/shard.h"
#include "queue/queue_changes.h"

namespace hermod::broker {
namespace {

/// Null: the queue does not look at numbers, or the message has none.
std::unique_ptr<queue::NumberedMessage> numbered_for(const queue::QueueDefinition& definition,
                                                     const queue::Message& message, const std::string& key,
                                                     std::string_view client_id) {
  if (definition.seq == queue::QueueDefinition::SequenceCheck::Off) return nullptr;
  const auto said = said_with(queue::kSequenceProperty, message);
  const auto number = said ? queue::SequenceWatch::parse(*said) : std::nullopt;
  if (!number) return nullptr;
  return std::make_unique<queue::NumberedMessage>(
      queue::NumberedMessage{.client_id = std::string(client_id), .key = key, .seq = *number});
}

/// The queue has the message already, and knows by its msg-id.
bool is_repeated(const QueueTarget& target) {
  using What = queue::Admission::What;
  return target.is_asked &&
         (target.admission.what == What::Duplicate || target.admission.what == What::DuplicatePending);
}

/// It misses the message alone. Precondition: it is dropped.
bool has_no_room(const QueueTarget& target) {
  using What = queue::Admission::What;
  return !target.is_asked || target.admission.what == What::Dropped || target.admission.what == What::Full ||
         target.admission.what == What::RateLimited;
}

}  // namespace

bool Shard::add_queue_target(QueueId id, const queue::Message& message, std::string_view client_id) {
  queue::NamedQueuePtr queue = shared_.queues.find(id);
  if (!queue) return false;
  const queue::QueueDefinition& definition = queue->definition;
  if (!definition.match.matches(message.forwarded_properties())) return true;
  const std::string_view key =
      definition.key.key_for({message.topic(), message.forwarded_properties(), client_id});
  const bool is_asked = definition.asks_before_publish() || queue->is_ending;
  std::string owned(key);
  auto numbered = numbered_for(definition, message, owned, client_id);
  queue_targets_.push_back({.queue = std::move(queue),
                            .key = std::move(owned),
                            .is_asked = is_asked,
                            .numbered = std::move(numbered)});
  return true;
}

/// Room in every queue that wants the message, or in none. False only with `may_refuse`: a queue has none and
/// says so; else it misses the message alone, which is counted when the others have it.
bool Shard::reserve_queue_room(const queue::MessagePtr& message, bool may_refuse) {
  const queue::Amount one{1, message->size()};
  for (std::size_t i = 0; i < queue_targets_.size(); ++i) {
    QueueTarget& target = queue_targets_[i];
    if (target.is_asked || target.queue->room->take(one)) continue;
    voice_.tell_full(*target.queue);
    if (may_refuse && target.queue->definition.overflow == queue::QueueDefinition::Overflow::Reject) {
      counters_.add(Counter::QueueRefused);
      queue_targets_.resize(i);
      for (const QueueTarget& taken : queue_targets_)
        if (!taken.is_asked && !taken.is_dropped) give_back_room(*taken.queue, one);
      return false;
    }
    target.is_dropped = true;
  }
  return true;
}

/// It was taken for a message that does not come. Where nobody asks and nothing ends, nobody waits for it.
void Shard::give_back_room(const queue::NamedQueue& queue, const queue::Amount& amount) {
  queue.room->give_back(amount);
  const queue::NamedQueuePtr now = shared_.queues.find(queue.id);  // behind the return: see replace()
  if (!now || now->is_ending || now->definition.asks_before_publish()) tell_queue(queue.id, RoomGivenBack{});
}

/// Behind the entries of the sessions, in the order of work.queues. The targets stay, for whoever asks.
void Shard::append_to_queues(store::WriteBatch& batch, const queue::MessagePtr& message,
                             std::optional<MessageId> shared, PublishCommit& work) {
  for (QueueTarget& target : queue_targets_) {
    if (target.numbered && !is_repeated(target))
      work.numbered.push_back({target.queue->id, std::move(target.numbered)});
    if (target.is_dropped && has_no_room(target))
      work.left.push_back({.why = Counter::QueueDroppedMaxLength, .message = message, .queue = target.queue});
    if (target.is_dropped) continue;
    if (target.is_asked) {
      append_admitted(batch, target, message, shared, work);
      continue;
    }
    queue::QueueEntry entry{.message = message, .key = std::move(target.key)};
    if (shared) {
      queue::append_queue_entry(batch, target.queue->id, entry, *shared);
    } else {
      queue::append_queue_entry(batch, target.queue->id, entry);
    }
    work.queues.push_back({target.queue, std::move(entry)});
  }
}

/// Null: the publisher does not ask, or may not be told. [MQTT-3.1.2-29]
std::unique_ptr<PublishRef> Shard::wanted_ref(const Connection& c, const queue::Message& message) const {
  if (!c.agreement().is_v5() || !c.agreement().request_problem_information) return nullptr;
  bool is_wanted = false;
  for (const wire::UserProperty property : wire::UserProperties(message.forwarded_properties()))
    is_wanted = is_wanted || (property.name == "want-ref" && property.value == "1");
  if (!is_wanted) return nullptr;
  auto ref = std::make_unique<PublishRef>();
  using What = queue::Admission::What;
  for (const QueueTarget& target : queue_targets_)
    if (target.admission.what == What::Duplicate || target.admission.what == What::DuplicatePending)
      ref->is_duplicate = true;
  return ref;
}

/// Who publishes faster than the owner of a queue can take it waits, as for a slow reader.
void Shard::wait_for_queue_owner(Connection& c) {
  for (const QueueTarget& target : queue_targets_) {
    const ShardId owner = owner_of(target.queue->id, shared_.mailboxes.size());
    if (!is_behind(owner)) continue;
    counters_.add(Counter::PublishersPaused);
    c.pause(Connection::Pause::SlowReader);
    waiting_publishers_.push_back({c.id(), SessionId{}, owner});
    schedule_deadlines();
    return;
  }
}

}  // namespace hermod::broker
