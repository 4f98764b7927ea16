#include "wire/frame.h"

#include <algorithm>

namespace hermod::wire {
namespace {

constexpr std::size_t kLongestInteger = 4;

/// Bytes of the Variable Byte Integer at the front; 0 when it does not end within `bytes`.
std::size_t read_integer(Bytes bytes, std::uint32_t& value) {
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kLongestInteger; ++i) {
    value |= (bytes[i] & 0x7FU) << (7 * i);
    if (bytes[i] < 0x80) return i + 1;
  }
  return 0;
}

}  // namespace

FrameState read_fixed_header(Bytes buffered, FixedHeader& out) {
  if (buffered.size() < 2) return FrameState::NeedMore;
  out.type = buffered[0] >> 4;
  out.flags = buffered[0] & 0x0F;
  const Bytes rest = buffered.subspan(1);
  const std::size_t size = read_integer(rest, out.remaining_length);
  if (size == 0) return rest.size() < kLongestInteger ? FrameState::NeedMore : FrameState::Malformed;
  out.size = static_cast<std::uint8_t>(1 + size);
  out.shortest = size == variable_byte_integer_size(out.remaining_length);
  return FrameState::Complete;
}

bool read_variable_byte_integer(ByteReader& reader, std::uint32_t& value) {
  const std::size_t size = read_integer(reader.rest(), value);
  if (size == 0 || size != variable_byte_integer_size(value)) return false;  // [MQTT-1.5.5-1]
  reader.bytes(size);
  return true;
}

}  // namespace hermod::wire
