#pragma once
#include <optional>
#include <string_view>

#include "wire/types.h"

namespace hermod::broker {

/// Why a connection ends, for the log: views that live as long as the call they are given to.
struct Ending {
  std::string_view by;                     ///< client, broker or network
  std::optional<wire::ReasonCode> reason;  ///< of DISCONNECT or CONNACK; nothing when the network just went
  std::string_view why;                    ///< in words
};

}  // namespace hermod::broker
