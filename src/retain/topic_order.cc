#include "retain/topic_order.h"

#include <algorithm>
#include <cstddef>

namespace hermod::retain {

std::strong_ordering compare_topics(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  const std::size_t at =
      static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + shorter, b.begin()).first - a.begin());
  if (at == shorter) return a.size() <=> b.size();
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return rank(a[at]) <=> rank(b[at]);
}

bool is_within(std::string_view root, std::string_view topic) {
  return topic.starts_with(root) && (topic.size() == root.size() || topic[root.size()] == '/');
}

}  // namespace hermod::retain
