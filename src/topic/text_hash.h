#pragma once
#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <functional>
#include <string_view>

namespace hermod::topic {

/// Abseil is built for C++14 here and does not take std::string_view for its own: so its maps with
/// std::string keys are asked.
inline absl::string_view lookup(std::string_view text) {
  return {text.data(), text.size()};
}

/// Seeded anew in each run, so nobody outside can prepare texts that collide.
inline std::size_t hash_text(std::string_view text) {
  return absl::Hash<absl::string_view>{}(lookup(text));
}

/// For hash tables with std::string keys that are asked with views: TextHash and std::equal_to<>.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash_text(text); }
};

}  // namespace hermod::topic
