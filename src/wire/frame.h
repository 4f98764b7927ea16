#pragma once
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "wire/types.h"

namespace hermod::wire {

/// The first 2 to 5 bytes of a packet (2.1).
struct FixedHeader {
  std::uint8_t type = 0;   ///< high four bits; 0 is no packet type
  std::uint8_t flags = 0;  ///< low four bits
  std::uint8_t size = 0;   ///< bytes of the fixed header itself
  bool shortest = true;    ///< the remaining length was encoded in as few bytes as possible
  std::uint32_t remaining_length = 0;

  std::size_t packet_size() const { return std::size_t{size} + remaining_length; }
};

enum class FrameState : std::uint8_t { Complete, NeedMore, Malformed };

/// Reads a fixed header off the front. `Complete` says that the header is there, not the packet; `Malformed`
/// that the remaining length has a fifth byte.
FrameState read_fixed_header(Bytes buffered, FixedHeader& out);

/// Reads a Variable Byte Integer (1.5.5) that stands inside a packet. False when it does not end within four
/// bytes or within the packet, or is longer than it need be [MQTT-1.5.5-1].
bool read_variable_byte_integer(ByteReader& reader, std::uint32_t& value);

/// 1 to 4. Precondition: value <= kLargestRemainingLength.
constexpr std::size_t variable_byte_integer_size(std::uint32_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// Writes `value` in the shortest form; returns the byte behind it.
inline std::uint8_t* put_variable_byte_integer(std::uint8_t* out, std::uint32_t value) {
  while (value >= 128) {
    *out++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

}  // namespace hermod::wire
