#pragma once
#include <compare>
#include <string_view>

namespace hermod::retain {

/// Orders topics level by level: `/` sorts before every other byte, so a topic comes right before everything
/// below it (`a`, `a/b`, `a/b/c`, `a/c`, `a!`). Precondition: no NUL in either.
std::strong_ordering compare_topics(std::string_view a, std::string_view b);

/// Is `topic` the topic `root` itself or below it?
bool is_within(std::string_view root, std::string_view topic);

}  // namespace hermod::retain
