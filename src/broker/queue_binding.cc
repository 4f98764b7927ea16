#include "broker/queue_binding.h"

#include <vector>

#include "base/assert.h"

namespace hermod::broker {
namespace {

using topic::SubscriptionChange;

void change_binding(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue,
                    SubscriptionChange::Kind kind) {
  std::vector<SubscriptionChange> changes;
  for (const std::string& filter : queue.definition.bind) {
    const auto parsed = topic::TopicFilter::parse(filter);
    HERMOD_ASSERT(parsed.has_value());
    changes.push_back({kind, {{}, *parsed}, SessionId{queue.id.v}, {.granted_qos = 2}});
  }
  if (!changes.empty()) subscriptions.apply(changes);
}

}  // namespace

void bind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue) {
  change_binding(subscriptions, queue, SubscriptionChange::Kind::Set);
}

void unbind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue) {
  change_binding(subscriptions, queue, SubscriptionChange::Kind::Remove);
}

}  // namespace hermod::broker
