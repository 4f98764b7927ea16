#include "client/endpoint.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace hermod::client {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Outcome<Addresses> look_up(const std::string& host, const std::string& port, int family, const char* option) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.empty() ? nullptr : port.c_str(), &hints, &found);
  if (error != 0)
    return fail(ExitCode::Usage,
                std::string(option) + ": the host \"" + host + "\" is unknown (" + gai_strerror(error) + ")");
  return Addresses(found, &freeaddrinfo);
}

/// 0, or why it did not work. ECANCELED: `stop` became readable.
int wait_connected(int socket, std::chrono::milliseconds patience, int stop) {
  pollfd waits[] = {{socket, POLLOUT, 0}, {stop, POLLIN, 0}};
  int ready = 0;
  do {
    ready = poll(waits, 2, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  if (waits[1].revents != 0) return ECANCELED;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int connect_socket(int socket, const sockaddr* address, socklen_t size, std::chrono::milliseconds patience,
                   int stop) {
  if (connect(socket, address, size) == 0) return 0;
  return errno == EINPROGRESS ? wait_connected(socket, patience, stop) : errno;
}

Outcome<Descriptor> connect_unix(const std::string& path, std::chrono::milliseconds patience, int stop) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path)
    return fail(ExitCode::Usage, "--unix: the path is longer than 107 characters");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int error = connect_socket(socket.number(), reinterpret_cast<const sockaddr*>(&address),
                                   sizeof address, patience, stop);
  if (error != 0) return fail(ExitCode::Usage, "cannot connect to " + path + ": " + std::strerror(error));
  return socket;
}

/// The first of this family; null: there is none.
const addrinfo* of_family(const addrinfo* list, int family) {
  while (list != nullptr && list->ai_family != family) list = list->ai_next;
  return list;
}

}  // namespace

Outcome<Descriptor> connect_to_broker(const SessionOptions& options, std::chrono::milliseconds patience,
                                      int stop) {
  if (!options.unix_path.empty()) return connect_unix(options.unix_path, patience, stop);
  const std::string port = std::to_string(options.port);
  const auto addresses = look_up(options.host, port, AF_UNSPEC, "-h");
  if (!addresses) return tl::unexpected(addresses.error());
  const bool is_bound = !options.bind_address.empty();
  const auto locals = is_bound ? look_up(options.bind_address, "", AF_UNSPEC, "-A")
                               : Outcome<Addresses>(Addresses(nullptr, &freeaddrinfo));
  if (!locals) return tl::unexpected(locals.error());
  std::optional<int> error;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    // A host may have addresses of both families, and we be bound to one.
    const addrinfo* local = of_family(locals->get(), address->ai_family);
    if (is_bound && local == nullptr) continue;
    Descriptor socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
      error = errno;
      continue;
    }
    if (is_bound && bind(socket.number(), local->ai_addr, local->ai_addrlen) != 0)
      return fail(ExitCode::Usage,
                  "-A: cannot use the local address " + options.bind_address + ": " + std::strerror(errno));
    const int on = options.no_delay ? 1 : 0;
    setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    error = connect_socket(socket.number(), address->ai_addr, address->ai_addrlen, patience, stop);
    if (*error == 0) return socket;
    if (*error == ECANCELED) return fail(ExitCode::Usage, "interrupted");
  }
  if (!error)
    return fail(ExitCode::Usage, "-A: no address of " + options.host + " can be reached from " +
                                     options.bind_address + ", which is of the other family");
  return fail(ExitCode::Usage,
              "cannot connect to " + options.host + " port " + port + ": " + std::strerror(*error));
}

}  // namespace hermod::client
