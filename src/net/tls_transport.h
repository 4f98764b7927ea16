#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/stream_transport.h"
#include "net/tls_openssl.h"
#include "net/tls_server.h"

namespace hermod::net {

/// TLS over TCP. Records are read from, and opened into, the loop's scratch buffer; output is sealed at the
/// end of the tick in records of up to 16 KiB. Nothing is shown to the handler before the handshake is done.
/// An idle connection owns no buffers. Owned by its connection, on the shard's thread, until on_closed(); the
/// server outlives it.
class TlsTransport final : public StreamTransport {
 public:
  /// Takes a connected, non-blocking socket whose client is to begin a handshake. Errors: Io when the loop
  /// cannot watch it; NoSpace.
  static Result<std::unique_ptr<Transport>> open(EventLoop& loop, Fd socket, Caller caller,
                                                 const Options& options, TlsServer& server);
  ~TlsTransport() override;

  Peer peer() const override;
  std::optional<MonotonicTime> passable_since() const override;

 private:
  class Handshake;
  friend struct RecordBio;

  TlsTransport(EventLoop& loop, Fd socket, Caller caller, const Options& options, TlsServer& server,
               openssl::Ptr<SSL> ssl);

  Arrival read() override;
  Written write(bool ending) override;

  // Of a handshake. Nothing: it goes on with the next bytes. Bytes: it may go on, or is done.
  Read ask_limit();
  Read shake_hands();
  Read finish_handshake();
  /// Ends a handshake that did not succeed: counted, logged, and no more than an alert is written.
  void give_up(Counter counter, std::string_view reason, std::string_view detail);
  void on_handshake_timeout();

  Arrival open_records(std::span<std::uint8_t> scratch);
  /// OpenSSL tells of every message of the protocol itself.
  static void on_message(int written, int version, int type, const void* bytes, std::size_t size, SSL* ssl,
                         void* transport);
  void count_demand();
  /// Up to one record of output(), in one piece; `room` is used when it lies in several.
  Bytes next_record(std::span<std::uint8_t> room) const;
  // What OpenSSL reads and writes.
  std::size_t take_sealed(std::span<std::uint8_t> room);
  void put_sealed(Bytes sealed);
  /// False when the socket takes nothing any more.
  bool send_sealed();

  TlsServer& server_;
  std::shared_ptr<const TlsContext> context_;  ///< what OpenSSL's callbacks look at
  openssl::Ptr<SSL> ssl_;
  std::unique_ptr<Handshake> handshake_;  ///< until it is done
  Bytes arrived_;                         ///< sealed bytes that OpenSSL has not taken; empty between reads
  WriteQueue sealed_;                     ///< what the socket did not take
  std::string identity_;
  std::uint32_t demands_ = 0;     ///< since `demands_began_`, without data among them; see kMaxDemands
  std::uint32_t data_since_ = 0;  ///< bytes since then
  MonotonicTime demands_began_{};
  MonotonicTime shaken_at_{};  ///< when the handshake was done
  bool broken_ = false;        ///< the socket takes nothing any more
  bool failed_ = false;        ///< nothing more may be asked of `ssl_`
  bool notified_ = false;      ///< our close_notify is written
};

}  // namespace hermod::net
