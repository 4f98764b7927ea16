#include "tests/support/websocket_frames.h"

#include <array>
#include <cstddef>

#include "tests/support/packet_bytes.h"
#include "tests/support/timing.h"

namespace hermod::support {
namespace {

constexpr std::array<char, 4> kMask{'\x5A', '\x00', '\xC3', '\x7E'};

void append_number(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

std::string WebSocketRequest::text() const {
  std::string out =
      "GET " + path +
      " HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!version.empty()) out += "Sec-WebSocket-Version: " + version + "\r\n";
  if (!subprotocol.empty()) out += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
  return out + more + "\r\n";
}

std::string Frame::bytes() const {
  std::string out;
  out += static_cast<char>((is_last ? 0x80 : 0) | (is_compressed ? 0x40 : 0) | opcode);
  const int mask_bit = is_masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    out += static_cast<char>(mask_bit | 126);
    append_number(out, payload.size(), 2);
  } else {
    out += static_cast<char>(mask_bit | 127);
    append_number(out, payload.size(), 8);
  }
  if (!is_masked) return out + payload;
  out.append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ kMask.at(i % kMask.size()));
  return out;
}

std::string framed(std::string_view payload) {
  return Frame{.payload = std::string(payload)}.bytes();
}

std::string close_frame(std::uint16_t code, std::string_view why) {
  std::string payload;
  append_number(payload, code, 2);
  return Frame{.opcode = opcode::kClose, .payload = payload + std::string(why)}.bytes();
}

std::optional<Frame> take_frame(std::string& bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.size() < 2) return std::nullopt;
  Frame out{.opcode = static_cast<std::uint8_t>(at(0) & 0x0F),
            .is_last = (at(0) & 0x80) != 0,
            .is_masked = (at(1) & 0x80) != 0,
            .is_compressed = (at(0) & 0x40) != 0};
  if (out.is_masked) throw Unexpected("a masked frame from the broker: " + to_hex(bytes));
  std::uint64_t size = at(1) & 0x7F;
  std::size_t head = 2;
  if (size >= 126) {
    head += size == 126 ? 2 : 8;
    if (bytes.size() < head) return std::nullopt;
    size = 0;
    for (std::size_t i = 2; i < head; ++i) size = size << 8 | at(i);
  }
  if (bytes.size() < head + size) return std::nullopt;
  out.payload = bytes.substr(head, size);
  bytes.erase(0, head + size);
  return out;
}

std::uint16_t close_code(const Frame& frame) {
  if (frame.payload.size() < 2) return 0;
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(frame.payload[0]) << 8 |
                                    static_cast<std::uint8_t>(frame.payload[1]));
}

}  // namespace hermod::support
