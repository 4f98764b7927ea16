#pragma once
#include <string>
#include <string_view>

namespace hermod::net {

/// Sec-WebSocket-Accept: what proves that a server has read a client's Sec-WebSocket-Key (RFC 6455, 4.2.2).
/// Empty when the system has no memory for it.
std::string websocket_accept(std::string_view key);

}  // namespace hermod::net
