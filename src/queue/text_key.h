#pragma once
#include <absl/strings/string_view.h>

#include <string_view>

namespace hermod::queue {

/// A view by which Abseil's maps with std::string keys can be asked: built for C++14, they do not take the
/// standard's. Their hash is seeded anew in each run, so nobody outside can prepare texts that collide.
inline absl::string_view text_key(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace hermod::queue
