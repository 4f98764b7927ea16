#include "net/handed_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/socket.h"
#include "net/socket_address.h"

namespace hermod::net {
namespace {

/// An IPv6 socket that takes IPv4 too; this cannot be changed once it is bound.
bool takes_ipv4_too(int fd) {
  int only_ipv6 = 1;
  socklen_t length = sizeof only_ipv6;
  return ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, &length) == 0 && only_ipv6 == 0;
}

bool is_bound_to(int fd, const ListenAddress& address) {
  if (address.is_unix()) return local_path(fd) == address.path;
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &length) != 0) return false;
  if (raw.ss_family != AF_INET && raw.ss_family != AF_INET6) return false;
  const SocketAddress bound = SocketAddress::from(raw);
  if (address.port != 0 && address.port != bound.port()) return false;
  const bool everywhere = address.host == "*";
  if (bound != SocketAddress::parse(everywhere ? "::" : address.host, bound.port())) return false;
  const bool is_any_ipv6 = bound == SocketAddress::parse("::", bound.port());
  return !is_any_ipv6 || takes_ipv4_too(fd) == (everywhere || address.takes_ipv4);
}

int option_of_socket(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

/// "lan on 192.0.2.1:1883, local on /run/hermod/hermod.sock".
std::string listed(const std::vector<ListenerOptions>& listeners) {
  std::string out;
  for (const ListenerOptions& listener : listeners) {
    out += (out.empty() ? "" : ", ") + listener.name + " on";
    for (const ListenAddress& address : listener.addresses)
      out += " " + (address.is_unix() ? address.path : to_string(address));
  }
  return out;
}

}  // namespace

Result<std::optional<Fd>> HandedSockets::take(const std::string& name, const ListenAddress& address) {
  const auto found = std::ranges::find_if(sockets_, [&](const HandedSocket& one) {
    return one.name == name && is_bound_to(one.socket.get(), address);
  });
  if (found == sockets_.end()) return std::nullopt;
  Fd socket = std::move(found->socket);
  sockets_.erase(found);
  if (option_of_socket(socket.get(), SO_TYPE) != SOCK_STREAM ||
      option_of_socket(socket.get(), SO_ACCEPTCONN) != 1)
    return failure(Errc::Invalid, "the socket " + name +
                                      " from systemd is not one that listens for connections "
                                      "(ListenStream= and Accept=no in the .socket file)");
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return tl::unexpected(socket_error(errno, "use", "the socket " + name + " from systemd"));
  return std::optional(std::move(socket));
}

Status HandedSockets::all_wanted(const std::vector<ListenerOptions>& listeners) const {
  std::vector<std::string> seen;
  for (const HandedSocket& one : sockets_) {
    const int fd = one.socket.get();
    const auto is_its_own = [&](const ListenerOptions& listener) {
      return listener.name == one.name &&
             std::ranges::any_of(listener.addresses,
                                 [&](const ListenAddress& address) { return is_bound_to(fd, address); });
    };
    const std::string what = "the socket " + one.name + " on " + local_name(fd);
    if (std::ranges::find(seen, what) != seen.end())
      return failure(Errc::Invalid, "systemd hands over " + what + " twice");
    seen.push_back(what);
    if (std::ranges::any_of(listeners, is_its_own)) continue;
    return failure(Errc::Invalid, "systemd hands over " + what +
                                      ", and no listener has this name and address; FileDescriptorName= and "
                                      "ListenStream= of the .socket file must be those of a listener: " +
                                      listed(listeners));
  }
  return {};
}

}  // namespace hermod::net
