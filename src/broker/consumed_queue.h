#pragma once
#include <cstddef>
#include <string_view>

#include "queue/property_filter.h"
#include "queue/queue_catalog.h"
#include "session/subscriptions.h"

namespace hermod::broker {

/// Whether whoever subscribes to this is lent messages, each to one of several: from a named queue, or by a
/// consumer group of a stream.
bool is_consumed(std::string_view filter);

/// What he consumes. Null: there is no such queue or group. Precondition: is_consumed(filter).
queue::NamedQueuePtr consumed_by(const queue::QueueCatalog& queues, std::string_view filter);
/// The same of one who begins. A group that has been deleted while its member was away begins anew, as its
/// member says. `owners`: shards that own queues.
queue::NamedQueuePtr consumed_by(queue::QueueCatalog& queues, std::string_view filter, std::size_t owners);

/// Which messages a subscription to a queue, a stream or a consumer group takes.
queue::PropertyFilter wanted_by(const session::Subscription& subscription);

}  // namespace hermod::broker
