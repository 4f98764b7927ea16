#include "net/utf8.h"

namespace hermod::net {

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

bool is_utf8(std::string_view text) {
  while (!text.empty())
    if (take_character(text) == kNoCharacter) return false;
  return true;
}

}  // namespace hermod::net
