#include "net/open_listener.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "net/socket.h"

namespace hermod::net {
namespace {

/// The same socket once for each shard: a Unix socket has no SO_REUSEPORT, and one that was handed over is
/// one.
Result<std::vector<ListenSocket>> for_each_shard(Fd socket, std::size_t shards) {
  std::vector<ListenSocket> out;
  while (out.size() + 1 < shards) {
    Fd copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return tl::unexpected(socket_error(errno, "share", local_name(socket.get())));
    out.emplace_back(std::move(copy), true);
  }
  out.emplace_back(std::move(socket), shards > 1);
  return out;
}

Result<OpenAddress> open_address(const ListenerOptions& listener, const ListenAddress& address,
                                 std::size_t shards, HandedSockets& handed) {
  OpenAddress out{.address = address};
  auto given = handed.take(listener.name, address);
  if (!given) return tl::unexpected(std::move(given.error()));
  Fd one;
  if (*given) {
    out.is_handed_over = true;
    one = std::move(**given);
    if (const int error = address.is_unix() ? 0 : set_connection_options(one.get(), listener.socket);
        error != 0)
      return tl::unexpected(socket_error(error, "use", "the socket from systemd"));
  } else if (address.is_unix()) {
    auto made = open_unix_socket(address.path, listener.file, listener.socket.backlog);
    if (!made) return tl::unexpected(std::move(made.error()));
    one = std::move(made->socket);
    out.file = std::move(made->file);
  } else {
    auto sockets = open_listen_sockets(address, shards, listener.socket);
    if (!sockets) return tl::unexpected(std::move(sockets.error()));
    for (Fd& socket : *sockets) out.sockets.emplace_back(std::move(socket));
  }
  if (one.valid()) {
    auto shared = for_each_shard(std::move(one), shards);
    if (!shared) return tl::unexpected(std::move(shared.error()));
    out.sockets = std::move(*shared);
  }
  out.address.port = local_port(out.sockets.front().fd.get());
  return out;
}

}  // namespace

Result<std::vector<OpenAddress>> open_listener(const ListenerOptions& listener, std::size_t shards,
                                               HandedSockets& handed) {
  std::vector<OpenAddress> out;
  for (const ListenAddress& address : listener.addresses) {
    auto opened = open_address(listener, address, shards, handed);
    if (!opened)
      return failure(opened.error().code, "listener " + listener.name + ": " + opened.error().detail);
    out.push_back(std::move(*opened));
  }
  return out;
}

}  // namespace hermod::net
