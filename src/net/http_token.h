#pragma once
#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace hermod::net {

/// RFC 9110, 5.6.2.
inline bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

inline bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

}  // namespace hermod::net
