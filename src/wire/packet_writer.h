#pragma once
#include <cstring>

#include "base/assert.h"
#include "base/buffer.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/properties.h"

/// The inside of the encoder: nothing else includes this file.
namespace hermod::wire {

/// Bytes of a whole packet; more than kLargestPacket when it cannot be expressed.
constexpr std::size_t packet_size(std::size_t remaining_length) {
  if (remaining_length > kLargestRemainingLength) return 1 + 4 + remaining_length;
  return 1 + variable_byte_integer_size(static_cast<std::uint32_t>(remaining_length)) + remaining_length;
}

/// Bytes of a property block with its length; 3.x has none.
constexpr std::size_t properties_size(Version version, std::size_t block_size) {
  if (version < Version::Mqtt5) return 0;
  if (block_size > kLargestRemainingLength) return 4 + block_size;
  return variable_byte_integer_size(static_cast<std::uint32_t>(block_size)) + block_size;
}

/// Fills one packet, or the front of one, inside a write queue. Lives for one encode().
class PacketWriter {
 public:
  /// Takes room for the fixed header and `remaining_length - later` bytes; `later` bytes follow from
  /// elsewhere. Preconditions: later <= remaining_length <= kLargestRemainingLength.
  PacketWriter(WriteQueue& out, PacketType type, unsigned flags, std::size_t remaining_length,
               std::size_t later = 0)
      : size_(packet_size(remaining_length) - later), at_(out.extend(size_)), end_(at_ + size_) {
    *at_++ = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags);
    variable_byte_integer(remaining_length);
  }

  void u8(std::uint8_t value) { *at_++ = value; }
  void u16(std::uint16_t value) {
    *at_++ = static_cast<std::uint8_t>(value >> 8);
    *at_++ = static_cast<std::uint8_t>(value);
  }
  void u32(std::uint32_t value) {
    u16(static_cast<std::uint16_t>(value >> 16));
    u16(static_cast<std::uint16_t>(value));
  }
  void variable_byte_integer(std::size_t value) {
    at_ = put_variable_byte_integer(at_, static_cast<std::uint32_t>(value));
  }
  void bytes(Bytes bytes) {
    if (bytes.empty()) return;
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  /// Precondition: at most 65535 bytes.
  void sized16(std::string_view text) {
    u16(static_cast<std::uint16_t>(text.size()));
    bytes(as_bytes(text));
  }
  /// Precondition: the properties belong to `place`.
  void properties(Version version, PropertyPlace place, const Properties& properties) {
    if (version < Version::Mqtt5) return;
    HERMOD_ASSERT((properties.present() & ~allowed_in(place)) == 0);
    variable_byte_integer(properties.raw().size());
    bytes(properties.raw());
  }

  /// Bytes written. The size told beforehand and what was written must agree.
  std::size_t finish() const {
    HERMOD_ASSERT(at_ == end_);
    return size_;
  }

 private:
  std::size_t size_;
  std::uint8_t* at_;
  std::uint8_t* end_;
};

}  // namespace hermod::wire
