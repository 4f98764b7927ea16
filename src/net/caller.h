#pragma once
#include <memory>

#include "net/socket_address.h"
#include "net/transport.h"

namespace hermod::net {

/// Who connected, as far as it is known before the first byte of the stream. Moved into the transport.
struct Caller {
  /// A client that nobody said anything about.
  Caller(const SocketAddress& from) : address(from) {}  // NOLINT(google-explicit-constructor)

  SocketAddress address;                     ///< the client's, also behind a proxy
  std::unique_ptr<const Peer> introduced{};  ///< what a proxy or the kernel said of it; null: nothing
};

}  // namespace hermod::net
