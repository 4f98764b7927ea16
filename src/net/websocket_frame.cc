#include "net/websocket_frame.h"

namespace hermod::net {

FrameHead::FrameHead(Opcode opcode, std::uint64_t payload_size, bool is_compressed) {
  constexpr std::uint8_t kIsLast = 0x80;
  constexpr std::uint8_t kIsCompressed = 0x40;  // RSV1
  bytes_[0] = static_cast<std::uint8_t>(kIsLast | (is_compressed ? kIsCompressed : 0U) |
                                        static_cast<std::uint8_t>(opcode));
  const std::size_t length_size = payload_size < 126 ? 0 : payload_size <= 0xFFFF ? 2 : 8;
  bytes_[1] = static_cast<std::uint8_t>(length_size == 0 ? payload_size : length_size == 2 ? 126 : 127);
  for (std::size_t i = 0; i < length_size; ++i)
    bytes_.at(size_++) = static_cast<std::uint8_t>(payload_size >> 8 * (length_size - 1 - i));
}

}  // namespace hermod::net
