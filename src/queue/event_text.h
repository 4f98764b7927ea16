#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace hermod::queue {

/// A value of an event: text, or a number.
using EventValue = std::variant<std::string_view, std::uint64_t>;

/// The payload of an event: one JSON object on one line, its fields in this order. Text that is empty is left
/// out.
std::string event_text(std::initializer_list<std::pair<const char*, EventValue>> fields);

}  // namespace hermod::queue
