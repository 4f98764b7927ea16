#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace hermod::store {

/// What a failed call of the system means: NoSpace when the disk takes nothing more, else Io.
Errc errc_of(int code);

/// Makes the names in a folder durable. Errors: NoSpace, Io.
Status sync_folder(const std::string& path);

/// What the disk of this path has for us; 0 when it does not say.
std::uint64_t free_bytes(const std::string& path);

}  // namespace hermod::store
