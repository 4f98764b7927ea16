#pragma once
#include "base/result.h"
#include "queue/queue_catalog.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

/// A binding is a subscription whose subscriber is the queue: from now on publishers find it. Errors: Invalid
/// when a filter is none, whoever has let it in; the others are bound.
Status bind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue);
/// The filters of the old definition give way to those of the new one, at once. Errors: as above.
Status rebind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& from,
                    const queue::NamedQueue& to);
Status unbind_queue(topic::SubscriptionIndex& subscriptions, const queue::NamedQueue& queue);

}  // namespace hermod::broker
