#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermod::support {

/// The words of a request for a WebSocket; each may be wrong on purpose.
struct WebSocketRequest {
  std::string path = "/mqtt";
  std::string subprotocol = "mqtt";  ///< empty: none is asked for
  std::string version = "13";
  std::string more{};  ///< further header lines, each with its end
  std::string text() const;
};

/// Kinds of frames (RFC 6455, 5.2).
namespace opcode {
inline constexpr std::uint8_t kContinuation = 0x0;
inline constexpr std::uint8_t kText = 0x1;
inline constexpr std::uint8_t kBinary = 0x2;
inline constexpr std::uint8_t kClose = 0x8;
inline constexpr std::uint8_t kPing = 0x9;
inline constexpr std::uint8_t kPong = 0xA;
}  // namespace opcode

/// A client's frame.
struct Frame {
  std::uint8_t opcode = opcode::kBinary;
  std::string payload{};
  bool is_last = true;
  bool is_masked = true;
  bool is_compressed = false;  ///< RSV1; the payload is what was made of it
  std::string bytes() const;
};

/// A binary frame with this payload.
std::string framed(std::string_view payload);
/// The client's Close.
std::string close_frame(std::uint16_t code, std::string_view why = {});

/// A frame of the server's, off the front of `bytes`; nothing when it is not complete. Throws Unexpected when
/// it is masked.
std::optional<Frame> take_frame(std::string& bytes);
/// The code of a Close frame; 0 when it has none.
std::uint16_t close_code(const Frame& frame);

}  // namespace hermod::support
