#pragma once
#include <vector>

#include "config/socket_keys.h"

namespace hermod::config {

/// The keys that only listeners with ws:// and wss:// have; a part of socket_keys().
std::vector<SocketKey> websocket_keys();

}  // namespace hermod::config
