#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/handed_sockets.h"
#include "net/listen_socket.h"
#include "net/options.h"
#include "net/unix_socket.h"

namespace hermod::net {

/// One address of a listener, bound.
struct OpenAddress {
  ListenAddress address;                ///< as it was asked for, with the real port
  std::vector<ListenSocket> sockets{};  ///< one per shard
  SocketFile file{};                    ///< of a Unix socket that we made
  bool is_handed_over = false;          ///< by systemd
};

/// Binds every address of `listener` for `shards` shards, or takes the sockets that were handed over for it.
/// Errors: as open_listen_sockets(), open_unix_socket() and HandedSockets; the text names the listener.
Result<std::vector<OpenAddress>> open_listener(const ListenerOptions& listener, std::size_t shards,
                                               HandedSockets& handed);

}  // namespace hermod::net
