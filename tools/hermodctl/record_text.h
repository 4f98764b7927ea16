#pragma once
#include <optional>

#include "base/bytes.h"
#include "output.h"
#include "store/write_batch.h"

namespace hermod::ctl {

/// What a record of the tables says, as far as its room's format is known; a record that cannot be read gives
/// its error and its bytes in hexadecimal.
Fields describe_record(store::Table table, Bytes key, Bytes value);

/// What a change of the journal says.
Fields describe_op(const store::Op& op);

}  // namespace hermod::ctl
