#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "address.h"
#include "base/bytes.h"
#include "websocket_stream.h"

namespace hermod::bench {

/// One non-blocking socket with what waits to be written and the start of an unfinished packet.
/// Owned by a client, used on its worker's thread; opened and closed many times.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  /// How a connection ends. Reset loses what was not sent yet, Abandon leaves the socket open and unread
  /// until release_abandoned(), as a cut cable does.
  enum class Ending { Close, Reset, Abandon };

  /// Starts to connect, over TLS and WebSocket where the address says so; registers with `epoll` under
  /// `token`. `source` is an IPv4 address in host order to connect from, 0 for any.
  Status open(const Address& address, std::uint32_t source, int epoll, std::uint64_t token);
  void end(Ending ending);
  void release_abandoned();
  bool is_open() const { return fd_ >= 0; }

  /// Bytes appended here leave with the next flush().
  std::string& out() { return out_; }
  std::size_t unsent() const { return out_.size() - out_head_; }

  /// Writes what the socket takes. False: the connection is broken.
  bool flush();
  /// Reads once into `scratch` behind the unfinished packet. `bytes` is what there is to parse.
  enum class ReadState { Bytes, Nothing, Ended };
  ReadState read(std::uint8_t* scratch, std::size_t size, Bytes& bytes);
  /// What the last Ended was.
  const char* ending() const;
  /// Keeps what was not parsed. Precondition: `rest` is the tail of the last read()'s bytes.
  void keep(Bytes rest) { pending_.assign(as_text(rest)); }

 private:
  void want_writable(bool wanted);
  void drop_sent();
  enum class Handshake { Done, Going, Failed };
  /// Over TLS: as far as it comes now.
  Handshake shake_hands();
  /// What may be sent now stands in frames. Returns its end in out_.
  std::size_t frame_output();
  /// What frames held among `size` bytes behind the unfinished packet, moved to their front; below 0: they
  /// were broken.
  ssize_t take_frames(std::uint8_t* bytes, std::size_t size);
  /// The same as send(), over TLS where it is; -1 with errno EAGAIN when the socket takes no more.
  ssize_t write_some(const char* bytes, std::size_t size);
  ssize_t read_some(std::uint8_t* room, std::size_t size);
  /// What a call to OpenSSL left, as errno.
  int tls_error(int result);

  int fd_ = -1;
  int abandoned_ = -1;
  int epoll_ = -1;
  int error_ = 0;
  std::uint64_t token_ = 0;
  bool wants_writable_ = false;
  std::string out_;
  std::size_t out_head_ = 0;
  std::string pending_;
  TlsPointer tls_;  ///< null: plain
  bool is_secured_ = false;
  std::unique_ptr<WebSocketStream> websocket_;  ///< null: none
  std::size_t framed_ = 0;                      ///< of out_, with what asks for the WebSocket
  std::string fault_;                           ///< of TLS or WebSocket, in words
};

}  // namespace hermod::bench
