#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.h"

namespace hermod::config {

/// Where a value was written. A later one in this order wins over an earlier one.
struct Origin {
  enum class Place { Default, File, Environment, Flag };
  Place place = Place::Default;
  std::string name;        ///< file, variable or flag
  std::uint32_t line = 0;  ///< of the file, from 1

  /// "default", "hermod.toml:12", "HERMOD_LOG__LEVEL in the environment", "flag --threads".
  std::string text() const;
};

/// One value somebody wrote for one key, not checked yet.
struct Assignment {
  std::string key;  ///< "mqtt.max_packet_size"
  Value value;
  /// True when the source has types of its own (TOML): a string is then not accepted for a number.
  bool typed = false;
  Origin origin;
  /// A list of texts; `value` has them separated by commas, as they are written where there are no lists.
  bool is_list = false;
};

/// One effective value and where it comes from.
struct Effective {
  std::string key;
  std::string value;
  Origin origin;
};

/// One thing that is wrong, for people.
struct Problem {
  Origin origin;
  std::string text;

  /// "hermod.toml:12: unknown key ..."
  std::string message() const;
};

/// What one source of settings gave.
struct Assignments {
  std::vector<Assignment> values;
  std::vector<Problem> problems;
};

}  // namespace hermod::config
