#include "net/tcp_transport.h"

#include <sys/uio.h>

#include <array>
#include <utility>

namespace hermod::net {

namespace {

/// Pieces of output per system call.
constexpr std::size_t kMaxPieces = 64;

}  // namespace

Result<std::unique_ptr<Transport>> TcpTransport::open(EventLoop& loop, Fd socket, Caller caller,
                                                      const Options& options) {
  std::unique_ptr<TcpTransport> transport(
      new TcpTransport(loop, std::move(socket), std::move(caller), options));
  if (Status watched = transport->watch(); !watched) return tl::unexpected(std::move(watched.error()));
  return transport;
}

StreamTransport::Arrival TcpTransport::read() {
  return receive(loop().scratch());
}

StreamTransport::Written TcpTransport::write(bool) {
  while (!output_.empty()) {
    std::array<iovec, kMaxPieces> pieces;
    const std::size_t count = output_.gather(pieces.data(), pieces.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) offered += pieces[i].iov_len;

    const ssize_t sent = send(pieces.data(), count);
    if (sent < 0) return Written::Broken;
    output_.consume(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < offered) return Written::Blocked;
  }
  return Written::Done;
}

}  // namespace hermod::net
