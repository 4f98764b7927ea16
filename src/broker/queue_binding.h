#pragma once
#include "queue/queue_catalog.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

/// A binding is a subscription whose subscriber is the queue: from now on publishers find it. Precondition:
/// the filters of the definition are topic filters.
void bind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue);
void unbind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue);

}  // namespace hermod::broker
