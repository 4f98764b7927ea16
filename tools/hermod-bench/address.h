#pragma once
#include <sys/socket.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "tls_client.h"

namespace hermod::bench {

/// Where the broker listens: resolved once, then copied into every connect().
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;
  std::shared_ptr<const TlsClient> tls;  ///< null: plain
  std::string websocket_request;         ///< what asks for the WebSocket; empty: there is none
};

/// "host", "host:port", "[v6]:port" or "unix:/path"; behind mqtts:// with TLS of these settings, behind ws://
/// and wss:// with WebSocket and perhaps "/path" at the end. Without a port or path: 1883, 8883, 8083, 8084,
/// and /mqtt. Invalid when it cannot be resolved, or the settings are not good.
Result<Address> resolve(const std::string& text, const TlsSettings& tls);

/// Lets this process hold `descriptors` files at once. Fails with the limit that stands in the way.
Status raise_descriptor_limit(std::size_t descriptors);

}  // namespace hermod::bench
