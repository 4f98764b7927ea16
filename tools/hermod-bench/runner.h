#pragma once
#include "base/result.h"
#include "outcome.h"
#include "scenario.h"

namespace hermod::bench {

/// Runs one scenario from connect to goodbye on threads of its own, and blocks until it is over. Invalid when
/// the broker's address or process cannot be used; a failure on the way is in Outcome::failure.
Result<Outcome> run_scenario(const Scenario& scenario);

}  // namespace hermod::bench
