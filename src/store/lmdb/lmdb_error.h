#pragma once
#include <string>

#include "base/result.h"

namespace hermod::store {

/// A return code of the library or of the system as an error; `what` names the file and the action.
tl::unexpected<Error> lmdb_failure(int code, const std::string& what);

}  // namespace hermod::store
