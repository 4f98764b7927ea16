#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hermod::queue {

/// A number from 0 to `most` in decimal digits and nothing else; else nothing.
inline std::optional<std::uint64_t> decimal(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

}  // namespace hermod::queue
