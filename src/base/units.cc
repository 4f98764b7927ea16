#include "base/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace hermod {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first, because the first unit that divides a value is the one that is written.
constexpr std::array<Unit, 10> kSizes{{{"TiB", 1LL << 40},
                                       {"TB", 1'000'000'000'000},
                                       {"GiB", 1LL << 30},
                                       {"GB", 1'000'000'000},
                                       {"MiB", 1LL << 20},
                                       {"MB", 1'000'000},
                                       {"KiB", 1LL << 10},
                                       {"kB", 1'000},
                                       {"KB", 1'000},
                                       {"B", 1}}};
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr std::string_view kSizeHint = "a size such as 512, 64KiB or 10MB is expected";
constexpr std::string_view kDurationHint = "a duration such as 500ms, 30s, 5m, 12h or 7d is expected";

/// Splits `text` into digits and a unit of `units`; `bare` is the factor of a number without unit.
Result<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units, std::int64_t bare,
                                     std::string_view hint) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const Result<std::int64_t> number = parse_integer(text.substr(0, digits));
  if (!number) return failure(Errc::Invalid, std::string(hint));
  std::int64_t factor = digits == std::string_view::npos ? (*number == 0 ? 1 : bare) : 0;
  for (const Unit& unit : units) {
    if (digits != std::string_view::npos && text.substr(digits) == unit.name) factor = unit.factor;
  }
  if (factor == 0) return failure(Errc::Invalid, std::string(hint));
  if (*number > std::numeric_limits<std::int64_t>::max() / factor) {
    return failure(Errc::Invalid, "the number is too large");
  }
  return *number * factor;
}

std::string text_with_unit(std::int64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && value != 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return "0" + std::string(units.back().name);
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) {
    return failure(Errc::Invalid, "a whole number is expected");
  }
  return value;
}

Result<std::int64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizes, 1, kSizeHint);
}

std::string size_text(std::int64_t bytes) {
  return text_with_unit(bytes, kSizes);
}

Result<std::int64_t> parse_duration(std::string_view text) {
  return parse_with_unit(text, kDurations, 0, kDurationHint);
}

std::string duration_text(std::int64_t milliseconds) {
  return milliseconds == 0 ? "0s" : text_with_unit(milliseconds, kDurations);
}

}  // namespace hermod
