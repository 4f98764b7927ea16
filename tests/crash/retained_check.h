#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash/ledger.h"

namespace hermod::crash {

/// A client that comes new gets of each topic what was acknowledged last, or what was on the way then; what
/// it does not get so, in words. Topics of which nothing was acknowledged promise nothing. Blocks.
std::vector<std::string> retained_violations(std::uint16_t port, const Ledger& ledger,
                                             const std::vector<std::string>& topics);

}  // namespace hermod::crash
