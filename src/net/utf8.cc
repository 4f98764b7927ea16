#include "net/utf8.h"

#include "base/bytes.h"
#include "base/utf8.h"

namespace hermod::net {

std::uint32_t take_character(std::string_view& text) {
  const Bytes bytes = as_bytes(text);
  const bool is_ascii = bytes.front() < 0x80;
  const Utf8Character character =
      is_ascii ? Utf8Character{1, bytes.front()} : character_at(bytes.data(), bytes.data() + bytes.size());
  if (character.size == 0) return kNoCharacter;
  text.remove_prefix(character.size);
  return character.code_point;
}

bool is_utf8(std::string_view text) {
  while (!text.empty())
    if (take_character(text) == kNoCharacter) return false;
  return true;
}

}  // namespace hermod::net
