#pragma once
#include <cstddef>
#include <cstdint>

namespace hermod {

/// One character of a text in UTF-8.
struct Utf8Character {
  std::size_t size = 0;  ///< in bytes; 0: there is none
  std::uint32_t code_point = 0;
};

namespace utf8_detail {

struct LeadByte {
  std::size_t size;              ///< of the whole sequence; 0: cannot start one
  std::uint8_t lowest, highest;  ///< of the second byte: shuts out overlong forms, surrogates, above U+10FFFF
  std::uint8_t bits;             ///< of the code point in the lead byte
};

constexpr LeadByte lead_byte(std::uint8_t byte) {
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {2, 0x80, 0xBF, 0x1F};
  if (byte == 0xE0) return {3, 0xA0, 0xBF, 0x0F};
  if (byte == 0xED) return {3, 0x80, 0x9F, 0x0F};
  if (byte < 0xF0) return {3, 0x80, 0xBF, 0x0F};
  if (byte == 0xF0) return {4, 0x90, 0xBF, 0x07};
  if (byte < 0xF4) return {4, 0x80, 0xBF, 0x07};
  if (byte == 0xF4) return {4, 0x80, 0x8F, 0x07};
  return {};
}

}  // namespace utf8_detail

/// The character at `at` that is not ASCII, well formed as Unicode defines it: no surrogates, no overlong
/// forms, nothing above U+10FFFF. Preconditions: at < end, *at >= 0x80.
inline Utf8Character character_at(const std::uint8_t* at, const std::uint8_t* end) {
  const utf8_detail::LeadByte lead = utf8_detail::lead_byte(*at);
  if (lead.size == 0 || static_cast<std::size_t>(end - at) < lead.size) return {};
  if (at[1] < lead.lowest || at[1] > lead.highest) return {};
  std::uint32_t code_point = *at & lead.bits;
  for (std::size_t i = 1; i < lead.size; ++i) {
    if ((at[i] & 0xC0) != 0x80) return {};
    code_point = code_point << 6 | (at[i] & 0x3FU);
  }
  return {lead.size, code_point};
}

}  // namespace hermod
