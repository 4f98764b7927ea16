#pragma once
#include <memory>
#include <vector>

#include "outcome.h"
#include "worker.h"

namespace hermod::bench {

/// Adds up what all workers saw, after they have ended: every message of every publisher is looked for at
/// every subscriber it was for.
void tally(const std::vector<std::unique_ptr<Worker>>& workers, Outcome& outcome);

}  // namespace hermod::bench
