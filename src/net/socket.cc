#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/assert.h"
#include "net/socket_address.h"

namespace hermod::net {

namespace {

/// What to do about an error; empty when the system's text says it all.
std::string_view advice_for(int error_number) {
  switch (error_number) {
    case EADDRINUSE:
      return "; is another broker running? Stop it or choose another port";
    case EACCES:
      return "; ports below 1024 need CAP_NET_BIND_SERVICE (AmbientCapabilities= in the service file)";
    case EADDRNOTAVAIL:
      return "; no interface of this machine has this address (0.0.0.0 means all of them)";
    case EAFNOSUPPORT:
      return "; IPv6 is switched off on this machine, use an IPv4 address";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (LimitNOFILE= in the service file, or ulimit -n)";
    default:
      return "";
  }
}

Errc code_for(int error_number) {
  switch (error_number) {
    case EADDRINUSE:
      return Errc::Busy;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return Errc::Invalid;
    default:
      return Errc::Io;
  }
}

struct SocketOption {
  int level;
  int name;
  int value;
};

/// Errors: the errno of the first option that failed.
int set_options(int fd, std::initializer_list<SocketOption> wanted) {
  for (const SocketOption& option : wanted) {
    if (::setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) != 0) return errno;
  }
  return 0;
}

enum class Sharing { Alone, First, Joining };

struct Endpoint {
  SocketAddress address;
  bool both_families = false;
};

/// Errors: errno.
tl::expected<Fd, int> bind_socket(const Endpoint& endpoint, Sharing sharing, const SocketOptions& options) {
  const bool ipv4 = endpoint.address.is_ipv4();
  Fd fd(::socket(ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return tl::unexpected(errno);
  int error = set_options(fd.get(), {{SOL_SOCKET, SO_REUSEADDR, 1}});
  if (error == 0 && !ipv4)
    error = set_options(fd.get(), {{IPPROTO_IPV6, IPV6_V6ONLY, endpoint.both_families ? 0 : 1}});
  if (error == 0 && sharing == Sharing::Joining)
    error = set_options(fd.get(), {{SOL_SOCKET, SO_REUSEPORT, 1}});
  if (error == 0) error = set_connection_options(fd.get(), options);
  if (error != 0) return tl::unexpected(error);
  sockaddr_storage raw;
  const socklen_t length = endpoint.address.fill(raw);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0) return tl::unexpected(errno);
  // The first is bound without SO_REUSEPORT, which would let it slip in beside another broker of the same
  // user; switched on afterwards, it lets the others join.
  if (sharing == Sharing::First) error = set_options(fd.get(), {{SOL_SOCKET, SO_REUSEPORT, 1}});
  if (error != 0) return tl::unexpected(error);
  return fd;
}

/// Binds all sockets of one endpoint. Errors: errno.
tl::expected<std::vector<Fd>, int> bind_all(Endpoint endpoint, std::size_t count,
                                            const SocketOptions& options) {
  std::vector<Fd> sockets;
  while (sockets.size() < count) {
    const Sharing first = count == 1 ? Sharing::Alone : Sharing::First;
    auto bound = bind_socket(endpoint, sockets.empty() ? first : Sharing::Joining, options);
    if (!bound) return tl::unexpected(bound.error());
    sockets.push_back(std::move(*bound));
    endpoint.address.set_port(local_port(sockets.front().get()));
  }
  return sockets;
}

}  // namespace

int set_connection_options(int fd, const SocketOptions& options) {
  int error = set_options(fd, {{IPPROTO_TCP, TCP_NODELAY, options.no_delay ? 1 : 0}});
  if (error == 0 && options.keep_alive_idle.count() > 0) {
    error =
        set_options(fd, {{SOL_SOCKET, SO_KEEPALIVE, 1},
                         {IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.keep_alive_idle.count())},
                         {IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(options.keep_alive_interval.count())},
                         {IPPROTO_TCP, TCP_KEEPCNT, options.keep_alive_probes}});
  }
  if (error == 0 && options.send_buffer > 0)
    error = set_options(fd, {{SOL_SOCKET, SO_SNDBUF, options.send_buffer}});
  if (error == 0 && options.receive_buffer > 0)
    error = set_options(fd, {{SOL_SOCKET, SO_RCVBUF, options.receive_buffer}});
  return error;
}

Result<std::vector<Fd>> open_listen_sockets(const ListenAddress& address, std::size_t count,
                                            const SocketOptions& options) {
  HERMOD_ASSERT(count >= 1);
  const bool everywhere = address.host == "*";
  auto parsed = SocketAddress::parse(everywhere ? "::" : address.host, address.port);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  const bool both_families = everywhere || address.takes_ipv4;
  auto sockets = bind_all({.address = *parsed, .both_families = both_families}, count, options);
  if (!sockets && everywhere && (sockets.error() == EAFNOSUPPORT || sockets.error() == EADDRNOTAVAIL)) {
    SocketAddress ipv4;
    ipv4.set_port(address.port);
    sockets = bind_all({.address = ipv4}, count, options);
  }
  if (!sockets) return tl::unexpected(socket_error(sockets.error(), "listen on", to_string(address)));
  return std::move(*sockets);
}

std::uint16_t local_port(int fd) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &length) != 0) return 0;
  return SocketAddress::from(raw).port();
}

std::string local_path(int fd) {
  sockaddr_un raw{};
  socklen_t length = sizeof raw;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &length) != 0 || raw.sun_family != AF_UNIX)
    return "";
  const std::size_t most = length - offsetof(sockaddr_un, sun_path);
  return {raw.sun_path, ::strnlen(raw.sun_path, most)};
}

std::string local_name(int fd) {
  if (std::string path = local_path(fd); !path.empty()) return path;
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &length);
  return SocketAddress::from(raw).to_string();
}

Error socket_error(int error_number, std::string_view what, std::string_view where) {
  std::string text = "cannot ";
  text.append(what).append(" ").append(where).append(": ");
  text.append(std::generic_category().message(error_number)).append(advice_for(error_number));
  return Error{code_for(error_number), std::move(text)};
}

}  // namespace hermod::net
