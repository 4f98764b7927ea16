#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/options.h"

namespace hermod::config {

/// "10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1". Errors: Invalid, saying what is wrong.
Result<net::AddressRange> parse_address_range(std::string_view text);
/// The reverse; an address alone without its length.
std::string range_text(const net::AddressRange& range);

}  // namespace hermod::config
