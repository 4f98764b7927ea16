#pragma once
#include <string>

#include "base/bytes.h"

namespace hermod {

/// With the alphabet of RFC 4648, section 4, and its padding.
std::string base64_text(Bytes bytes);

}  // namespace hermod
