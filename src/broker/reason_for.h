#pragma once
#include "base/result.h"
#include "wire/types.h"

namespace hermod::broker {

/// The one table from failures of our own to reason codes.
wire::ReasonCode reason_for(Errc error);

}  // namespace hermod::broker
