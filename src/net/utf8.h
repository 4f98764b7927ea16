#pragma once
#include <cstdint>
#include <string_view>

namespace hermod::net {

inline constexpr std::uint32_t kNoCharacter = 0xFFFFFFFF;

/// One character taken off the front of `text`; kNoCharacter when it is not UTF-8 in its shortest form
/// (RFC 3629). Precondition: `text` is not empty.
std::uint32_t take_character(std::string_view& text);

bool is_utf8(std::string_view text);

}  // namespace hermod::net
