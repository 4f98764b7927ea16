#include "broker/queue_binding.h"

#include <vector>

#include "topic/limits.h"

namespace hermod::broker {
namespace {

using topic::SubscriptionChange;

Status change_binding(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue,
                      SubscriptionChange::Kind kind) {
  Status status;
  std::vector<SubscriptionChange> changes;
  for (const std::string& filter : queue.definition.bind) {
    const auto parsed = topic::TopicFilter::parse(filter, {.levels = topic::kMaxTopicBytes});
    if (!parsed) {
      status = tl::unexpected(parsed.error());
      continue;
    }
    changes.push_back({kind, {{}, *parsed}, SessionId{queue.id.v}, {.granted_qos = 2}, /*is_binding=*/true});
  }
  if (!changes.empty()) subscriptions.apply(changes);
  return status;
}

}  // namespace

Status bind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue) {
  return change_binding(subscriptions, queue, SubscriptionChange::Kind::Set);
}

Status unbind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue) {
  return change_binding(subscriptions, queue, SubscriptionChange::Kind::Remove);
}

}  // namespace hermod::broker
