#include "broker/queue_binding.h"

#include <vector>

#include "topic/limits.h"

namespace hermod::broker {
namespace {

using topic::SubscriptionChange;

/// Adds a change for each filter of the queue. Errors: Invalid; the others are there.
Status add_changes(const queue::NamedQueue& queue, SubscriptionChange::Kind kind,
                   std::vector<SubscriptionChange>& changes) {
  Status status;
  for (const std::string& filter : queue.definition.bind) {
    const auto parsed = topic::TopicFilter::parse(filter, {.levels = topic::kMaxTopicBytes});
    if (!parsed) {
      status = tl::unexpected(parsed.error());
      continue;
    }
    changes.push_back({kind, {{}, *parsed}, SessionId{queue.id.v}, {.granted_qos = 2}, /*is_binding=*/true});
  }
  return status;
}

Status change_binding(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue,
                      SubscriptionChange::Kind kind) {
  std::vector<SubscriptionChange> changes;
  Status status = add_changes(queue, kind, changes);
  if (!changes.empty()) subscriptions.apply(changes);
  return status;
}

}  // namespace

Status bind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue) {
  return change_binding(subscriptions, queue, SubscriptionChange::Kind::Set);
}

Status rebind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& from,
                    const queue::NamedQueue& to) {
  if (from.definition.bind == to.definition.bind) return {};
  std::vector<SubscriptionChange> changes;
  static_cast<void>(add_changes(from, SubscriptionChange::Kind::Remove, changes));
  Status status = add_changes(to, SubscriptionChange::Kind::Set, changes);
  if (!changes.empty()) subscriptions.apply(changes);
  return status;
}

Status unbind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue) {
  return change_binding(subscriptions, queue, SubscriptionChange::Kind::Remove);
}

}  // namespace hermod::broker
