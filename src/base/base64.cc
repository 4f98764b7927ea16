#include "base/base64.h"

#include <string_view>

namespace hermod {

std::string base64_text(Bytes bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const std::size_t taken = bytes.size() < 3 ? bytes.size() : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < taken ? bytes[i] : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= taken ? kAlphabet[group >> (18 - 6 * i) & 0x3F] : '=';
    bytes = bytes.subspan(taken);
  }
  return out;
}

}  // namespace hermod
