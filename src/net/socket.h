#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/fd.h"
#include "net/options.h"

namespace hermod::net {

/// Sockets bound to `address` and not listening yet, one per shard; the kernel spreads connections over them
/// (SO_REUSEPORT). The first is bound alone, so a second broker on the same address is an error and
/// not a silent share; the others join its real port, also when `address` asked for port 0. Options of
/// accepted connections are set here, because accepted sockets inherit them. Precondition: count >= 1.
/// (Two brokers of one user that have both bound and do not listen yet cannot tell; see Listener::start().)
/// Errors: Invalid (address), Busy (in use), Io; the text names the address and what to do.
Result<std::vector<Fd>> open_listen_sockets(const ListenAddress& address, std::size_t count,
                                            const SocketOptions& options);

/// Options that accepted connections inherit from the listening socket on Linux: set once here, they cost no
/// system call per connection. Returns the errno of the first that failed, or 0.
int set_connection_options(int fd, const SocketOptions& options);

/// The local port of a bound socket; 0 when it has none.
std::uint16_t local_port(int fd);
/// Where a bound socket is: 192.0.2.1:1883, or the path of a Unix socket.
std::string local_name(int fd);
/// The path of a bound Unix socket; empty for any other.
std::string local_path(int fd);

/// "cannot <what> <where>: <the system's text>[; what to do]", with the kind of failure.
Error socket_error(int error_number, std::string_view what, std::string_view where);

}  // namespace hermod::net
