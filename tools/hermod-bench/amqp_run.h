#pragma once
#include "base/result.h"
#include "outcome.h"
#include "scenario.h"

namespace hermod::bench {

/// The load of Shape::Queue over AMQP 0-9-1 in one thread: a durable queue that the run declares, persistent
/// messages, every one confirmed to its producer and acknowledged by its consumer. Producers and consumers
/// are the scenario's publishers and subscribers; of AMQP have no meaning: version, QoS, keys, churn, rate.
/// Blocks until it is over; Invalid when the broker cannot be used.
Result<Outcome> run_amqp(const Scenario& scenario);

}  // namespace hermod::bench
