#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "net/options.h"

namespace hermod::net {

/// True when the address is one of a proxy's. `address` is numeric, or a path, which is none.
bool is_in_any(const std::vector<AddressRange>& proxies, std::string_view address);

/// The address of the client for whom proxies connect (X-Forwarded-For), in its usual form. `peer` is the
/// address that connected, `forwarded` what the headers list, nearest last. Empty: `peer` is the client,
/// because it is none of `proxies` or does not name anybody. Of what was listed, only what proxies wrote
/// counts.
std::string client_behind(const std::vector<AddressRange>& proxies, std::string_view peer,
                          std::string_view forwarded);

}  // namespace hermod::net
