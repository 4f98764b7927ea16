#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/packet_bytes.h"
#include "tests/support/timing.h"
#include "tests/support/tls_stream.h"
#include "tests/support/websocket_frames.h"

struct sockaddr;

namespace hermod::support {

using Where = std::source_location;

/// Throws Unexpected with the test's own line in front.
[[noreturn]] void fail(const Where& where, const std::string& what);

/// How every connection of this process is made: HERMOD_TEST_TRANSPORT=mqtts, ws or wss in the environment.
bool all_over_tls();
bool all_over_websocket();
/// True when it is to be one over a Unix socket: HERMOD_TEST_TRANSPORT=unix.
bool all_over_unix();
/// The Unix socket that then stands for a port.
std::string unix_path(std::uint16_t port);

/// A connection to the broker, over TCP or a Unix socket, TLS over one, or WebSocket over either, that sends
/// and expects bytes. Owns the socket, blocks its thread with time limits, knows MQTT only as far as the
/// fixed header.
class RawClient {
 public:
  /// Connects to 127.0.0.1; throws Unexpected when nobody accepts. A `receive_buffer` above 0 sets
  /// SO_RCVBUF before the handshake, for slow readers.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  /// Over TLS; throws Unexpected with the reason when the handshake fails.
  RawClient(std::uint16_t port, const TlsClient& client, int receive_buffer = 0);
  /// To ::1 over TCP, whatever the others go over.
  static RawClient over_ipv6(std::uint16_t port);
  /// Over the Unix socket at this path.
  static RawClient at(const std::string& path);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&& other) noexcept;
  ~RawClient();

  /// Sends everything; throws Unexpected when the broker closed or takes nothing within kPatience.
  void send(std::string_view bytes, Where where = Where::current());
  /// Sends what can be sent; false when the broker closed or takes nothing within the limit.
  bool try_send(std::string_view bytes, Millis limit = kPatience);

  /// From here on what is sent goes into frames, and what comes out of them; the upgrade is asked for first.
  /// Throws Unexpected with the broker's answer when that is another one.
  void upgrade(const WebSocketRequest& request = {});
  /// Sends these past the frames, as they are.
  bool send_unframed(std::string_view bytes);
  /// The code of the broker's Close frame; 0 before it came.
  std::uint16_t close_code() const { return close_code_; }
  /// Pongs that came.
  const std::vector<std::string>& pongs() const { return pongs_; }
  const std::vector<std::string>& pings() const { return pings_; }
  /// How many of the broker's messages were compressed.
  int compressed() const { return compressed_; }

  /// Sends these past TLS, as they are.
  void send_unsealed(std::string_view bytes);

  /// The next whole packet.
  Packet next(Millis limit = kPatience, Where where = Where::current());
  /// The next whole packet, or nothing when the time is over or the broker closed (see closed()).
  std::optional<Packet> poll(Millis limit);
  /// The next bytes are exactly these.
  void expect_bytes(std::string_view bytes, Where where = Where::current());
  /// The broker closes, and sends nothing more before.
  void expect_close(Millis limit = kPatience, Where where = Where::current());
  /// Nothing arrives for that long and the connection stays open.
  void expect_silence(Millis duration = kQuiet, Where where = Where::current());
  /// Reads and forgets everything until the broker closes; false when it does not in time.
  bool drain_until_closed(Millis limit = kPatience);
  /// Everything up to the broker's close; throws Unexpected when it does not close in time.
  std::string read_until_closed(Millis limit = kPatience, Where where = Where::current());

  bool closed() const { return closed_; }
  /// Precondition: it is one over TLS.
  TlsStream& tls() { return *tls_; }
  /// FIN; the receiving side stays open.
  void finish_sending();
  /// FIN in both directions.
  void close();
  /// RST.
  void reset();

 private:
  RawClient() = default;
  void connect(std::uint16_t port, int receive_buffer);
  void connect_tcp(const sockaddr* address, unsigned length, int receive_buffer);
  void connect_unix(const std::string& path);
  /// Waits for bytes and appends them to buffer_; false when time is over or the broker closed.
  bool fill(Clock::time_point deadline);
  /// Sends what can be sent below the frames.
  bool send_all(std::string_view bytes, Clock::time_point deadline);
  /// Bytes below the frames; 0: the time is over, below: the broker closed.
  long receive(char* room, std::size_t size, Clock::time_point deadline);
  void take_frames();

  int fd_ = -1;
  std::unique_ptr<TlsStream> tls_;  ///< null: plain TCP
  bool closed_ = false;
  bool is_framed_ = false;
  std::uint16_t close_code_ = 0;
  int compressed_ = 0;
  std::string frames_;  ///< the beginning of one
  std::vector<std::string> pongs_;
  std::vector<std::string> pings_;
  std::string buffer_;
};

}  // namespace hermod::support
