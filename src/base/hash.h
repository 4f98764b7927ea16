#pragma once
#include <cstdint>
#include <string_view>

namespace hermod {

/// FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv/). Stable across runs and machines, so its
/// value may choose a home shard or a lane. Not for hash tables that meet hostile keys.
constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t h = 14695981039346656037ULL;
  for (char c : text) {
    h ^= static_cast<std::uint8_t>(c);
    h *= 1099511628211ULL;
  }
  return h;
}

/// CRC-32C (Castagnoli), as in RFC 3720 appendix B.4; used to checksum store records.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace hermod
