#pragma once
#include "base/counters.h"
#include "broker/owned_queue.h"
#include "broker/voice.h"

namespace hermod::broker {

/// A producer's numbered message is in the queue, or has been dropped by its rules; either way it has
/// arrived. What is missing in front of it, or has come before, is counted, logged and told. On the shard
/// that owns the queue.
void watch_sequence(OwnedQueue& queue, const queue::NumberedMessage& message, CounterBlock& counters,
                    Voice& voice);

}  // namespace hermod::broker
