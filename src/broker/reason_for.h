#pragma once
#include <string>

#include "base/result.h"
#include "wire/types.h"

namespace hermod::broker {

/// The one table from failures of our own to reason codes, as far as the packet that carries it may have
/// them.
wire::ReasonCode reason_for(Errc error, wire::PacketType packet);

/// The code as the specification writes it, for the log: 0x8E.
std::string code_of(wire::ReasonCode reason);

}  // namespace hermod::broker
