#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "net/caller.h"
#include "net/event_loop.h"
#include "net/fd.h"
#include "net/options.h"
#include "net/shown_input.h"
#include "net/transport.h"

struct iovec;

namespace hermod::net {

/// What every transport over one accepted stream socket shares: the states of closing, pausing, the marks of
/// the output, one write per tick. How bytes get in and out is up to the class below it. Owned by its
/// connection, on the shard's thread, which every call asserts; the loop and the options outlive it.
/// Destroying it closes the socket at once and tells nobody.
class StreamTransport : public Transport, private IoHandler, private Flushable, private Deferred {
 public:
  StreamTransport(const StreamTransport&) = delete;
  StreamTransport& operator=(const StreamTransport&) = delete;
  ~StreamTransport() override;

  void request_flush() final;
  void request_drained() final { wants_drained_ = true; }
  void pause_reading(bool paused) final;
  void close(CloseReason reason) final;
  Peer peer() const override;
  std::size_t buffered_bytes() const final;

 protected:
  enum class Read : std::uint8_t {
    Bytes,
    Nothing,  ///< nothing for the handler for now
    Ended,    ///< the peer's end of stream
    Broken,   ///< the stream broke
    Refused,  ///< it is ours to end: as after close()
  };
  struct Arrival {
    Read what;
    Bytes bytes{};  ///< arrived before it; valid until the next use of the loop's scratch buffer
  };
  enum class Written : std::uint8_t {
    Done,     ///< nothing is left, or nothing that could leave now
    Blocked,  ///< the socket takes no more for now
    Broken,   ///< the peer takes nothing any more
  };

  StreamTransport(EventLoop& loop, Fd socket, Caller caller, const Options& options);
  /// Before the transport is given away. Errors: Io when the loop cannot watch the socket.
  Status watch();

  /// One read of the socket.
  virtual Arrival read() = 0;
  /// Writes output() as far as the socket takes it and, with `ending`, what the protocol says at the end of a
  /// stream.
  virtual Written write(bool ending) = 0;

  // What the class below it makes these of.
  bool is_open() const { return state_ == State::Open; }
  EventLoop& loop() { return loop_; }
  const EventLoop& loop() const { return loop_; }
  const SocketAddress& address() const { return caller_.address; }
  /// One recv() into `room`: Bytes, Nothing, Ended or Broken.
  Arrival receive(std::span<std::uint8_t> room);
  /// One send(); the bytes taken, or -1 when the stream broke.
  ssize_t send(iovec* pieces, std::size_t count);
  /// As long as it is held the socket is not read; the handler has no say in this.
  void hold(bool held);
  void set_blocked(bool blocked);
  /// Ends the transport at once and tells the handler, who may destroy it: the last thing to call.
  void end(CloseReason reason);

 private:
  enum class State : std::uint8_t {
    Open,
    Flushing,   ///< close() was called; output is still to be written
    Lingering,  ///< our end of stream is sent; waiting for the peer's, so that no reset overtakes our last
                ///< bytes
    Ended,      ///< the socket is closed and the handler told
  };
  class CloseTimer;

  void on_ready(std::uint32_t events) final;
  void on_flush() final;
  void on_later() final;

  // The handler may destroy the transport inside those that can end it; they are called last.
  void read_once();      ///< may end it
  void end_with_peer();  ///< ends it
  void write_pending();
  void continue_closing();  ///< may end it
  void on_close_timeout();  ///< ends it

  /// False when the peer takes nothing any more.
  bool write_now(bool ending);
  /// Reads and forgets; false when the stream broke.
  bool discard_input();
  void update_watch();
  std::uint32_t wanted_events() const;

  EventLoop& loop_;
  const Options& options_;
  std::unique_ptr<CloseTimer> close_timer_;
  ShownInput input_;
  Caller caller_;
  Fd socket_;
  std::uint32_t watched_events_ = 0;
  State state_ = State::Open;
  CloseReason close_reason_ = CloseReason::ByBroker;
  bool paused_ = false;
  bool held_ = false;
  bool ends_next_ = false;      ///< the stream's end came together with bytes that are not shown yet
  bool blocked_ = false;        ///< the socket takes nothing; EPOLLOUT will tell
  bool wants_drained_ = false;  ///< the output was above the high mark, or somebody asked
  bool output_broken_ = false;  ///< the peer takes nothing any more; what it sent before is still read
  bool peer_finished_ = false;  ///< the peer's end of stream was read
};

}  // namespace hermod::net
