#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermod::ctl {

/// How results are printed.
enum class Format { Table, Json };

/// Exit codes, as the manual has them.
inline constexpr int kGood = 0;
inline constexpr int kFailed = 1;       ///< it could not be done
inline constexpr int kWrong = 2;        ///< the command line is wrong
inline constexpr int kDamaged = 3;      ///< it was done, and what was looked at is not good
inline constexpr int kOtherFormat = 4;  ///< it was done, and the store is of another format
inline constexpr int kNoSuchQueue = 5;  ///< the broker has no such queue or message

/// A name and its value, which is JSON already.
struct Field {
  std::string name;
  std::string json;
};
/// In the order in which they are printed.
using Fields = std::vector<Field>;

std::string number(std::uint64_t value);
std::string text(std::string_view value);
std::string flag(bool value);

/// A value for people: a string without the quotes when nothing in it could be misread.
std::string plain_value(const std::string& json);

/// One object on one line: {"a":1,"b":"x"}.
std::string json_line(const Fields& fields);
/// The same for people: a=1 b=x.
std::string plain_line(const Fields& fields);
/// A line for each field, the names in a column.
std::string plain_list(const Fields& fields);

}  // namespace hermod::ctl
