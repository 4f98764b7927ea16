#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace hermod::store {

// Numbers of the journal: seven bits per byte, low ones first, the high bit set when more follow; always in
// the shortest form.

constexpr std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

inline void add_varint(std::string& out, std::uint64_t value) {
  std::array<char, 10> bytes{};
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out.append(bytes.data(), size);
}

/// Takes one off the front; nothing when it is cut off, longer than it has to be, or above `most`.
inline std::optional<std::uint64_t> take_varint(Bytes& rest, std::uint64_t most) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 10 && i < rest.size(); ++i) {
    const std::uint64_t part = rest[i] & 0x7FU;
    if (i == 9 && part > 1) return std::nullopt;
    value |= part << (7 * i);
    if (rest[i] >= 0x80) continue;
    if ((i > 0 && part == 0) || value > most) return std::nullopt;
    rest = rest.subspan(i + 1);
    return value;
  }
  return std::nullopt;
}

/// A difference of two numbers, of which small ones either way are short. It turns around where numbers end.
constexpr std::uint64_t folded(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t difference = to - from;
  return difference << 1 ^ (difference >> 63 != 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::uint64_t unfolded(std::uint64_t from, std::uint64_t difference) {
  return from + (difference >> 1 ^ ((difference & 1) != 0 ? ~std::uint64_t{0} : 0));
}

}  // namespace hermod::store
