#pragma once
#include <optional>
#include <string_view>

#include "net/transport.h"
#include "wire/types.h"

namespace hermod::broker {

/// Why a connection ends, for the log: views that live as long as the call they are given to.
struct Ending {
  std::string_view by;                     ///< client, broker or network
  std::optional<wire::ReasonCode> reason;  ///< of DISCONNECT or CONNACK; nothing when the network just went
  std::string_view why;                    ///< in words
};

/// What a transport ends for that nobody of ours has closed.
Ending ending_of_transport(net::CloseReason reason);

}  // namespace hermod::broker
