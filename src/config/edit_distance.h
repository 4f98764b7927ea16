#pragma once
#include <cstddef>
#include <string_view>

namespace hermod::config {

/// How many characters must be inserted, removed, replaced, or swapped with their neighbour, to turn `a` into
/// `b`. For short words: time and memory grow with the product of the lengths.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace hermod::config
