#pragma once
#include <cstddef>
#include <string_view>
#include <utility>

namespace hermod::topic {

/// Walks the levels of a topic name or filter from left to right without allocating. `a//b` has the levels
/// `a`, ``, `b`; the empty text has one empty level. A view: lives no longer than the text.
class LevelReader {
 public:
  explicit LevelReader(std::string_view text) : rest_(text) {}

  /// True when every level was read.
  bool done() const { return done_; }
  /// What is left, without the level read last and the separator behind it.
  std::string_view rest() const { return rest_; }
  /// The next level. Precondition: !done().
  std::string_view next() {
    const std::size_t slash = rest_.find('/');
    if (slash == std::string_view::npos) {
      done_ = true;
      return std::exchange(rest_, {});
    }
    const std::string_view level = rest_.substr(0, slash);
    rest_.remove_prefix(slash + 1);
    return level;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace hermod::topic
