#pragma once
#include <memory>

#include "net/stream_transport.h"

namespace hermod::net {

/// Plain TCP, or a Unix socket: reads into the loop's scratch buffer and owns memory only for an unfinished
/// packet and for output; output leaves at the end of the tick in as few system calls as possible. Owned by
/// its connection, on the shard's thread, until on_closed().
class TcpTransport final : public StreamTransport {
 public:
  /// Takes a connected, non-blocking socket. Errors: Io when the loop cannot watch it.
  static Result<std::unique_ptr<Transport>> open(EventLoop& loop, Fd socket, Caller caller,
                                                 const Options& options);

 private:
  using StreamTransport::StreamTransport;

  Arrival read() override;
  Written write(bool ending) override;
};

}  // namespace hermod::net
