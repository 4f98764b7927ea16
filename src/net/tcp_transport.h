#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/buffer.h"
#include "base/result.h"
#include "net/event_loop.h"
#include "net/fd.h"
#include "net/options.h"
#include "net/socket_address.h"
#include "net/transport.h"

namespace hermod::net {

/// One accepted stream socket. It reads into the loop's scratch buffer and owns memory only for an unfinished
/// packet and for output; output leaves at the end of the tick in as few system calls as possible. Owned by
/// its connection, on the shard's thread, which every call asserts; the loop and the options outlive it.
/// Destroying it closes the socket at once and tells nobody.
class TcpTransport final : public Transport, private IoHandler, private Flushable, private Deferred {
 public:
  /// Takes a connected, non-blocking socket. Errors: Io when the loop cannot watch it.
  static Result<std::unique_ptr<Transport>> open(EventLoop& loop, Fd socket, const SocketAddress& peer,
                                                 const Options& options);
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;
  ~TcpTransport() override;

  void request_flush() override;
  void pause_reading(bool paused) override;
  void close(CloseReason reason) override;
  Peer peer() const override;
  std::size_t buffered_bytes() const override;

 private:
  enum class State : std::uint8_t {
    Open,
    Flushing,   ///< close() was called; output is still to be written
    Lingering,  ///< our end of stream is sent; waiting for the peer's, so that no reset overtakes our last
                ///< bytes
    Ended,      ///< the socket is closed and the handler told
  };
  class CloseTimer;

  TcpTransport(EventLoop& loop, Fd socket, const SocketAddress& peer, const Options& options);

  void on_ready(std::uint32_t events) override;
  void on_flush() override;
  void on_later() override;

  // The handler may destroy the transport inside those that can end it; they are called last.
  void read_once();  ///< may end it
  void write_pending();
  void continue_closing();  ///< may end it
  void on_close_timeout();  ///< ends it
  void end(CloseReason reason);

  void show_to_handler(Bytes arrived);
  /// False when the peer takes nothing any more.
  bool write_output();
  /// Reads and forgets; false when the stream broke.
  bool discard_input();
  void set_blocked(bool blocked);
  void update_watch();
  std::uint32_t wanted_events() const;

  EventLoop& loop_;
  const Options& options_;
  std::unique_ptr<CloseTimer> close_timer_;
  ReadBuffer input_;
  SocketAddress peer_;
  Fd socket_;
  std::uint32_t watched_events_ = 0;
  State state_ = State::Open;
  CloseReason close_reason_ = CloseReason::ByBroker;
  bool paused_ = false;
  bool showing_ = false;  ///< inside on_bytes()
  bool blocked_ = false;  ///< the socket takes nothing; EPOLLOUT will tell
  bool above_high_mark_ = false;
  bool output_broken_ = false;  ///< the peer takes nothing any more; what it sent before is still read
  bool peer_finished_ = false;  ///< the peer's end of stream was read
};

}  // namespace hermod::net
