#include "net/client_name.h"

#include <cstdint>
#include <string_view>

#include "net/utf8.h"

namespace hermod::net {
namespace {

/// Longer names are no names of clients.
constexpr std::size_t kLongestClientName = 1024;

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
