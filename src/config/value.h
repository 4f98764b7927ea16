#pragma once
#include <cstdint>
#include <string>
#include <variant>

namespace hermod::config {

/// What a key holds, and with that how its text is read.
enum class Kind {
  Switch,    ///< true or false
  Integer,   ///< a count
  Size,      ///< bytes
  Duration,  ///< milliseconds
  Choice,    ///< one of a few words
  Text,      ///< anything
};

/// A value of any kind: bool for Switch; number for Integer, Size and Duration; string for the others.
using Value = std::variant<bool, std::int64_t, std::string>;

}  // namespace hermod::config
