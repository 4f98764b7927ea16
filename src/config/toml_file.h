#pragma once
#include <string>
#include <string_view>

#include "config/assignment.h"

namespace hermod::config {

/// The values in the text of one TOML file, in the order of their lines. `name` is how the file is called in
/// messages. Tables become dotted keys; anything that is neither a table nor a boolean, whole number or
/// string is a problem of its line. Of a file that is not TOML only the first fault is known, and no value is
/// taken.
Assignments parse_toml(std::string_view text, const std::string& name);

}  // namespace hermod::config
