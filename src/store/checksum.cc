#include "store/checksum.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace hermod::store {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;  // Castagnoli, reflected
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Table n moves a byte past n more bytes, so that eight bytes take one step ("slicing by eight").
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t c = byte;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? (c >> 1) ^ kPolynomial : c >> 1;
    tables[0][byte] = c;
  }
  for (std::uint32_t byte = 0; byte < 256; ++byte)
    for (std::size_t n = 1; n < tables.size(); ++n)
      tables[n][byte] = tables[0][tables[n - 1][byte] & 0xFF] ^ (tables[n - 1][byte] >> 8);
  return tables;
}
constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t add_sse42(std::uint32_t c, Bytes bytes) {
  std::uint64_t wide = c;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    wide = _mm_crc32_u64(wide, word);
    bytes = bytes.subspan(8);
  }
  c = static_cast<std::uint32_t>(wide);
  for (const std::uint8_t byte : bytes) c = _mm_crc32_u8(c, byte);
  return c;
}
#endif

}  // namespace

std::uint32_t extend_crc32c_portable(std::uint32_t state, Bytes bytes) {
  while (bytes.size() >= 8) {
    std::uint32_t next = 0;
    state ^= static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
             static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
    for (std::size_t i = 0; i < 4; ++i) next ^= kTables[7 - i][(state >> (8 * i)) & 0xFF];
    for (std::size_t i = 4; i < 8; ++i) next ^= kTables[7 - i][bytes[i]];
    state = next;
    bytes = bytes.subspan(8);
  }
  for (const std::uint8_t byte : bytes) state = kTables[0][(state ^ byte) & 0xFF] ^ (state >> 8);
  return state;
}

void Checksum::add(Bytes bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) {
    state_ = add_sse42(state_, bytes);
    return;
  }
#endif
  state_ = extend_crc32c_portable(state_, bytes);
}

}  // namespace hermod::store
