#include "net/client_name.h"

#include <cstdint>
#include <string_view>

namespace hermod::net {
namespace {

/// Longer names are no names of clients.
constexpr std::size_t kLongestClientName = 1024;

/// One character taken off the front of `text`; nothing when it is not UTF-8 in its shortest form (RFC 3629).
constexpr std::uint32_t kNoCharacter = 0xFFFFFFFF;
std::uint32_t take_character(std::string_view& text) {
  const auto first = static_cast<std::uint8_t>(text.front());
  text.remove_prefix(1);
  if (first < 0x80) return first;
  const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || text.size() < more) return kNoCharacter;
  std::uint32_t character = first & (0x3FU >> more);
  for (unsigned i = 0; i < more; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xC0) != 0x80) return kNoCharacter;
    character = character << 6 | (byte & 0x3FU);
  }
  text.remove_prefix(more);
  const std::uint32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
  const bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
  return character < least || character > 0x10FFFF || is_surrogate ? kNoCharacter : character;
}

}  // namespace

Result<std::string> checked_client_name(std::string name) {
  if (name.empty()) return failure(Errc::Invalid, "its name is empty");
  if (name.size() > kLongestClientName) return failure(Errc::Invalid, "its name is too long");
  for (std::string_view rest = name; !rest.empty();) {
    const std::uint32_t character = take_character(rest);
    if (character == kNoCharacter) return failure(Errc::Invalid, "its name is not text");
    if (character < 0x20 || (character >= 0x7F && character < 0xA0))
      return failure(Errc::Invalid, "its name has control characters in it");
  }
  return name;
}

}  // namespace hermod::net
