#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace hermod::net {

/// Kinds of frames (RFC 6455, 5.2).
enum class Opcode : std::uint8_t {
  Continuation = 0x0,
  Text = 0x1,
  Binary = 0x2,
  Close = 0x8,
  Ping = 0x9,
  Pong = 0xA,
};

/// Close codes (RFC 6455, 7.4.1, and what was registered later).
enum class CloseCode : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  Unacceptable = 1003,
  InvalidData = 1007,
  TooBig = 1009,
  InternalError = 1011,
  TryAgainLater = 1013,
};

/// The most a control frame holds.
inline constexpr std::size_t kMaxControl = 125;

/// What a server writes in front of a frame's payload: two to ten bytes. The frame is whole and not masked. A
/// value.
class FrameHead {
 public:
  static constexpr std::size_t kMaxSize = 10;

  /// `is_compressed`: by the extension that both sides agreed on (RFC 7692, 6).
  FrameHead(Opcode opcode, std::uint64_t payload_size, bool is_compressed = false);
  Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  std::array<std::uint8_t, kMaxSize> bytes_{};
  std::size_t size_ = 2;
};

}  // namespace hermod::net
