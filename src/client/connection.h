#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "client/descriptor.h"
#include "client/failure.h"
#include "client/options.h"
#include "client/packet_text.h"
#include "client/tls_stream.h"
#include "wire/decoder.h"
#include "wire/encoder.h"

namespace hermod::client {

/// Packets over one socket, with keep-alive: what is sent waits in a queue and leaves while wait() waits.
/// Owned by a Client.
class Connection {
 public:
  enum class Wake { Packet, Input, Time, Stop };

  Connection(const SessionOptions& options, int stop);

  Outcome<void> open();
  bool is_open() const { return socket_.is_open(); }
  /// Seconds without anything sent after which a PINGREQ leaves; 0 = never [MQTT-3.1.2-20].
  void set_keep_alive(std::uint16_t seconds) { keep_alive_ = std::chrono::seconds(seconds); }

  template <class Packet>
  void send(const Packet& packet) {
    if (debug_) show("sending ", wire::Packet(packet));
    if constexpr (std::is_same_v<Packet, wire::Connect>)
      wire::encode(output_, packet);
    else
      wire::encode(output_, version_, packet);
  }

  /// Waits until there is a packet, `deadline`, something on `input` or a signal. A packet already received
  /// comes first. `input` is not watched while much waits to be sent. The packet's views are valid until the
  /// next call.
  Outcome<Wake> wait(std::optional<MonotonicTime> deadline, int input, wire::Packet& packet);
  /// Sends what waits, for at most `patience`, and ends the stream.
  Outcome<void> close(std::chrono::milliseconds patience);

 private:
  /// True: `packet` is set.
  Outcome<bool> take_packet(wire::Packet& packet);
  Outcome<void> flush();
  Outcome<void> flush_sealed();
  Outcome<void> receive();
  Outcome<void> receive_sealed();
  Outcome<void> keep_alive(MonotonicTime now);
  std::optional<MonotonicTime> next_keep_alive() const;
  static void show(const char* direction, const wire::Packet& packet);

  const SessionOptions& options_;
  int stop_;
  wire::Version version_;
  bool debug_;
  Descriptor socket_;
  std::unique_ptr<TlsStream> tls_;  ///< null: plain
  wire::Decoder decoder_;
  std::vector<std::uint8_t> scratch_;
  ReadBuffer input_;
  WriteQueue output_;
  std::chrono::seconds keep_alive_{0};
  MonotonicTime last_sent_{};
  std::optional<MonotonicTime> ping_sent_;
};

}  // namespace hermod::client
