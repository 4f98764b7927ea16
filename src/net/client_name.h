#pragma once
#include <string>

#include "base/result.h"

namespace hermod::net {

/// A name that somebody vouches for, and that ends in log lines and access rules. Errors: Invalid for one
/// that is empty, too long, not UTF-8, or has control characters in it: whatever could be mistaken for
/// another.
Result<std::string> checked_client_name(std::string name);

}  // namespace hermod::net
