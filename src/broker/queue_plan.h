#pragma once
#include <cstddef>
#include <optional>

#include "base/result.h"
#include "queue/queue_catalog.h"
#include "queue/queue_definition.h"

namespace hermod::broker {

// What a definition says about things that queue/ does not know: topic filters, and the other queues. For
// whoever makes or changes a queue while the broker runs.

/// `levels`: as deep as a topic filter may be. Errors, with the option first: Invalid; Unsupported when this
/// broker cannot do it yet. Precondition: check(definition).
Status check_plan(const queue::QueueCatalog& queues, const queue::QueueDefinition& definition,
                  std::size_t levels);

/// Why there can be no stream where there is no store.
inline constexpr const char* kNoStoreForStream =
    "kind: a stream is read from the store, and this broker keeps none; set store.data_dir";

/// The queue for its dead letters that has to be made with it; nothing when it is there or none is wanted.
std::optional<queue::QueueDefinition> missing_dead_letters(const queue::QueueCatalog& queues,
                                                           const queue::QueueDefinition& definition);

}  // namespace hermod::broker
