#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace hermod::store {

/// The file of the segment with this number, from 1 on.
inline std::string segment_file(const std::string& folder, std::uint64_t number) {
  return folder + "/segment-" + std::to_string(number);
}

/// The number in the name of a segment's file; zero for any other file.
inline std::uint64_t segment_number(std::string_view name) {
  constexpr std::string_view kPrefix = "segment-";
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size() || name.size() > kPrefix.size() + 18)
    return 0;
  if (name[kPrefix.size()] == '0') return 0;  // a number has one name
  std::uint64_t number = 0;
  for (const char digit : name.substr(kPrefix.size())) {
    if (digit < '0' || digit > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

}  // namespace hermod::store
