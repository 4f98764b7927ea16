#pragma once
#include <cstdint>
#include <string>

#include "base/buffer.h"

namespace hermod::net {

/// Why a transport ended.
enum class CloseReason {
  PeerClosed,  ///< the peer ended the stream
  PeerReset,   ///< the stream broke
  ByBroker,    ///< close() was called
  Shutdown,    ///< the broker is stopping
};

/// Who is at the other end.
struct Peer {
  std::string address;  ///< numeric, without port; a path for a Unix socket
  std::uint16_t port = 0;
};

/// Upward door: bytes. Implemented by broker/; called on the shard's thread only, never from inside a call
/// to the Transport.
class TransportHandler {
 public:
  virtual ~TransportHandler() = default;
  /// Consume what can be used; what is left is shown again in front of the next bytes.
  virtual void on_bytes(ReadBuffer& buffer) = 0;
  /// The output fell below the transport's low mark after it had been above the high mark.
  virtual void on_drained() = 0;
  /// Called exactly once; the transport may be destroyed inside this call and sends nothing any more.
  virtual void on_closed(CloseReason reason) = 0;
};

/// A byte stream to one peer: TCP, TLS, WebSocket, or a fake in tests. Owned by its connection, touched
/// only by its shard.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Before the first byte is read. The handler outlives the transport.
  void set_handler(TransportHandler* handler) { handler_ = handler; }

  /// Bytes appended here leave at the end of the tick, after request_flush().
  WriteQueue& output() { return output_; }
  const WriteQueue& output() const { return output_; }
  virtual void request_flush() = 0;
  /// While paused nothing is read and on_bytes() is not called; bytes already buffered stay.
  virtual void pause_reading(bool paused) = 0;
  /// Writes what is queued as far as the socket takes it without waiting, then ends the stream. on_closed()
  /// follows in a later step, never inside this call.
  virtual void close(CloseReason reason) = 0;
  virtual Peer peer() const = 0;
  /// Bytes received and not consumed yet.
  virtual std::size_t buffered_bytes() const = 0;

 protected:
  TransportHandler* handler_ = nullptr;
  WriteQueue output_;
};

}  // namespace hermod::net
