#pragma once
#include <string>
#include <vector>

#include "address.h"
#include "scenario.h"

namespace hermod::bench {

/// Ends the sessions of these clients at the broker: connects clean and leaves. Blocks; used before and after
/// a run with 3.1.1 sessions, which know no expiry. Sessions it cannot reach are left alone.
void end_sessions(const Address& address, const Scenario& scenario,
                  const std::vector<std::string>& client_ids);

}  // namespace hermod::bench
