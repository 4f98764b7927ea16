#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/clock.h"
#include "net/place.h"

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
  std::string address;        ///< numeric, without port; the path of our socket for a Unix socket
  std::uint16_t port = 0;     ///< 0 for a Unix socket
  std::string proxy{};        ///< numeric address of the proxy that spoke for it; empty: none
  std::string tls_version{};  ///< "TLSv1.3"; empty without TLS, and until the handshake is done
  std::string tls_cipher{};   ///< "TLS_AES_128_GCM_SHA256"
  std::string identity{};     ///< the name its verified certificate gives the client; empty: none
  bool is_proxy = false;      ///< it comes for a client that it may still name

  bool is_unix() const { return address.starts_with('/'); }
};

/// Upward door: bytes. Implemented by broker/; called on the shard's thread only, never from inside a call
/// to the Transport. Inside on_bytes() and on_drained() every call to the Transport is fine but its
/// destructor: who wants to be rid of it calls close() and waits for on_closed().
class TransportHandler {
 public:
  virtual ~TransportHandler() = default;
  /// Consume what can be used; what is left is shown again in front of the next bytes, and when reading goes
  /// on after a pause, even if nothing new arrived.
  virtual void on_bytes(ReadBuffer& buffer) = 0;
  /// peer() is known now, and was not before: a proxy said who its client is, or did not. Comes at most once,
  /// before the first on_bytes(). False: it must not come in; the transport tells it so and ends.
  virtual bool on_introduced() { return true; }
  /// The output fell below the transport's low mark after it had been above the high mark.
  virtual void on_drained() = 0;
  /// The transport ends without close(): its peer says that it goes, or breaks a rule. As after close(), what
  /// is queued still leaves and nothing is shown any more; on_closed(reason) follows when the peer has ended
  /// its side or the time for that is over. Not called when there is nothing to wait for.
  virtual void on_ending(CloseReason) {}
  /// Called exactly once, unless the transport is destroyed before; everything that arrived before the peer's
  /// end of stream was shown, unless reading is paused for good. The transport may be destroyed inside this
  /// call and sends nothing any more.
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
  /// on_drained() comes when output has been written and is below the low mark, also if it never was above
  /// the high mark. For a transport that stands on this one; by itself nobody asks.
  virtual void request_drained() {}
  /// While paused nothing is read and on_bytes() is not called; bytes already buffered stay.
  virtual void pause_reading(bool paused) = 0;
  /// Writes what is queued, at the end of the tick and as far as the peer takes it within
  /// Options::close_time, then ends the stream. Nothing that arrives from now on is shown. on_closed(reason)
  /// follows when the peer has ended its side too or the time is over; never inside this call. Only the first
  /// call counts.
  virtual void close(CloseReason reason) = 0;
  virtual Peer peer() const = 0;
  /// Since when the peer's bytes can come through; nothing while a handshake has to be done first.
  virtual std::optional<MonotonicTime> passable_since() const { return MonotonicTime::min(); }
  /// Bytes received and not consumed yet.
  virtual std::size_t buffered_bytes() const = 0;
  /// Bytes of output that the system has not taken yet, wherever they wait: what limits are about.
  virtual std::size_t unsent_bytes() const { return output_.size(); }

  /// Keeps its place among the connections of its listener until it closes or ends.
  void occupy(Place place) { place_ = std::move(place); }

 protected:
  /// Before the client can see the end of the stream: whoever then comes in its place is let in.
  void vacate() { place_ = {}; }

  TransportHandler* handler_ = nullptr;
  WriteQueue output_;

 private:
  Place place_;
};

}  // namespace hermod::net
