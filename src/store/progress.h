#pragma once
#include <functional>
#include <string>

namespace hermod::store {

/// Told again and again, in words for people, how far something has come that may take long. May be empty.
using Progress = std::function<void(const std::string&)>;

}  // namespace hermod::store
